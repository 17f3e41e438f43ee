//go:build race

package attack_test

// raced says that sync.Pool forgets at random, so that memory which is lent and given
// back is allocated again and again.
const raced = true

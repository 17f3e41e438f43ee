//go:build race

package conn

// room is less with the race detector, which makes ten times as much work of it.
const room = 1

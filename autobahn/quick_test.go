//go:build !race

package autobahn

// quick is the selection that TestExpected plays.
const quick = Quick

// Package poolcheck counts what is lent from pools, in builds with the tag poolcheck.
//
// The engine declares its pools as [Pool]. Without the tag that is sync.Pool by
// another name, so that the check costs nothing: not a nanosecond, and no room
// where a function is inlined. With the tag a Pool writes down every value that it
// lends, by identity and with the place in the code, and strikes it out when it is
// given back. A test can then ask what is out, and whether anything came back that
// was not lent: twice, or to another pool than it came from.
//
// Only tests have a use for the tag: what is lent stays reachable from the list of values lent,
// so that what is lost is never collected.
package poolcheck

// Outstanding is what one pool has lent.
type Outstanding struct {
	Pool string         // its name
	Out  int            // values lent and not given back
	Lent uint64         // values lent since the program began
	At   map[string]int // of Out: where they were lent, as far as it was noted
}

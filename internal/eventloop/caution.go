package eventloop

import (
	"sync/atomic"
	"time"
)

// caution counts turns that the leader is to leave to goroutines of their own, because turns
// before them have waited. Otherwise each turn that waits would cost the others the time until
// the watchman notices it, and a loop whose turns all wait a little would do nothing else.
type caution struct{ turns atomic.Int32 }

const (
	// slowTurn is from when on a turn counts as one that waits: for something, or for a
	// processor.
	slowTurn = time.Millisecond
	// perSlowTurn is how many turns run on goroutines of their own for each that waited. So a
	// loop is cautious all the time if more than one turn of 64 waits.
	perSlowTurn = 64
	mostCaution = 16 * perSlowTurn
)

// more is called for each turn that has waited.
func (c *caution) more() {
	for {
		n := c.turns.Load()
		if n > mostCaution-perSlowTurn || c.turns.CompareAndSwap(n, n+perSlowTurn) {
			return
		}
	}
}

// spend reports whether the next turn is not for the leader. The leader calls it.
func (c *caution) spend() bool {
	if c.turns.Load() == 0 { // nearly always
		return false
	}
	c.turns.Add(-1)
	return true
}

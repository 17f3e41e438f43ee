package eventloop

import (
	"sync"
	"sync/atomic"
	"testing"
)

// counted counts its turns and what they were told.
type counted struct {
	Member
	overlap atomic.Int32
	posted  atomic.Int64
	more    atomic.Int64 // how many turns ask for another
	over    chan struct{}
	want    int64
}

func (c *counted) Ready(ev Events) Events {
	c.posted.Add(1)
	return ev &^ Ended
}

func (c *counted) Turn(ev Events) bool {
	if c.overlap.Add(1) != 1 {
		panic("two turns at a time")
	}
	defer c.overlap.Add(-1)
	if ev&Ended != 0 {
		panic("told what Ready has kept")
	}
	if c.posted.Load() == c.want && ev != 0 {
		close(c.over)
		c.want = -1
	}
	return c.more.Add(-1) > 0
}

func (c *counted) Passed()             {}
func (c *counted) Abandon(any, []byte) {}

// A Member without a loop: the last event is followed by a turn, and turns never overlap.
func TestLoopless(t *testing.T) {
	const each, by = 1000, 8
	c := &counted{over: make(chan struct{}), want: each*by + 1}
	c.more.Store(100)
	c.Loopless(c)
	c.Kick()
	c.Post(Ended) // of which no turn is told
	c.posted.Add(-1)
	c.PassOn()
	var posting sync.WaitGroup
	for range by {
		posting.Go(func() {
			for range each {
				c.Post(Readable)
			}
		})
	}
	posting.Wait()
	c.Post(Writable)
	<-c.over
	c.Remove()
	c.Post(Readable)
	c.Kick() // works after Remove
}

//go:build linux

package soak

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "seed of the plans; 0: another each time, which is printed")
	soakFlag  = flag.Duration("soak", 0, "how long TestFaults works; 0: 20 s, or 5 s with -short")
	connsFlag = flag.Int("conns", 1000, "how many connections there are at a time in TestFaults")
	rateFlag  = flag.Float64("rate", 0, "messages a second that the writers aim at; 0: 20,000, or 4,000 with -race")
)

// network is how clients reach servers, and who fails them.
type network interface {
	// dial performs a link's opening handshake.
	dial(ctx context.Context, l *link) (*websocket.Conn, error)
	// drop ends what is left of a link.
	drop(l *link)
	// settle ends what links have shared.
	settle()
	close()
}

// run is a test under way.
type run struct {
	t        *testing.T
	seed     uint64
	slots    int
	rate     float64
	fronts   []front
	harm     harm
	net      network
	servers  *servers
	carriers carriers
	links    sync.Map // by id: those that live
	count    counts

	mu    sync.Mutex
	fails int
}

func newRun(t *testing.T, slots int) *run {
	r := &run{t: t, seed: *seedFlag, slots: slots, rate: *rateFlag}
	if r.seed == 0 {
		r.seed = rand.Uint64()
	}
	if r.rate == 0 {
		if r.rate = 20000; race {
			r.rate = 4000
		}
		r.rate *= float64(slots) / 1000
	}
	t.Logf("-seed %d: %d connections", r.seed, slots)
	return r
}

// maxFails is how many failures are printed.
const maxFails = 20

func (r *run) fail(what, where string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails++; r.fails <= maxFails {
		r.t.Errorf("%s\n\t%s", what, where)
	}
}

func (r *run) link(id uint32) *link {
	l, ok := r.links.Load(id)
	if !ok {
		return nil
	}
	return l.(*link)
}

// pause is what a writer of l waits for each message, so that all of them together
// send about as many as the rate says. Those of the server's loops are replies.
func (r *run) pause(l *link) time.Duration {
	units := float64(r.slots) * (0.9 + 0.1*busyWeight) // see draw
	perLink := r.rate / units * l.weight()
	writers := float64(l.writers[client] + l.writers[server])
	if l.front.echoes() {
		perLink /= 2
	}
	return time.Duration(writers / perLink * float64(time.Second))
}

// work keeps the slots filled with links until ctx ends, and waits for the last.
func (r *run) work(ctx context.Context) {
	var all sync.WaitGroup
	for slot := range r.slots {
		all.Go(func() {
			begin := randomFor(r.seed, uint32(slot), 100)
			select {
			case <-time.After(time.Duration(begin.Int64N(int64(time.Second)))):
			case <-ctx.Done():
			}
			for incarnation := 0; ctx.Err() == nil; incarnation++ {
				id := uint32(1 + slot + incarnation*r.slots)
				newLink(r, draw(r.seed, id, r.fronts, r.harm)).live(ctx)
			}
		})
	}
	all.Wait()
}

// counts of what happened.
type counts struct {
	connections, messages, bytes atomic.Int64
	cut                          atomic.Int64 // links lost to a write cancelled in the middle

	faults [numCounts]atomic.Int64

	mu   sync.Mutex
	ends map[string]int
}

// What is counted besides the faults.
const (
	countSplit = int(numFaults) + iota
	countJoin
	countDelay
	countStall
	countSilent // connections of a carrier besides its first
	numCounts
)

func (c *counts) message(size int) {
	c.messages.Add(1)
	c.bytes.Add(int64(size))
}

// end counts how an end learned of its end.
func (c *counts) end(f fault, struck bool, cause string, clean bool) {
	key := "no fault"
	if struck {
		key = f.String()
	}
	if clean {
		key += ", clean"
	} else {
		key += ", " + cause
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ends == nil {
		c.ends = make(map[string]int)
	}
	c.ends[key]++
}

// String lists the faults.
func (c *counts) String() string {
	var b strings.Builder
	for i, name := range []string{
		int(truncate): "truncated", int(reset): "reset", int(resetOne): "reset at one end", int(halfClose): "half-closed",
		int(abandon): "abandoned", int(abandonOne): "abandoned one way", int(blackHole): "black hole",
		countSplit: "split", countJoin: "joined", countDelay: "delayed", countStall: "stalled", countSilent: "silent",
	} {
		if n := c.faults[i].Load(); n > 0 {
			fmt.Fprintf(&b, " %s %d", name, n)
		}
	}
	return strings.TrimSpace(b.String())
}

func stacks() string {
	p := make([]byte, 1<<20)
	return string(p[:runtime.Stack(p, true)])
}

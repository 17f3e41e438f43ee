//go:build linux

package soak

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// census is what a moment of the process takes.
type census struct {
	at                  time.Duration
	messages, conns     int64
	goroutines, sockets int   // descriptors, strictly
	heap, resident      int64 // bytes: live after a collection; of the process
	lent                int   // of the engine's pools, with the tag poolcheck
}

func (r *run) census(at time.Duration) census {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	c := census{
		at: at, messages: r.count.messages.Load(), conns: r.count.connections.Load(),
		goroutines: runtime.NumGoroutine(), sockets: descriptors(), heap: int64(m.HeapAlloc), resident: resident(),
	}
	for _, l := range poolcheck.All() {
		c.lent += l.Out
	}
	return c
}

const censusHead = "  elapsed    messages  connections  goroutines  descriptors  heap MiB  resident MiB    lent"

func (c census) String() string {
	lent := "-"
	if poolcheck.Enabled {
		lent = strconv.Itoa(c.lent)
	}
	return fmt.Sprintf("%8v  %10d  %11d  %10d  %11d  %8.1f  %12.1f  %6s", c.at.Round(time.Second), c.messages, c.conns,
		c.goroutines, c.sockets, float64(c.heap)/(1<<20), float64(c.resident)/(1<<20), lent)
}

func descriptors() int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	return len(all) - 1 // the one that reads this
}

func resident() int64 {
	p, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(p))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// settle waits until what has ended is gone, and takes the census of that.
func (r *run) settle(want census) census {
	c := r.census(0)
	for range 100 {
		if c.goroutines <= want.goroutines && c.sockets <= want.sockets && c.lent <= want.lent {
			break
		}
		time.Sleep(50 * time.Millisecond)
		c = r.census(0)
	}
	debug.FreeOSMemory() // two collections empty the pools
	debug.FreeOSMemory()
	return r.census(0)
}

// The bounds of level: how much more the last fifth of a run may have than the one
// after the warm-up, and how much more is left when all is over. What is resident has
// the stacks and the heap of the busiest moment, which the system takes back late; the
// race detector keeps a shadow several times as large. A stall of a connection that carries fifty
// streams leaves each of them with what it could not send or was not read, until it is over.
const (
	levelOf       = 1.25 // times as much
	levelHeap     = 128 << 20
	levelResident = 64 << 20
	levelCount    = 300  // goroutines, descriptors: 1,000 links come and go
	levelLoans    = 3000 // buffers and blocks of up to 64 KiB for each stream
	leftHeap      = 16 << 20
	leftResident  = 256 << 20
)

// level compares the beginning of a run with its end.
func (r *run) level(all []census) {
	fifth := len(all) / 5
	if fifth < 2 {
		return // too short to tell
	}
	early, late := all[fifth:2*fifth], all[len(all)-fifth:]
	type measure struct {
		name  string
		of    func(census) int64
		slack int64
	}
	measures := []measure{
		{"goroutines", func(c census) int64 { return int64(c.goroutines) }, levelCount},
		{"descriptors", func(c census) int64 { return int64(c.sockets) }, levelCount},
		{"live heap", func(c census) int64 { return c.heap }, levelHeap},
		{"loans", func(c census) int64 { return int64(c.lent) }, levelLoans},
	}
	if !race { // whose shadow grows with all that was ever touched
		measures = append(measures, measure{"resident memory", func(c census) int64 { return c.resident }, levelResident})
	}
	for _, what := range measures {
		then, now := mean(early, what.of), mean(late, what.of)
		if float64(now) > levelOf*float64(then)+float64(what.slack) {
			r.t.Errorf("%s grew from %d to %d", what.name, then, now)
		}
	}
}

func mean(all []census, of func(census) int64) (sum int64) {
	for _, c := range all {
		sum += of(c)
	}
	return sum / int64(len(all))
}

// nothingLeft compares what there was before with what there is when all is over.
func (r *run) nothingLeft(before, after census) {
	if after.sockets > before.sockets {
		r.t.Errorf("%d descriptors where there were %d", after.sockets, before.sockets)
	}
	if after.heap > before.heap+leftHeap {
		r.t.Errorf("%d bytes of live heap where there were %d", after.heap, before.heap)
	}
	if !race && after.resident > before.resident+leftResident {
		r.t.Errorf("%d bytes resident where there were %d", after.resident, before.resident)
	}
	for _, l := range poolcheck.All() {
		if l.Out != 0 {
			r.t.Errorf("%s: %d of %d were not given back; lent at:", l.Pool, l.Out, l.Lent)
			for at, n := range l.At {
				r.t.Errorf("%d at\n%s", n, at)
			}
		}
	}
	for _, f := range poolcheck.Faults() {
		r.t.Error(f)
	}
}

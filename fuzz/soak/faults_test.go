//go:build linux

package soak

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestFaults: see the package. make soak gives it ten minutes.
func TestFaults(t *testing.T) {
	slots, length := *connsFlag, *soakFlag
	if length == 0 {
		if length = 20 * time.Second; testing.Short() {
			length, slots = 5*time.Second, min(slots, 200)
		}
	}
	r := newRun(t, slots)
	r.fronts, r.harm = allFronts, allFaults
	r.test(length, func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") },
		func() (network, error) { return newProxy(r) })
}

// test works for a time, and counts.
func (r *run) test(length time.Duration, listen func() (net.Listener, error), connect func() (network, error)) {
	t := r.t
	warm, err := net.Listen("tcp", "127.0.0.1:0") // the runtime opens what it needs for sockets
	if err != nil {
		t.Fatal(err)
	}
	_ = warm.Close()
	others := goleak.IgnoreCurrent()
	before := r.census(0)

	if r.servers, err = startServers(r, listen); err != nil {
		t.Fatal(err)
	}
	if r.net, err = connect(); err != nil {
		t.Fatal(err)
	}
	idle := descriptors() + eventLoops // which begin with the first link
	ctx, stop := context.WithTimeout(context.Background(), length)
	defer stop()
	watched := make(chan []census)
	go func() { watched <- r.watch(ctx, length) }()
	r.work(ctx)
	all := <-watched
	r.net.settle()
	// A closing handshake that is over for the application may wait for a FIN that the
	// network has lost: it takes a network for that to be sent again.
	for wait := 0; descriptors() > idle && wait < 600; wait++ {
		time.Sleep(50 * time.Millisecond)
	}
	r.net.close()
	r.servers.close()

	after := r.settle(before)
	r.level(all)
	r.report(before, all, after)
	if err := goleak.Find(others); err != nil {
		t.Error(err)
	}
	r.nothingLeft(before, after)
	// That happens where a large message meets a full socket, and nowhere else.
	if cut, all := r.count.cut.Load(), r.count.connections.Load(); cut > 5+all/50 {
		t.Errorf("%d of %d links were lost to a write that was cancelled", cut, all)
	}
	if r.fails > maxFails {
		t.Errorf("and %d more", r.fails-maxFails)
	}
}

// watch takes a census every so often. The first is when the warm-up is over.
func (r *run) watch(ctx context.Context, length time.Duration) (all []census) {
	begin := time.Now()
	every := max(time.Second, min(30*time.Second, length/20))
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return all
		case <-tick.C:
			c := r.census(time.Since(begin))
			all = append(all, c)
			if length > time.Minute {
				if len(all) == 1 {
					fmt.Println(censusHead)
				}
				fmt.Printf("%v  %v\n", c, &r.count)
			}
		}
	}
}

// report prints the figures.
func (r *run) report(before census, all []census, after census) {
	after.at = 0
	t := r.t
	t.Logf("         %s", censusHead)
	t.Logf("before:  %v", before)
	if n := len(all); n > 0 {
		t.Logf("start:   %v", all[n/5])
		t.Logf("middle:  %v", all[n/2])
		t.Logf("end:     %v", all[n-1])
	}
	t.Logf("after:   %v", after)
	t.Logf("%d connections, %d messages, %d MiB; %d lost to a write cancelled in the middle", r.count.connections.Load(), r.count.messages.Load(), r.count.bytes.Load()>>20, r.count.cut.Load())
	t.Logf("faults: %v", &r.count)
	ends := make([]string, 0, len(r.count.ends))
	for how, n := range r.count.ends {
		ends = append(ends, fmt.Sprintf("%s: %d", how, n))
	}
	slices.Sort(ends)
	for _, line := range ends {
		t.Logf("ends after %s", line)
	}
}

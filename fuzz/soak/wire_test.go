//go:build linux

package soak

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"
)

// wire carries packets between two namespaces, not all of them, not once each, and not
// in their order.
type wire struct {
	run         *run
	here, there *namespace
	all         sync.WaitGroup

	mu    sync.Mutex
	ports map[uint16]*link // by the client's
}

// Of 1,000 packets so many fare badly.
const (
	wireLoses   = 15
	wireRepeats = 10
	wireDelays  = 100 // overtaken by those that follow
)

func newWire(r *run, here, there *namespace) *wire {
	w := &wire{run: r, here: here, there: there, ports: make(map[uint16]*link)}
	for s, ns := range [...][2]*namespace{{here, there}, {there, here}} {
		d := &direction{wire: w, from: side(s), source: ns[0], sink: ns[1], r: randomFor(r.seed, 0, 300+s), more: make(chan struct{}, 1), over: make(chan struct{})}
		w.all.Go(d.read)
		w.all.Go(d.write)
	}
	return w
}

// note tells whose the packets of a port are.
func (w *wire) note(l *link, port uint16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ports[port] = l
}

func (w *wire) settle() {}

func (w *wire) drop(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for port, other := range w.ports {
		if other == l {
			delete(w.ports, port)
		}
	}
}

func (w *wire) close() {
	_ = w.here.tun.Close()
	_ = w.there.tun.Close()
	w.all.Wait()
}

// direction is one direction of the wire.
type direction struct {
	wire         *wire
	from         side
	source, sink *namespace
	r            *rand.Rand

	mu    sync.Mutex
	queue packets
	more  chan struct{} // a token: the queue has a new first
	over  chan struct{}
	count uint64
}

// packet is one that is to arrive at a time.
type packet struct {
	at     time.Time
	number uint64 // in the order in which they were sent
	data   []byte
}

func (d *direction) read() {
	defer close(d.over)
	var buf [mtu + 100]byte
	for {
		n, err := d.source.tun.Read(buf[:])
		if err != nil {
			return
		}
		p := buf[:n]
		if d.blackHole(p) || d.chance(wireLoses) {
			continue
		}
		d.send(p)
		if d.chance(wireRepeats) {
			d.send(p)
		}
	}
}

func (d *direction) chance(of1000 int) bool { return d.r.IntN(1000) < of1000 }

// send has a packet arrive, after a millisecond or many.
func (d *direction) send(p []byte) {
	delay := time.Millisecond
	if d.chance(wireDelays) {
		delay += time.Duration(d.r.IntN(20_000)) * time.Microsecond
	}
	d.mu.Lock()
	d.count++
	heap.Push(&d.queue, packet{time.Now().Add(delay), d.count, append([]byte(nil), p...)})
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *direction) write() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		d.mu.Lock()
		wait := time.Hour
		for len(d.queue) > 0 {
			if wait = time.Until(d.queue[0].at); wait > 0 {
				break
			}
			p := heap.Pop(&d.queue).(packet)
			_, _ = d.sink.tun.Write(p.data) // full: one more is lost
			wait = time.Hour
		}
		d.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-d.more:
		case <-d.over:
			return
		}
	}
}

// blackHole reports whether a packet is of a link of which none comes through any more.
func (d *direction) blackHole(p []byte) bool {
	const tcp, portsAt = 6, 20 // IPv4 without options
	if len(p) < portsAt+4 || p[0] != 0x45 || p[9] != tcp {
		return false
	}
	at := portsAt + 2*int(d.from) // the client's port is the source of what it sends
	d.wire.mu.Lock()
	l := d.wire.ports[binary.BigEndian.Uint16(p[at:])]
	d.wire.mu.Unlock()
	if l == nil || l.fault != blackHole {
		return false
	}
	if l.passed.Add(int64(len(p))) <= l.after {
		return false
	}
	if !l.struck.Swap(true) {
		d.wire.run.count.faults[blackHole].Add(1)
	}
	return true
}

// packets is a heap: what is to arrive first comes first.
type packets []packet

func (q packets) Len() int { return len(q) }
func (q packets) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].number < q[j].number
	}
	return q[i].at.Before(q[j].at)
}
func (q packets) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *packets) Push(p any)   { *q = append(*q, p.(packet)) }
func (q *packets) Pop() any {
	old := *q
	p := old[len(old)-1]
	old[len(old)-1] = packet{}
	*q = old[:len(old)-1]
	return p
}

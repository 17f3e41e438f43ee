//go:build linux

package soak

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// tampering is one direction of a freight through the proxy.
type tampering struct {
	*freight
	*wiring
	from   side
	r      *rand.Rand
	passed int64 // bytes
	buf    [8 << 10]byte
}

func (t *tampering) source() *net.TCPConn { return t.socket[t.from] }
func (t *tampering) sink() *net.TCPConn   { return t.socket[t.from.other()] }

// forward carries bytes until there are no more, or a fault strikes.
func (t *tampering) forward() {
	for {
		n, err := t.read()
		if t.fault != noFault && t.fromSide == t.from && t.passed+int64(n) > t.after {
			n = int(t.after - t.passed)
			_ = t.pass(t.buf[:n])
			t.strike()
			return
		}
		if t.fault == abandon && t.struck.Load() {
			<-t.gone.Done()
			return
		}
		if t.pass(t.buf[:n]) != nil {
			if t.struck.Load() { // the other direction sees to it
				_, _ = io.Copy(io.Discard, t.source())
				return
			}
			// The other end is gone: this one learns it as TCP has it.
			t.end(t.source(), err)
			return
		}
		t.passed += int64(n)
		if err != nil {
			t.end(t.sink(), err)
			return
		}
	}
}

// end hands on the end of a stream.
func (t *tampering) end(to *net.TCPConn, err error) {
	if err == io.EOF {
		_ = to.CloseWrite()
		return
	}
	if !errors.Is(err, net.ErrClosed) {
		resetSocket(to)
	}
}

// read reads a piece, and maybe waits for more to join it.
func (t *tampering) read() (int, error) {
	n, err := t.source().Read(t.buf[:])
	if err != nil || t.style == (style{}) {
		return n, err
	}
	if t.chance(t.style.join) {
		t.run.count.faults[countJoin].Add(1)
		_ = t.source().SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		more, _ := t.source().Read(t.buf[n:])
		_ = t.source().SetReadDeadline(time.Time{})
		n += more
	}
	if t.chance(t.style.delay) {
		t.run.count.faults[countDelay].Add(1)
		t.sleepIn(20)
	}
	if t.chance(t.style.stall) {
		t.run.count.faults[countStall].Add(1)
		t.sleepIn(1500)
	}
	return n, nil
}

func (t *tampering) chance(of1000 int) bool { return t.r.IntN(1000) < of1000 }

// pass writes a piece, or what it is split into.
func (t *tampering) pass(p []byte) error {
	if t.chance(t.style.split) {
		t.run.count.faults[countSplit].Add(1)
		for i := 0; i < t.style.bytewise && len(p) > 1; i++ {
			if _, err := t.sink().Write(p[:1]); err != nil {
				return err
			}
			p = p[1:]
		}
		for i := 0; i < 4 && len(p) > 1; i++ {
			n := 1 + t.r.IntN(len(p))
			if _, err := t.sink().Write(p[:n]); err != nil {
				return err
			}
			p = p[n:]
		}
	}
	if len(p) == 0 {
		return nil
	}
	_, err := t.sink().Write(p)
	return err
}

// strike does what the fault is.
func (t *tampering) strike() {
	t.freight.strike()
	t.run.count.faults[int(t.fault)].Add(1)
	switch t.fault {
	case truncate:
		_ = t.sink().CloseWrite()
		_ = t.source().CloseWrite()
		_, _ = io.Copy(io.Discard, t.source())
	case reset:
		resetSocket(t.sink())
		resetSocket(t.source())
	case resetOne:
		resetSocket(t.sink())
		_ = t.source().CloseWrite()
		_, _ = io.Copy(io.Discard, t.source())
	case halfClose:
		_ = t.sink().CloseWrite()
		_, _ = io.Copy(io.Discard, t.source())
	case abandon, abandonOne:
		<-t.gone.Done() // until then the sockets stay as they are, and nobody reads
	}
}

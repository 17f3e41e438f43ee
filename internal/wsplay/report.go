package wsplay

import (
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/internal/transport"
)

// Reporting makes an end of [wstest.NetPipe] one that a Loop drives in turns, as it drives a
// socket, although it is in memory: so a bubble sees every turn end. Without it the connection
// has a goroutine there.
func Reporting(end net.Conn, cuts Cuts) net.Conn { return &reporting{end.(memory), cuts} }

// Cuts are how many bytes pass before there seems to be no more, and events come. Nil: all.
type Cuts struct{ Read, Write func() int }

// memory is an end of a pipe.
type memory interface {
	net.Conn
	CloseWrite() error
	SetLinger(sec int) error
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	Watch(readable, writable func())
}

type reporting struct {
	memory
	cuts Cuts
}

// Drive is called once, by the Loop.
func (r *reporting) Drive(report func(transport.Events)) transport.Driven {
	d := &reported{Transport: transport.New(r.memory, new(transport.Socket)), reporting: r, report: report}
	r.Watch(func() { report(transport.Readable) }, func() { report(transport.Writable) })
	return d
}

// reported is a transport.Driven in memory. What waits does so by the methods of the pipe.
type reported struct {
	transport.Transport
	*reporting
	report      func(transport.Events)
	full        atomic.Bool
	interrupted atomic.Bool // reads stand interrupted
	closed      atomic.Bool
	dry         bool // the read before was cut
	freed       atomic.Uint32
}

func (d *reported) Fill(b *transport.Buffer) (int, error) {
	n, err := d.Transport.Read(b.Room())
	if b.Extend(n); n == 0 {
		b.Release()
	}
	return n, err
}

func (d *reported) TryFill(b *transport.Buffer) (int, error) {
	n, err := d.TryRead(b.Room())
	if b.Extend(n); n == 0 {
		b.Release()
	}
	return n, err
}

func (d *reported) TryRead(p []byte) (int, error) {
	switch {
	case d.closed.Load():
		return 0, net.ErrClosed
	case d.interrupted.Load():
		return 0, os.ErrDeadlineExceeded
	case d.dry:
		d.dry = false
		d.report(transport.Readable) // the next turn goes on
		return 0, transport.ErrAgain
	}
	if d.cuts.Read != nil {
		p = p[:min(len(p), d.cuts.Read())]
		d.dry = true
	}
	n, err := d.memory.TryRead(p)
	if n == 0 && err == nil {
		d.dry, err = false, transport.ErrAgain
	}
	return n, err
}

func (d *reported) TryWrite(p []byte) int {
	if d.full.Load() || d.closed.Load() {
		return 0
	}
	q := p
	if d.cuts.Write != nil {
		q = p[:min(len(p), d.cuts.Write())]
	}
	d.full.Store(true) // first: room may be made as soon as the write has ended
	n, err := d.memory.TryWrite(q)
	switch {
	case err != nil || n == len(p):
		d.full.Store(false)
	case n == len(q): // there is room, but it was cut
		go d.report(transport.Writable)
	}
	return n
}

func (d *reported) Ready(ev transport.Events) (wasFull bool) {
	return ev&(transport.Writable|transport.Ended) != 0 && d.full.Swap(false)
}

func (d *reported) Full() bool        { return d.full.Load() }
func (d *reported) Backlog() int      { return 0 }
func (d *reported) Release() bool     { return !d.closed.Load() }
func (d *reported) Reacquire() bool   { return !d.closed.Load() }
func (d *reported) FreeRead()         { d.freed.Or(1) }
func (d *reported) FreeWrite()        { d.freed.Or(2) }
func (d *reported) NetConn() net.Conn { return d.reporting }

func (d *reported) Traits() transport.Traits {
	return transport.CountsPartialWrites | transport.TriesWrites | transport.Posts
}

func (d *reported) InterruptRead(on bool) {
	d.interrupted.Store(on)
	d.Transport.InterruptRead(on)
}

func (d *reported) LimitWrite(t time.Time)               { d.Transport.LimitWrite(t) }
func (d *reported) CloseWrite() bool                     { return d.Transport.CloseWrite() }
func (d *reported) Read(p []byte) (int, error)           { return d.Transport.Read(p) }
func (d *reported) Write(head, tail []byte) (int, error) { return d.Transport.Write(head, tail) }

func (d *reported) Close() error {
	d.closed.Store(true)
	return d.Transport.Close()
}

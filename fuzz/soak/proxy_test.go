//go:build linux

package soak

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket"
)

// proxy stands between the ends on loopback, and fails them.
type proxy struct {
	run      *run
	listener net.Listener
	all      sync.WaitGroup
}

// path is what the proxy carries, and may fail: that of one link, or of a carrier.
type path struct {
	run    *run
	gone   context.Context // ends when the network is to forget it
	forget context.CancelFunc
	struck atomic.Bool // the fault has
}

func (p *path) begin(r *run) {
	p.run = r
	p.gone, p.forget = context.WithCancel(context.Background())
}

// freight is what one connection through the proxy is for.
type freight struct {
	*path
	*hazards
	server string // its address
	narrow bool   // with small buffers
	wired  func(*wiring)
	strike func() // says that the fault strikes
	fail   func(format string, args ...any)
}

// wiring is the two connections of a freight.
type wiring struct{ socket [2]*net.TCPConn } // to the client, to the server

func newProxy(r *run) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{run: r, listener: l}
	p.all.Go(p.accept)
	return p, nil
}

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.carry(c.(*net.TCPConn)) })
	}
}

func (p *proxy) dial(ctx context.Context, l *link) (*websocket.Conn, error) {
	if l.front.shares() {
		return p.run.carriers.board(l).dial(ctx, l, p)
	}
	return p.run.connect(ctx, l, nil, func(ctx context.Context) (net.Conn, error) { return p.connect(ctx, l.id) })
}

// connect tells the proxy by the first bytes which freight it is.
func (p *proxy) connect(ctx context.Context, id uint32) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", p.listener.Addr().String())
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(binary.BigEndian.AppendUint32(nil, id)); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// carry carries one freight to its server, and back.
func (p *proxy) carry(c *net.TCPConn) {
	defer c.Close()
	var id [4]byte
	if _, err := io.ReadFull(c, id[:]); err != nil {
		return
	}
	f := p.freight(binary.BigEndian.Uint32(id[:]))
	if f == nil {
		return
	}
	there, err := net.Dial("tcp", f.server)
	if err != nil {
		f.fail("the proxy cannot connect: %v", err)
		return
	}
	defer there.Close()
	w := &wiring{[2]*net.TCPConn{c, there.(*net.TCPConn)}}
	f.wired(w)
	if f.narrow {
		for _, s := range w.socket {
			_ = s.SetReadBuffer(4 << 10)
			_ = s.SetWriteBuffer(4 << 10)
		}
	}
	stop := context.AfterFunc(f.gone, func() {
		for _, s := range w.socket {
			_ = s.Close()
		}
	})
	defer stop()
	var both sync.WaitGroup
	for from := range side(2) {
		t := &tampering{freight: f, wiring: w, from: from, r: randomFor(p.run.seed, binary.BigEndian.Uint32(id[:]), 200+int(from))}
		both.Go(t.forward)
	}
	both.Wait()
}

// freight finds what a connection is for; nil: it has ended.
func (p *proxy) freight(id uint32) *freight {
	if id&carrierBit != 0 {
		return p.run.carriers.freight(id)
	}
	l := p.run.link(id)
	if l == nil {
		return nil
	}
	return &freight{
		path: &l.path, hazards: &l.hazards, server: p.run.servers.address(l), narrow: l.front.casts() && l.slow,
		wired: func(*wiring) {}, strike: func() { l.struck.Store(true) }, fail: l.fail,
	}
}

// drop: carry does it for a link that has a connection to itself.
func (p *proxy) drop(l *link) { p.run.carriers.leave(l) }

func (p *proxy) settle() { p.run.carriers.close() }

func (p *proxy) close() {
	_ = p.listener.Close()
	p.all.Wait()
}

// resetSocket ends a connection with RST.
func resetSocket(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// sleepIn is time.Sleep of some milliseconds up to n.
func (t *tampering) sleepIn(n int) { time.Sleep(time.Duration(1+t.r.IntN(n)) * time.Millisecond) }

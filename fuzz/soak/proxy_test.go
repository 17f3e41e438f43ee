//go:build linux

package soak

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"
)

// proxy stands between the ends on loopback, and fails them.
type proxy struct {
	run      *run
	listener net.Listener
	all      sync.WaitGroup
}

// wiring is the two connections of a link.
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
	return p.run.connect(ctx, l, func(ctx context.Context) (net.Conn, error) { return p.connect(ctx, l) })
}

// connect tells the proxy by the first bytes which link it is.
func (p *proxy) connect(ctx context.Context, l *link) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", p.listener.Addr().String())
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(binary.BigEndian.AppendUint32(nil, l.id)); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// carry carries one link to its server, and back.
func (p *proxy) carry(c *net.TCPConn) {
	defer c.Close()
	var id [4]byte
	if _, err := io.ReadFull(c, id[:]); err != nil {
		return
	}
	l := p.run.link(binary.BigEndian.Uint32(id[:]))
	if l == nil {
		return
	}
	there, err := net.Dial("tcp", p.run.servers.address(l.front))
	if err != nil {
		l.fail("the proxy cannot connect: %v", err)
		return
	}
	defer there.Close()
	w := &wiring{[2]*net.TCPConn{c, there.(*net.TCPConn)}}
	if l.front == byHub && l.slow {
		for _, s := range w.socket {
			_ = s.SetReadBuffer(4 << 10)
			_ = s.SetWriteBuffer(4 << 10)
		}
	}
	stop := context.AfterFunc(l.gone, func() {
		for _, s := range w.socket {
			_ = s.Close()
		}
	})
	defer stop()
	var both sync.WaitGroup
	for from := range side(2) {
		t := &tampering{link: l, wiring: w, from: from, r: randomFor(p.run.seed, l.id, 200+int(from))}
		both.Go(t.forward)
	}
	both.Wait()
}

func (p *proxy) drop(*link) {} // carry does

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

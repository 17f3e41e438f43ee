//go:build linux

package soak

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"
)

// readAll reads until the connection is over.
func (e *end) readAll(c *websocket.Conn) {
	r := randomFor(e.link.run.seed, e.link.id, useReader+useServer*int(e.side)*2)
	var beside sync.WaitGroup
	if e.link.unordered {
		beside.Go(func() {
			for err := error(nil); err == nil; {
				var p []byte
				if _, p, err = c.Read(context.Background()); err == nil {
					e.received(p)
				}
			}
		})
	}
	var buf []byte
	for e.final == nil {
		buf, e.final = e.readSome(c, r, buf)
		if e.link.slow && r.IntN(10) == 0 {
			time.Sleep(pause(r, 20*time.Millisecond))
		}
	}
	beside.Wait()
}

// received takes a message.
func (e *end) received(p []byte) {
	l := e.link
	l.run.count.message(len(p))
	if l.front.casts() {
		if err := l.air.receive(p, l.hub); err != nil {
			l.fail("the client read: %v", err)
		}
		return
	}
	h, counts, err := l.streams[e.side.other()].receive(p)
	switch {
	case err != nil:
	case counts != nil:
		err = l.streams[e.side].acknowledged(counts)
	case l.front.echoes() && len(p) >= headerSize:
		err = l.streams[e.side].acknowledge(int(h.lane), l.streams[e.side.other()].receivedOf(int(h.lane)))
	}
	if err != nil {
		l.fail("the %v read: %v", e.side, err)
	}
}

// readSome reads a message, or some, in one of the ways there are.
func (e *end) readSome(c *websocket.Conn, r *rand.Rand, buf []byte) ([]byte, error) {
	ctx := context.Background()
	switch r.IntN(8) {
	case 0:
		_, p, err := c.Read(ctx)
		if err == nil {
			e.received(p)
		}
		return buf, err
	case 1:
		return buf, e.readImpatiently(c, r)
	case 2:
		if !e.link.unordered { // two of these would each take over the other's message
			return buf, e.readPiecewise(c, r)
		}
	case 3, 4:
		return buf, e.readLoop(c, 1+r.IntN(200))
	}
	_, p, err := c.ReadInto(ctx, buf[:0])
	if err == nil {
		e.received(p)
	}
	return keep(p), err
}

// keep keeps memory for the next message, unless there is much of it: what the tests
// hold would hide what the engine does.
func keep(p []byte) []byte {
	if cap(p) > 16<<10 {
		return nil
	}
	return p
}

// readImpatiently gives up again and again; what was read meanwhile must not be lost.
func (e *end) readImpatiently(c *websocket.Conn, r *rand.Rand) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(3000))*time.Microsecond)
		_, p, err := c.Read(ctx)
		gone := ctx.Err()
		cancel()
		if err == nil {
			e.received(p)
			return nil
		}
		if gone == nil || !errors.Is(err, gone) || errors.Is(err, net.ErrClosed) {
			return err
		}
		if r.IntN(4) == 0 {
			return nil // another way reads on
		}
	}
}

// readPiecewise reads a message through a Reader, and through another one where the
// context of the first ends.
func (e *end) readPiecewise(c *websocket.Conn, r *rand.Rand) error {
	var message []byte
	small := make([]byte, 1+r.IntN(5000))
	for again := 0; ; again++ {
		ctx, cancel := context.WithCancel(context.Background())
		if r.IntN(2) == 0 && again < 10 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(3000))*time.Microsecond)
		}
		_, m, err := c.Reader(ctx)
		for n := 0; err == nil; {
			n, err = m.Read(small)
			message = append(message, small[:n]...)
		}
		gone := ctx.Err()
		cancel()
		switch {
		case err == io.EOF:
			e.received(message)
			return nil
		case gone == nil || !errors.Is(err, gone) || errors.Is(err, net.ErrClosed):
			return err
		}
	}
}

// readLoop takes n messages from a loop over them.
func (e *end) readLoop(c *websocket.Conn, n int) error {
	for m, err := range c.Messages(context.Background()) {
		if err != nil {
			return err
		}
		e.received(m.Data)
		if n--; n == 0 {
			return nil
		}
	}
	_, _, err := c.Read(context.Background()) // what the loop does not say
	return err
}

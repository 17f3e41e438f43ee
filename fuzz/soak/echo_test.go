//go:build linux

package soak

import (
	"context"
	"errors"

	"github.com/hawser-ws/websocket"
)

// serveEcho is the server end of a link that sends back what comes, in a loop. It
// returns what a Handler or ServeHTTP2 is to close with.
func (e *end) serveEcho(ctx context.Context, c *websocket.Conn) error {
	l := e.link
	e.conn.Store(c)
	c.SetReadLimit(maxMessage + 1<<10)
	if l.closer == server && l.ending == dropped {
		defer e.conductBeside(c)()
	}
	r := randomFor(l.run.seed, l.id, useServer)
	var leave error
	for m, err := range c.Messages(ctx) {
		if err != nil {
			break // said by the read below
		}
		if err := e.sendBack(c, m, r.IntN(4)); err != nil {
			break
		}
		if l.closer == server && l.ending == abrupt && l.finish.Err() != nil {
			e.called.Store(true)
			leave = websocket.CloseError{Code: l.code, Reason: l.reason}
			break
		}
	}
	if leave != nil && l.front.returns() {
		e.final = errByHandler // after its return nothing can be asked
		close(e.over)
		return leave
	}
	if leave != nil {
		e.closed = c.Close(l.code, l.reason)
	}
	for e.final == nil {
		var p []byte
		if _, p, e.final = c.Read(context.Background()); e.final == nil {
			// A loop that ends because its write failed leaves what has come.
			if _, _, err := l.streams[client].receive(p); err != nil {
				l.fail("the server read: %v", err)
			}
		}
	}
	close(e.over)
	e.leave(c)
	return nil
}

// errByHandler stands for the end of a connection that a Handler closes.
var errByHandler = errors.New("closed by the Handler")

// conductBeside has the end conducted on a goroutine of its own, and returns what waits
// for that.
func (e *end) conductBeside(c *websocket.Conn) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.conduct(c)
	}()
	return func() { <-done }
}

// sendBack sends one message back, in one of some ways.
func (e *end) sendBack(c *websocket.Conn, m websocket.Message, way int) error {
	l := e.link
	l.run.count.message(len(m.Data))
	h, _, err := l.streams[client].receive(m.Data)
	if err != nil {
		l.fail("the server's loop: %v", err)
	}
	back := l.streams[server]
	isMark := len(m.Data) < headerSize
	if !isMark {
		back.trySame(h)
	}
	ctx := context.Background()
	switch way {
	case 0:
		err = c.Batch().Write(ctx, m.Type, m.Data)
		if err == nil {
			err = c.Batch().Flush(ctx)
		}
	case 1:
		err = c.WritePrepared(ctx, websocket.Prepare(m.Type, m.Data))
	default:
		err = c.Write(ctx, m.Type, m.Data)
	}
	if err != nil {
		return err
	}
	if isMark {
		back.markSent(laneOfMark(m.Data))
	} else {
		back.isSentSame(h)
	}
	return nil
}

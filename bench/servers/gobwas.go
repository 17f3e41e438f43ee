package servers

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// gobwasLib uses the library's lower level, as its documentation does for speed: Upgrade on the
// accepted connection, headers read through a buffer and checked, the payload unmasked in
// place, and one Write for an answer. The other level, wsutil, takes more CPU time both with a
// reused Reader and with ReadClientData, and makes the same checks.
type gobwasLib struct{}

func (gobwasLib) Module() string { return "github.com/gobwas/ws" }

func (gobwasLib) Echo(l net.Listener, _ Settings) error {
	return serveConns(l, func(nc net.Conn) {
		if _, err := ws.Upgrade(nc); err != nil {
			return
		}
		c := gobwasConn{nc: nc, br: gobwasReaders.Get().(*bufio.Reader), state: ws.StateServerSide}
		c.br.Reset(nc)
		defer func() {
			c.br.Reset(nil)
			gobwasReaders.Put(c.br)
		}()
		for c.echo() == nil {
		}
	})
}

var gobwasReaders = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

type gobwasConn struct {
	nc    net.Conn
	br    *bufio.Reader
	state ws.State
	op    ws.OpCode    // of the message
	out   bytes.Buffer // the answer: a header and the payload so far
}

// echo reads a frame, and answers if it is the last one of a message.
func (c *gobwasConn) echo() error {
	h, err := ws.ReadHeader(c.br)
	if err == nil {
		err = ws.CheckHeader(h, c.state)
	}
	if err != nil {
		return err
	}
	if h.OpCode.IsControl() {
		return wsutil.ControlHandler{Src: c.br, Dst: c.nc, State: c.state}.Handle(h)
	}
	if h.Length > 1<<20 {
		return wsutil.ErrFrameTooLarge
	}
	whole := h.Fin && h.OpCode != ws.OpContinuation
	if h.OpCode != ws.OpContinuation {
		c.op = h.OpCode
		c.out.Reset()
	}
	if whole {
		// The answer's header is known in advance.
		if err := ws.WriteHeader(&c.out, ws.Header{Fin: true, OpCode: h.OpCode, Length: h.Length}); err != nil {
			return err
		}
	}
	at := c.out.Len()
	c.out.Grow(int(h.Length))
	payload := c.out.AvailableBuffer()[:h.Length]
	if _, err := io.ReadFull(c.br, payload); err != nil {
		return err
	}
	ws.Cipher(payload, h.Mask, 0)
	c.out.Write(payload)
	switch {
	case !h.Fin:
		c.state = c.state.Set(ws.StateFragmented)
		return nil
	case whole:
		return c.send(c.out.Bytes()[at:], c.out.Bytes())
	}
	c.state = c.state.Clear(ws.StateFragmented)
	frame, err := ws.CompileFrame(ws.NewFrame(c.op, true, c.out.Bytes()))
	if err != nil {
		return err
	}
	return c.send(c.out.Bytes(), frame)
}

var errNotUTF8 = errors.New("text that is not UTF-8")

func (c *gobwasConn) send(message, frame []byte) error {
	if c.op == ws.OpText && !utf8.Valid(message) {
		return errNotUTF8
	}
	_, err := c.nc.Write(frame)
	return err
}

package websocket

import (
	"encoding/binary"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// answerWait is how long an answer of our own, such as a pong, may take to leave.
const answerWait = time.Second

// handlers are the program's. nil: the default. They are set while nobody reads, or by a
// handler.
type handlers struct {
	ping, pong func(appData string) error
	close      func(code int, text string) error
}

// FormatCloseMessage returns the payload of a Close frame: the code, and text as the
// reason. For [CloseNoStatusReceived] it is empty. It checks neither of them.
func FormatCloseMessage(closeCode int, text string) []byte {
	if closeCode == CloseNoStatusReceived {
		return []byte{}
	}
	p := make([]byte, 0, 2+len(text))
	return append(binary.BigEndian.AppendUint16(p, uint16(closeCode)), text...)
}

// handleControl hands a control frame to its handler. The handler runs outside the gate: it
// may call every method of the connection.
func (c *Conn) handleControl(f conn.Frame) error {
	switch f.Opcode {
	case frame.Ping:
		if c.handle.ping == nil {
			return c.answerPing(f.Payload)
		}
		return c.runHandler(c.handle.ping, string(f.Payload))
	case frame.Pong:
		if c.handle.pong == nil {
			return nil
		}
		return c.runHandler(c.handle.pong, string(f.Payload))
	}
	return c.handleClose(f.Payload) // there is no other control frame
}

// handleClose hands a Close frame to its handler. The error, which is never nil, ends the
// reads.
func (c *Conn) handleClose(payload []byte) error {
	code, reason, v := frame.ParseClose(payload)
	if v != nil {
		return c.refuse(v)
	}
	text := string(reason)
	if c.handle.close == nil {
		c.sendClose(int(code), "")
	} else if err := c.runHandler(func(text string) error { return c.handle.close(int(code), text) }, text); err != nil {
		return err
	}
	return &CloseError{Code: int(code), Text: text}
}

// runHandler calls h outside the gate for reading. If h panics, the gate stays open, and the
// connection can be used.
func (c *Conn) runHandler(h func(string) error, data string) error {
	entered := c.in.entered
	c.in.gate.Unlock()
	err := h(data)
	if c.in.enter(); c.in.entered == entered+1 {
		c.in.entered = entered // nobody else was inside
	}
	return err
}

// sendClose sends a Close frame, if none was sent, within answerWait.
func (c *Conn) sendClose(code int, reason string) {
	_ = c.WriteControl(CloseMessage, FormatCloseMessage(code, reason), time.Now().Add(answerWait))
}

// answerPing sends a pong. A pong that times out before it begins is dropped; the reads go on.
func (c *Conn) answerPing(data []byte) error {
	err := c.WriteControl(PongMessage, data, time.Now().Add(answerWait))
	if err == ErrCloseSent || isTemporary(err) {
		return nil
	}
	return err
}

// PingHandler returns the handler of pings.
func (c *Conn) PingHandler() func(appData string) error {
	if c.handle.ping == nil {
		return func(appData string) error { return c.answerPing([]byte(appData)) }
	}
	return c.handle.ping
}

// SetPingHandler sets what is called for each ping that is received, from within a method
// that reads. appData is the payload. The error that h returns, unless it is nil, ends the
// reads. The default, also for nil, answers with a pong.
func (c *Conn) SetPingHandler(h func(appData string) error) { c.handle.ping = h }

// PongHandler returns the handler of pongs.
func (c *Conn) PongHandler() func(appData string) error {
	if c.handle.pong == nil {
		return func(string) error { return nil }
	}
	return c.handle.pong
}

// SetPongHandler sets what is called for each pong that is received, from within a method
// that reads. appData is the payload. The error that h returns, unless it is nil, ends the
// reads. The default, also for nil, does nothing.
func (c *Conn) SetPongHandler(h func(appData string) error) { c.handle.pong = h }

// CloseHandler returns the handler of Close frames.
func (c *Conn) CloseHandler() func(code int, text string) error {
	if c.handle.close == nil {
		return func(code int, _ string) error {
			c.sendClose(code, "")
			return nil
		}
	}
	return c.handle.close
}

// SetCloseHandler sets what is called for the Close frame of the peer, from within a method
// that reads. code is [CloseNoStatusReceived] if the frame has none. The reads end with the
// error that h returns or, if that is nil, with a *[CloseError]. The default, also for nil,
// answers with a Close frame of the same code. h has to send that itself.
func (c *Conn) SetCloseHandler(h func(code int, text string) error) { c.handle.close = h }

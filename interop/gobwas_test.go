package interop

import (
	"context"
	"io"
	"net"
	"net/http"

	gobwas "github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/hawser-ws/websocket"
)

type gobwasParty struct {
	*inbox
	c     net.Conn
	state gobwas.State
}

func dialGobwas(ctx context.Context, url string) (party, error) {
	c, buffered, _, err := gobwas.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	if buffered != nil {
		return newGobwas(c, buffered, gobwas.StateClientSide), nil
	}
	return newGobwas(c, c, gobwas.StateClientSide), nil
}

func acceptGobwas(_ context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
	c, buffered, _, err := gobwas.UpgradeHTTP(r, w)
	if err != nil {
		return nil, err
	}
	return newGobwas(c, buffered.Reader, gobwas.StateServerSide), nil
}

func newGobwas(c net.Conn, r io.Reader, state gobwas.State) *gobwasParty {
	p := &gobwasParty{newInbox(), c, state}
	rd := &wsutil.Reader{Source: r, State: state, CheckUTF8: true, OnIntermediate: p.control}
	go func() {
		for {
			m, err := p.read(rd)
			if err != nil {
				p.end(err)
				return
			}
			p.messages <- m
		}
	}()
	return p
}

func (p *gobwasParty) read(rd *wsutil.Reader) (message, error) {
	for {
		h, err := rd.NextFrame()
		if err != nil {
			return message{}, err
		}
		if h.OpCode.IsControl() {
			if err := p.control(h, rd); err != nil {
				return message{}, err
			}
			continue
		}
		data, err := io.ReadAll(rd)
		return message{websocket.MessageType(h.OpCode), data}, err
	}
}

func (p *gobwasParty) control(h gobwas.Header, r io.Reader) error {
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return err
	}
	switch h.OpCode {
	case gobwas.OpPing:
		return p.write(gobwas.NewPongFrame(payload))
	case gobwas.OpPong:
		p.pongs <- string(payload)
		return nil
	default:
		code, reason := gobwas.ParseCloseFrameData(payload)
		// To an end that has begun the closing handshake this is one Close
		// frame too many; it is out of the way already, so nobody minds.
		p.write(gobwas.NewCloseFrame(gobwas.NewCloseFrameBody(code, "")))
		return closed{int(code), reason}
	}
}

// write sends one frame in one system call, which makes it safe to use while
// another goroutine answers pings.
func (p *gobwasParty) write(f gobwas.Frame) error {
	if p.state.ClientSide() {
		f = gobwas.MaskFrame(f)
	}
	_, err := p.c.Write(gobwas.MustCompileFrame(f))
	return err
}

func (p *gobwasParty) send(kind websocket.MessageType, parts ...[]byte) error {
	op := gobwas.OpCode(kind)
	if len(parts) == 0 {
		parts = [][]byte{nil}
	}
	for i, part := range parts {
		if err := p.write(gobwas.NewFrame(op, i == len(parts)-1, part)); err != nil {
			return err
		}
		op = gobwas.OpContinuation
	}
	return nil
}

func (p *gobwasParty) ping() error {
	if err := p.write(gobwas.NewPingFrame([]byte(pingPayload))); err != nil {
		return err
	}
	return p.pong(pingPayload)
}

func (p *gobwasParty) close(code int, reason string) error {
	body := gobwas.NewCloseFrameBody(gobwas.StatusCode(code), reason)
	if err := p.write(gobwas.NewCloseFrame(body)); err != nil {
		return err
	}
	return p.answered(code)
}

func (p *gobwasParty) drop() { p.c.Close() }

package interop

import (
	"context"
	"errors"
	"net/http"

	coder "github.com/coder/websocket"
	"github.com/hawser-ws/websocket"
)

type coderParty struct {
	*inbox
	ctx context.Context
	c   *coder.Conn
}

func dialCoder(ctx context.Context, url string) (party, error) {
	c, _, err := coder.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	return newCoder(ctx, c), nil
}

func acceptCoder(ctx context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
	c, err := coder.Accept(w, r, nil)
	if err != nil {
		return nil, err
	}
	return newCoder(ctx, c), nil
}

func newCoder(ctx context.Context, c *coder.Conn) *coderParty {
	c.SetReadLimit(readLimit)
	p := &coderParty{newInbox(), ctx, c}
	go func() {
		for {
			kind, data, err := c.Read(ctx)
			if ce, ok := errors.AsType[coder.CloseError](err); ok {
				err = closed{int(ce.Code), ce.Reason}
			}
			if err != nil {
				p.end(err)
				return
			}
			p.messages <- message{websocket.MessageType(kind), data}
		}
	}()
	return p
}

func (p *coderParty) send(kind websocket.MessageType, parts ...[]byte) error {
	w, err := p.c.Writer(p.ctx, coder.MessageType(kind))
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

func (p *coderParty) ping() error { return p.c.Ping(p.ctx) }
func (p *coderParty) drop()       { p.c.CloseNow() }

func (p *coderParty) close(code int, reason string) error {
	// Whichever of Close and the goroutine that reads sees the answer knows its
	// code; the other only learns that the connection is closed.
	if p.c.Close(coder.StatusCode(code), reason) == nil {
		return nil
	}
	return p.answered(code)
}

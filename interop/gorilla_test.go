package interop

import (
	"context"
	"errors"
	"net/http"
	"time"

	gorilla "github.com/gorilla/websocket"
	"github.com/hawser-ws/websocket"
)

type gorillaParty struct {
	*inbox
	c *gorilla.Conn
}

// A frame ends where this buffer does: the library has no other way to
// fragment a message.
const gorillaBuffer = 1024

func dialGorilla(ctx context.Context, url string) (party, error) {
	d := gorilla.Dialer{WriteBufferSize: gorillaBuffer}
	c, _, err := d.DialContext(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	return newGorilla(c), nil
}

func acceptGorilla(_ context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
	u := gorilla.Upgrader{WriteBufferSize: gorillaBuffer}
	c, err := u.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	return newGorilla(c), nil
}

func newGorilla(c *gorilla.Conn) *gorillaParty {
	p := &gorillaParty{newInbox(), c}
	c.SetPongHandler(func(payload string) error {
		p.pongs <- payload
		return nil
	})
	go func() {
		for {
			kind, data, err := c.ReadMessage()
			if ce, ok := errors.AsType[*gorilla.CloseError](err); ok && ce.Code != gorilla.CloseAbnormalClosure {
				err = closed{ce.Code, ce.Text}
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

func (p *gorillaParty) send(kind websocket.MessageType, parts ...[]byte) error {
	if len(parts) == 1 {
		return p.c.WriteMessage(int(kind), parts[0])
	}
	w, err := p.c.NextWriter(int(kind))
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

func (p *gorillaParty) ping() error {
	if err := p.c.WriteControl(gorilla.PingMessage, []byte(pingPayload), time.Now().Add(bound)); err != nil {
		return err
	}
	return p.pong(pingPayload)
}

func (p *gorillaParty) close(code int, reason string) error {
	frame := gorilla.FormatCloseMessage(code, reason)
	if err := p.c.WriteControl(gorilla.CloseMessage, frame, time.Now().Add(bound)); err != nil {
		return err
	}
	return p.answered(code)
}

func (p *gorillaParty) drop() { p.c.Close() }

package interop

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/hawser-ws/websocket"
	"github.com/lxzan/gws"
)

type gwsParty struct {
	*inbox
	c   *gws.Conn
	why chan error // from OnClose, which any goroutine may call
}

func dialGWS(_ context.Context, url string) (party, error) {
	p := &gwsParty{inbox: newInbox(), why: make(chan error, 1)}
	c, _, err := gws.NewClient(p, &gws.ClientOption{Addr: url, CheckUtf8Enabled: true, ReadMaxPayloadSize: readLimit})
	if err != nil {
		return nil, err
	}
	p.run(c)
	return p, nil
}

func acceptGWS(_ context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
	p := &gwsParty{inbox: newInbox(), why: make(chan error, 1)}
	c, err := gws.NewUpgrader(p, &gws.ServerOption{CheckUtf8Enabled: true, ReadMaxPayloadSize: readLimit}).Upgrade(w, r)
	if err != nil {
		return nil, err
	}
	p.run(c)
	return p, nil
}

func (p *gwsParty) run(c *gws.Conn) {
	p.c = c
	go func() {
		c.ReadLoop()
		p.end(<-p.why)
	}()
}

func (p *gwsParty) OnOpen(*gws.Conn) {}

func (p *gwsParty) OnClose(_ *gws.Conn, err error) {
	if ce, ok := errors.AsType[*gws.CloseError](err); ok {
		err = closed{int(ce.Code), string(ce.Reason)}
	}
	p.why <- err
}

func (p *gwsParty) OnPing(c *gws.Conn, payload []byte) { c.WritePong(payload) }
func (p *gwsParty) OnPong(_ *gws.Conn, payload []byte) { p.pongs <- string(payload) }

func (p *gwsParty) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	p.messages <- message{websocket.MessageType(m.Opcode), bytes.Clone(m.Bytes())}
}

// send fragments as the library does, every 128 KiB.
func (p *gwsParty) send(kind websocket.MessageType, parts ...[]byte) error {
	if len(parts) == 1 {
		return p.c.WriteMessage(gws.Opcode(kind), parts[0])
	}
	return p.c.WriteFile(gws.Opcode(kind), bytes.NewReader(bytes.Join(parts, nil)))
}

func (p *gwsParty) ping() error {
	if err := p.c.WritePing([]byte(pingPayload)); err != nil {
		return err
	}
	return p.pong(pingPayload)
}

// close does not wait for an answer, because the library does not: it closes
// TCP behind its Close frame.
func (p *gwsParty) close(code int, reason string) error {
	return p.c.WriteClose(uint16(code), []byte(reason))
}

func (p *gwsParty) drop() { p.c.NetConn().Close() }

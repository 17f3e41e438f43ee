package interop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gobwas "github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"
	"github.com/hawser-ws/websocket"
	"github.com/lxzan/gws"
)

// goPeers are the other Go libraries, each in both roles.
var goPeers = []struct {
	name   string
	dial   dialFunc
	accept acceptFunc
}{
	{"gorilla", dialGorilla, acceptGorilla},
	{"coder", dialCoder, acceptCoder},
	{"gobwas", dialGobwas, acceptGobwas},
	{"gws", dialGWS, acceptGWS},
}

func TestGoClients(t *testing.T) {
	for _, peer := range goPeers {
		t.Run(peer.name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			s := serve(t, ctx, acceptOurs)
			converse(t, ctx, peer.dial, s.ws())
			wantEndings(t, ctx, s)
		})
	}
}

func TestGoServers(t *testing.T) {
	for _, peer := range goPeers {
		t.Run(peer.name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			s := serve(t, ctx, peer.accept)
			converse(t, ctx, dialOurs, s.ws())
			wantEndings(t, ctx, s)
		})
	}
}

const pingPayload = "are you there"

// gorilla/websocket

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

// coder/websocket

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

// gobwas/ws

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

// lxzan/gws

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

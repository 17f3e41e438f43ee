package connect_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

// attacker is the peer of a WebSocket over our own HTTP/2, frame by frame.
type attacker struct {
	do     func(func() error) // one at a time
	framer *http2.Framer
	id     uint32
	masked bool
}

// message returns a frame with text.
func (a *attacker) message(text string) []byte {
	h := frame.Header{FIN: true, Opcode: frame.Text, Masked: a.masked, Length: uint64(len(text))} // masked with zeros
	return append(frame.AppendHeader(nil, h), text...)
}

// attacked returns our end of a WebSocket, and its peer.
func attacked(t *testing.T, role websocket.Role) (*websocket.Conn, *attacker) {
	t.Helper()
	if role == websocket.RoleServer {
		conns := make(chan *websocket.Conn)
		address, _ := own(t, func(_ context.Context, c *websocket.Conn) error {
			conns <- c
			<-c.Context().Done()
			return nil
		}, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}})
		c := connect(t, address)
		c.stalled.Store(true) // no window is given back
		s := c.request(false, sample())
		s.answer()
		return await(t, conns), &attacker{c.write, c.framer, s.id, true}
	}
	peers := make(chan *attacker, 1)
	address := script(t, enabled, func(_ int, f *http2.Framer, id uint32) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x88}, EndHeaders: true})
		peers <- &attacker{func(f func() error) { _ = f() }, f, id, false}
	})
	c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})})
	if err != nil {
		t.Fatal(err)
	}
	return c, await(t, peers)
}

// What a peer may do to a stream.
func TestAttackStream(t *testing.T) {
	lost := func(part string) func(*testing.T, *websocket.Conn) {
		return func(t *testing.T, c *websocket.Conn) {
			_, _, err := c.Read(t.Context())
			ended, ok := errors.AsType[*websocket.ClosedError](err)
			if !ok || ended.Received != nil || !errors.Is(ended.Cause, io.ErrUnexpectedEOF) && !errors.Is(ended.Cause, io.EOF) || !strings.Contains(err.Error(), part) {
				t.Errorf("Read: %v", err)
			}
		}
	}
	reads := func(t *testing.T, c *websocket.Conn) {
		if _, p, err := c.Read(t.Context()); string(p) != "hello" || err != nil {
			t.Errorf("Read: %q, %v", p, err)
		}
	}
	for _, test := range []struct {
		name   string
		attack func(a *attacker) error
		holds  func(*testing.T, *websocket.Conn)
	}{
		{"RST in the middle of a message", func(a *attacker) error {
			if err := a.framer.WriteData(a.id, false, a.message("hello")[:3]); err != nil {
				return err
			}
			return a.framer.WriteRSTStream(a.id, http2.ErrCodeCancel)
		}, lost("RST_STREAM with CANCEL")},
		{"END_STREAM without a Close frame", func(a *attacker) error {
			return a.framer.WriteData(a.id, true, nil)
		}, lost("EOF")},
		{"padding of DATA", func(a *attacker) error {
			return a.framer.WriteDataPadded(a.id, false, a.message("hello"), make([]byte, 200))
		}, reads},
		{"GOAWAY", func(a *attacker) error {
			if err := a.framer.WriteGoAway(a.id, http2.ErrCodeNo, nil); err != nil {
				return err
			}
			return a.framer.WriteData(a.id, false, a.message("hello"))
		}, reads},
		{"flow control starved", func(*attacker) error { return nil }, func(t *testing.T, c *websocket.Conn) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := c.Write(ctx, websocket.MessageBinary, make([]byte, 2<<20)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Write: %v", err)
			}
		}},
	} {
		for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
			t.Run(test.name+"/"+role.String(), func(t *testing.T) {
				c, a := attacked(t, role)
				a.do(func() error { return test.attack(a) })
				test.holds(t, c)
				_ = c.CloseNow()
			})
		}
	}
}

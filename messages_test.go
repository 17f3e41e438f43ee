package websocket_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Messages ends silently after an orderly end and yields one error otherwise.
func TestMessages(t *testing.T) {
	for _, test := range []struct {
		end  string
		last func(p *wsplay.Peer)
		want error // nil: silent
	}{
		{"1000", func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1000, "")) }, nil},
		{"1001", func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1001, "")) }, nil},
		{"1011", func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1011, "")) }, websocket.CloseError{Code: 1011}},
		{"no code", func(p *wsplay.Peer) { p.Send(wsplay.Frame(wsplay.OpClose, "")) }, websocket.CloseError{Code: 1005}},
		{"end of stream", func(p *wsplay.Peer) { p.HalfClose() }, io.EOF},
		{"half a frame", func(p *wsplay.Peer) { p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpText, "abc"))[:3]); p.HalfClose() }, io.ErrUnexpectedEOF},
		{"half a message", func(p *wsplay.Peer) { p.Send(wsplay.Fragment(wsplay.OpText, "abc")); p.HalfClose() }, io.ErrUnexpectedEOF},
	} {
		t.Run(test.end, func(t *testing.T) {
			wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := wsplay.Pipe(t, role, nil, 0)
				large := strings.Repeat("large", 20<<10)
				go func() {
					p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpBinary, large), wsplay.Frame(wsplay.OpText, ""))
					test.last(p)
					io.Copy(io.Discard, p)
					p.HalfClose()
				}()
				var got []string
				var failed error
				for m, err := range c.Messages(wsplay.Patience(t)) {
					if failed != nil {
						t.Error("it goes on after an error")
					}
					if failed = err; err == nil {
						got = append(got, m.Type.String()+" "+string(m.Data))
					}
				}
				want := []string{"MessageText one", "MessageBinary " + large, "MessageText "}
				if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
					t.Errorf("got %d messages %.60q", len(got), got)
				}
				if !errors.Is(failed, test.want) {
					t.Errorf("error %v, want %v", failed, test.want)
				}
				c.CloseNow()
			})
		})
	}
}

// Leaving the loop leaves the connection; another loop goes on.
func TestMessagesBreak(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"), wsplay.Frame(wsplay.OpText, "three"))
		for _, want := range []string{"one", "two"} {
			for m, err := range c.Messages(wsplay.Patience(t)) {
				if string(m.Data) != want || err != nil {
					t.Errorf("got %q, %v; want %q", m.Data, err, want)
				}
				break
			}
		}
		wsplay.WantRead(t, c, "three")
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		n := 0
		for _, err := range c.Messages(ended) {
			wsplay.WantIs(t, "Messages", err, context.Canceled)
			n++
		}
		if n != 1 {
			t.Errorf("%d errors", n)
		}
	})
}

package websocket_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

// Messages ends silently after an orderly end and yields one error otherwise.
func TestMessages(t *testing.T) {
	for _, test := range []struct {
		end  string
		last func(p *peer)
		want error // nil: silent
	}{
		{"1000", func(p *peer) { p.send(farewell(1000, "")) }, nil},
		{"1001", func(p *peer) { p.send(farewell(1001, "")) }, nil},
		{"1011", func(p *peer) { p.send(farewell(1011, "")) }, websocket.CloseError{Code: 1011}},
		{"no code", func(p *peer) { p.send(whole(opClose, "")) }, websocket.CloseError{Code: 1005}},
		{"end of stream", func(p *peer) { p.halfClose() }, io.EOF},
		{"half a frame", func(p *peer) { p.sendBytes(p.wire(whole(opText, "abc"))[:3]); p.halfClose() }, io.ErrUnexpectedEOF},
		{"half a message", func(p *peer) { p.send(part(opText, "abc")); p.halfClose() }, io.ErrUnexpectedEOF},
	} {
		t.Run(test.end, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := facing(t, role, nil, 0)
				large := strings.Repeat("large", 20<<10)
				go func() {
					p.send(whole(opText, "one"), whole(opBinary, large), whole(opText, ""))
					test.last(p)
					io.Copy(io.Discard, p)
					p.halfClose()
				}()
				var got []string
				var failed error
				for m, err := range c.Messages(patience(t)) {
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		p.send(whole(opText, "one"), whole(opText, "two"), whole(opText, "three"))
		for _, want := range []string{"one", "two"} {
			for m, err := range c.Messages(patience(t)) {
				if string(m.Data) != want || err != nil {
					t.Errorf("got %q, %v; want %q", m.Data, err, want)
				}
				break
			}
		}
		wantRead(t, c, "three")
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		n := 0
		for _, err := range c.Messages(ended) {
			wantIs(t, "Messages", err, context.Canceled)
			n++
		}
		if n != 1 {
			t.Errorf("%d errors", n)
		}
	})
}

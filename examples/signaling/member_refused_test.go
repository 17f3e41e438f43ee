package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// dialStatus is the answer to a handshake that is to be refused.
func dialStatus(t *testing.T, h *host, path string, subprotocol, origin string) int {
	t.Helper()
	opts := &websocket.DialOptions{HTTPHeader: http.Header{}}
	if subprotocol != "" {
		opts.Subprotocols = []string{"something.else", subprotocol}
	}
	if origin != "" {
		opts.HTTPHeader.Set("Origin", origin)
	}
	c, resp, err := websocket.Dial(t.Context(), strings.Replace(h.url, "http", "ws", 1)+path, opts)
	if err == nil {
		_ = c.CloseNow()
	}
	if resp == nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

func TestHandshake(t *testing.T) {
	h := newHost(t, func(o *options) { o.origins = []string{"https://*.example.com"} })
	for _, test := range []struct {
		path, subprotocol, origin string
		status                    int
	}{
		{"/rooms/a/socket", "signaling.v1.json", "", 101},
		{"/rooms/a/socket", "signaling.v1.cbor", h.url, 101},
		{"/rooms/a/socket", "signaling.v1.cbor", "https://call.example.com", 101},
		{"/rooms/a/socket", "signaling.v1.cbor", "https://example.org", 403},
		{"/rooms/a/socket", "", "", 400},
		{"/rooms/a/socket", "signaling.v2.json", "", 400},
		{"/rooms/a%20b/socket", "signaling.v1.json", "", 404},
		{"/rooms/" + strings.Repeat("a", 65) + "/socket", "signaling.v1.json", "", 404},
	} {
		if got := dialStatus(t, h, test.path, test.subprotocol, test.origin); got != test.status {
			t.Errorf("%+v: status %d", test, got)
		}
	}
}

func TestRoomIsFull(t *testing.T) {
	h := newHost(t, func(o *options) { o.capacity, o.rooms = 2, 1 })
	newGuest(t, wire.JSON).join(h, "a")
	newGuest(t, wire.CBOR).join(h, "a")
	late := newGuest(t, wire.JSON)
	late.connect(h, "a")
	late.sayJoin()
	late.wantClosed(wire.StatusRoomFull, "the room is full: 2 members")
	late.connect(h, "b")
	late.sayJoin()
	late.wantClosed(wire.StatusTooManyRooms, "too many rooms")
}

func TestReplaced(t *testing.T) {
	h := newHost(t, nil)
	ann, bob := newGuest(t, wire.JSON), newGuest(t, wire.JSON)
	bob.join(h, "a")
	ann.join(h, "a")
	bob.hear("peer", fields{"id": ann.id, "state": "present"})
	before := *ann
	ann.join(h, "a")
	before.wantClosed(wire.StatusReplaced, "connected again")
	bob.hear("peer", fields{"id": ann.id, "state": "present"})
	bob.say(fields{"type": "signal", "to": ann.id, "seq": 1, "data": "to the new one"})
	ann.hear("signal", fields{"data": "to the new one"})
}

func TestBadMessages(t *testing.T) {
	h := newHost(t, nil)
	for _, test := range []struct {
		what   string
		typ    websocket.MessageType
		text   string
		joined bool
		code   websocket.StatusCode
		reason string
	}{
		{"no JSON", websocket.MessageText, "hello", false, 1008, "not a JSON object"},
		{"no join", websocket.MessageText, `{"type":"leave"}`, false, 1008, "the first message must be a join"},
		{"a bad join", websocket.MessageText, `{"type":"join"}`, false, 1008, "join: key is missing"},
		{"a bad signal", websocket.MessageText, `{"type":"signal","to":"me"}`, true, 1008, "signal: to: not 16 hexadecimal digits"},
		{"another join", websocket.MessageText, `{"type":"join","key":"AAECAwQFBgcICQoLDA0ODw","session":1,"attempt":1}`, true, 1008, "join: only once"},
		{"binary", websocket.MessageBinary, "{}", true, 1003, "of the other type"},
		{"too long", websocket.MessageText, strings.Repeat(" ", 64<<10+1), true, 1009, ""},
		{"not UTF-8", websocket.MessageText, "{\xff}", true, 1007, ""},
	} {
		t.Run(test.what, func(t *testing.T) {
			g := newGuest(t, wire.JSON)
			if test.joined {
				g.join(h, "a")
			} else {
				g.connect(h, "a")
			}
			if err := g.conn.Write(t.Context(), test.typ, []byte(test.text)); err != nil {
				t.Fatal(err)
			}
			g.wantClosed(test.code, test.reason)
		})
	}
}

func TestNoJoin(t *testing.T) {
	h := newHost(t, func(o *options) { o.joinWithin = time.Millisecond })
	g := newGuest(t, wire.JSON)
	g.connect(h, "a")
	g.wantClosed(wire.StatusNoJoin, "no join came in time")
}

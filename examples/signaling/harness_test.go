package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// atMost is how long a test waits for what should come at once.
const atMost = 30 * time.Second

// host is a server that a test runs inside itself.
type host struct {
	service *service
	url     string // http://127.0.0.1:PORT
	end     context.CancelFunc
	ended   chan error // what serve returned
}

// newHost starts a server as it is by default, but for what change changes.
func newHost(t *testing.T, change func(*options)) *host {
	t.Helper()
	o := defaults()
	o.listen, o.name, o.log = "127.0.0.1:0", "test", slog.New(slog.NewTextHandler(io.Discard, nil))
	if change != nil {
		change(&o)
	}
	f, err := listen(o.listen, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	h := &host{service: s, url: strings.TrimSuffix(f.url(), "/"), end: end, ended: make(chan error, 1)}
	go func() { h.ended <- s.serve(ctx, f) }()
	t.Cleanup(func() {
		end()
		if err := <-h.ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		h.ended <- nil
		http.DefaultClient.CloseIdleConnections()
	})
	return h
}

// guest is a page as a test plays it.
type guest struct {
	t       *testing.T
	conn    *websocket.Conn
	codec   *wire.Codec
	key     string
	id      string
	session uint64
	attempt uint64
}

type fields = map[string]any

func newGuest(t *testing.T, codec *wire.Codec) *guest {
	key := wire.NewKey()
	return &guest{t: t, codec: codec, key: key, id: wire.Identity(key), session: 7}
}

// connect opens a WebSocket to a room, which nothing is said on yet.
func (g *guest) connect(h *host, room string) {
	g.t.Helper()
	c, _, err := websocket.Dial(g.t.Context(), strings.Replace(h.url, "http", "ws", 1)+"/rooms/"+room+"/socket", &websocket.DialOptions{
		Subprotocols: []string{g.codec.Subprotocol}, CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = c.CloseNow() })
	g.conn = c
}

// join connects and joins, and returns the welcome.
func (g *guest) join(h *host, room string) fields {
	g.t.Helper()
	g.connect(h, room)
	g.sayJoin()
	return g.hear("welcome")
}

func (g *guest) sayJoin() {
	g.t.Helper()
	g.attempt++
	g.say(fields{"type": "join", "key": g.key, "name": "guest", "session": g.session, "attempt": g.attempt})
}

func (g *guest) say(m fields) {
	g.t.Helper()
	p, err := json.Marshal(m)
	if g.codec == wire.CBOR {
		p, err = cbor.Marshal(m)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.conn.Write(g.t.Context(), g.codec.MessageType, p); err != nil {
		g.t.Fatal(err)
	}
}

// next reads a message, with its numbers as in JSON.
func (g *guest) next() (fields, error) {
	ctx, cancel := context.WithTimeout(g.t.Context(), atMost)
	defer cancel()
	_, p, err := g.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	var m fields
	if g.codec == wire.CBOR {
		if err := cbor.Unmarshal(p, &m); err != nil {
			g.t.Fatalf("not CBOR: %x", p)
		}
		if p, err = json.Marshal(jsonable(m)); err != nil {
			g.t.Fatal(err)
		}
		m = nil
	}
	if err := json.Unmarshal(p, &m); err != nil {
		g.t.Fatalf("not JSON: %s", p)
	}
	return m, nil
}

// jsonable makes text keys of the keys that cbor has left open.
func jsonable(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = jsonable(v[name])
		}
	case map[any]any:
		m := make(map[string]any)
		for name := range v {
			m[name.(string)] = jsonable(v[name])
		}
		return m
	case []any:
		for i := range v {
			v[i] = jsonable(v[i])
		}
	}
	return v
}

// hear wants the next message to be of a type, if one is given, with certain fields and others.
func (g *guest) hear(kind string, want ...fields) fields {
	g.t.Helper()
	m, err := g.next()
	if err != nil {
		g.t.Fatalf("waiting for %q: %v", kind, err)
	}
	all := fields{}
	if kind != "" {
		all["type"] = kind
	}
	for _, w := range want {
		maps.Copy(all, w)
	}
	for name, value := range all {
		got, _ := json.Marshal(m[name])
		wanted, _ := json.Marshal(value)
		if string(got) != string(wanted) {
			g.t.Fatalf("heard %v, where %s should be %s", m, name, wanted)
		}
	}
	return m
}

// wantClosed reads until the connection is closed, and wants a code and a reason.
func (g *guest) wantClosed(code websocket.StatusCode, reason string) {
	g.t.Helper()
	for {
		_, err := g.next()
		if err == nil {
			continue
		}
		if websocket.CloseStatus(err) != code || !strings.Contains(err.Error(), reason) {
			g.t.Fatalf("closed with %v; want %d %q", err, code, reason)
		}
		return
	}
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// cborOf writes a signal in CBOR that a JSON text says.
func cborOf(t *testing.T, text string) []byte {
	t.Helper()
	var v struct {
		Type string `json:"type" cbor:"type"`
		To   string `json:"to" cbor:"to"`
		Seq  int    `json:"seq" cbor:"seq"`
		Data any    `json:"data" cbor:"data"`
	}
	err := json.Unmarshal([]byte(text), &v)
	if err != nil {
		t.Fatal(err)
	}
	p, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

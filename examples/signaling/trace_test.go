package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/watch"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// traceRequest asks for the trace of a connection.
func traceRequest(ctx context.Context, t *testing.T, h *host, connection, key string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", h.url+"/trace/"+connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func traceStatusOf(t *testing.T, h *host, connection, key string) int {
	t.Helper()
	resp := traceRequest(t.Context(), t, h, connection, key)
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	return resp.StatusCode
}

// readTrace reads the trace of a connection to its end.
func readTrace(t *testing.T, h *host, connection, key string) (events []watch.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), atMost)
	defer cancel()
	resp := traceRequest(ctx, t, h, connection, key)
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the trace is answered %s, %v", resp.Status, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e watch.Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("the trace ends with %v, after %d events", err, len(events))
	}
	return events
}

var messageType = regexp.MustCompile(`"type":"([a-z]+)"`)

// story is a trace in words, one line for each event.
func story(events []watch.Event) string {
	var b strings.Builder
	for i, e := range events {
		if e.N != int64(i+1) {
			fmt.Fprintf(&b, "[number %d] ", e.N)
		}
		switch {
		case e.Handshake != nil:
			b.WriteString("handshake")
		case e.Frame != nil:
			fmt.Fprintf(&b, "%s %s", e.Dir, e.Opcode)
			if !e.FIN {
				b.WriteString(" more")
			}
			if e.RSV1 {
				b.WriteString(" compressed")
			}
			if e.Masked != (e.Dir == "in") {
				b.WriteString(" mask?")
			}
			if kind := messageType.FindStringSubmatch(e.Preview); kind != nil {
				fmt.Fprintf(&b, " [%s]", kind[1])
			} else if e.Preview != "" {
				b.WriteString(" " + e.Preview)
			}
		case e.Change != nil:
			fmt.Fprintf(&b, "%s → %s", e.From, e.To)
		case e.End != nil:
			end, _ := json.Marshal(e.End)
			b.Write(end)
		default:
			b.WriteString(e.Kind)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// wireTap keeps what comes in on a connection.
type wireTap struct {
	net.Conn
	mu   sync.Mutex
	seen bytes.Buffer
}

func (w *wireTap) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.Write(p[:n])
	return n, err
}

// String returns what has come in so far.
func (w *wireTap) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen.String()
}

// A whole connection, from the handshake to the end.
func TestTrace(t *testing.T) {
	h := newHost(t, nil)
	var tap *wireTap
	for _, codec := range []*wire.Codec{wire.JSON, wire.CBOR} {
		g := newGuest(t, codec)
		c, _, err := websocket.Dial(t.Context(), strings.Replace(h.url, "http", "ws", 1)+"/rooms/a/socket", &websocket.DialOptions{
			Subprotocols: []string{codec.Subprotocol}, CompressionMode: websocket.CompressionContextTakeover,
			HTTPHeader: http.Header{"Cookie": {"secret=1"}, "User-Agent": {"test"}, "Origin": {h.url}},
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := new(net.Dialer).DialContext(ctx, network, addr)
				tap = &wireTap{Conn: nc}
				return tap, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.CloseNow() })
		g.conn = c
		g.sayJoin()
		connection := g.hear("welcome")["connection"].(string)
		g.say(fields{"type": "signal", "to": g.id, "ack": 1}) // to itself
		g.hear("signal")

		// A message in fragments, with a ping between them, large enough to be compressed.
		text := `{"type":"signal","to":"0123456789abcdef","seq":1,"data":"` + strings.Repeat("x", 20000) + `"}`
		p := []byte(text)
		if codec == wire.CBOR {
			p = cborOf(t, text)
		}
		w, err := c.Writer(t.Context(), codec.MessageType)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][]byte{p[:10000], p[10000:]} {
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
			if err := w.(interface{ Flush() error }).Flush(); err != nil {
				t.Fatal(err)
			}
		}
		pong := make(chan error, 1)
		go func() { pong <- c.Ping(t.Context()) }()
		if err := <-pong; err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		g.hear("gone", fields{"seq": 1})
		g.say(fields{"type": "leave"})
		g.wantClosed(1000, "")

		typ := codec.MessageType.String()
		typ = strings.ToLower(strings.TrimPrefix(typ, "Message"))
		want := strings.ReplaceAll(`handshake
in TYPE [join]
out TYPE WELCOME[welcome]
in TYPE [signal]
out TYPE [signal]
in TYPE more compressed
in continuation more
in ping
out pong
in continuation [signal]
out TYPE [gone]
in TYPE [leave]
open → closed by us
out close 1000
in close 1000
closed by us → acknowledged
{"began":"us","clean":true,"sent":{"code":1000,"reason":""},"received":{"code":1000,"reason":""},"cause":""}
`, "TYPE", typ)
		// In CBOR it is shorter than what is worth compressing.
		want = strings.Replace(want, "WELCOME", map[*wire.Codec]string{wire.JSON: "compressed "}[codec], 1)
		events := readTrace(t, h, connection, g.key)
		if got := story(events); got != want {
			t.Errorf("%s: the trace is\n%s", codec.Subprotocol, got)
		}
		for i, e := range events {
			if i > 0 && e.MS < events[i-1].MS {
				t.Errorf("event %d happened before the one before", e.N)
			}
			if e.Frame != nil && len(e.Preview) > 300 {
				t.Errorf("event %d has a preview of %d bytes", e.N, len(e.Preview))
			}
		}

		// The head of the response is what was on the wire.
		head, _, _ := strings.Cut(tap.String(), "\r\n\r\n")
		if got := strings.Join(events[0].Response, "\r\n"); got != head {
			t.Errorf("the response is shown as\n%s\nand was\n%s", got, head)
		}
		request := events[0].Request
		for _, line := range []string{"GET /rooms/a/socket HTTP/1.1", "Host: " + strings.TrimPrefix(h.url, "http://"), "Upgrade: websocket", "Cookie: …", "User-Agent: test", "Origin: " + h.url} {
			if !slices.Contains(request, line) {
				t.Errorf("the request has no line %q: %q", line, request)
			}
		}
	}
}

// Who may read.
func TestTraceIsForItsMember(t *testing.T) {
	h := newHost(t, nil)
	g, other := newGuest(t, wire.JSON), newGuest(t, wire.JSON)
	connection := g.join(h, "a")["connection"].(string)
	other.join(h, "a")
	for _, test := range []struct {
		connection, key string
		status          int
	}{
		{connection, "", 401},
		{connection, "secret", 401},
		{connection, other.key, 404},
		{connection[:31] + "g", g.key, 404},
		{connection[:16] + "0123456789abcdef", g.key, 404},
	} {
		if got := traceStatusOf(t, h, test.connection, test.key); got != test.status {
			t.Errorf("%+v: %d", test, got)
		}
	}
	unjoined := newGuest(t, wire.JSON)
	unjoined.connect(h, "a")
	untraced := newHost(t, func(o *options) { o.traced = 0 })
	connection = g.join(untraced, "a")["connection"].(string)
	if got := traceStatusOf(t, untraced, connection, g.key); got != 404 {
		t.Errorf("without a trace: %d", got)
	}
}

// The ways in which a connection ends, as the server tells them.
func TestTraceOfTheEnd(t *testing.T) {
	h := newHost(t, nil)
	for _, test := range []struct {
		what string
		end  func(*guest)
		want string
	}{
		{"closed by the page", func(g *guest) { _ = g.conn.Close(1001, "tab closed") },
			"in close 1001 tab closed\nopen → closed by peer\nclosed by peer → acknowledged\nout close 1001"},
		{"lost", func(g *guest) { _ = g.conn.CloseNow() }, `"began":"peer","clean":false,"sent":null,"received":null`},
		{"refused by the server", func(g *guest) { g.say(fields{"type": "?"}); g.wantClosed(1008, "") },
			`out close 1008 no message has the type "?"`},
		{"refused by the protocol", func(g *guest) {
			_ = g.conn.Write(t.Context(), websocket.MessageText, []byte("\xff"))
			g.wantClosed(1007, "")
		}, "out close 1007"},
	} {
		g := newGuest(t, wire.JSON)
		connection := g.join(h, "a")["connection"].(string)
		test.end(g)
		if got := story(readTrace(t, h, connection, g.key)); !strings.Contains(got, test.want) {
			t.Errorf("%s: the trace is\n%s\nwithout %s", test.what, got, test.want)
		}
	}
}

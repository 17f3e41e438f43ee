package autobahn

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/autobahn/internal/mux"
)

// serveStreams is a server of HTTP/2 that does serve with every stream.
func serveStreams(t *testing.T, settings []http2.Setting, serve func(x *mux.Stream)) (url string) {
	return listen(t, func(conn net.Conn) {
		c, err := mux.Server(conn, nil, mux.Config{Window: mux.Usual, Settings: settings, Request: serve})
		if err == nil {
			c.Wait()
		}
	})
}

// Servers with which there is nothing to judge: one error, and no hundreds of failed cases.
func TestFuzzingClientWithoutHTTP2(t *testing.T) {
	offered := []http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 1}}
	for _, row := range []struct{ name, url, says string }{
		{"HTTP/1.1", echoServer(t, new(atomic.Int32), nil), "what came is HTTP/1.1"},
		{"no extended CONNECT", serveStreams(t, nil, nil), "does not offer WebSockets over HTTP/2"},
		{"no WebSocket", serveStreams(t, offered, func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "404"}}, mux.Form{EndStream: true})
			x.Close()
		}), `"HTTP/2 404"`},
		{"silent", listen(t, hang), "did not finish the opening handshake"},
	} {
		cases, err := SelectHTTP2(Server, "1.1.*", "")
		if err != nil {
			t.Fatal(err)
		}
		agent, err := (&FuzzingClient{URL: row.url, Cases: cases, HTTP2: true, Timeout: 300 * time.Millisecond}).Run(t.Context())
		if _, ok := errors.AsType[*UnreachableError](err); !ok || len(agent.Results) > 0 || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %+v, %v", row.name, agent, err)
		}
	}
}

// A server that has no room for a stream is asked again.
func TestFuzzingClientRefusedStream(t *testing.T) {
	var requests atomic.Int32
	url := serveStreams(t, []http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 1}}, func(x *mux.Stream) {
		if requests.Add(1)%2 == 0 {
			x.Reset(http2.ErrCodeRefusedStream)
			x.Close()
			return
		}
		x.Head([]hpack.HeaderField{{Name: ":status", Value: "403"}}, mux.Form{EndStream: true})
		x.Close()
	})
	cases, err := SelectHTTP2(Server, "21.1.5,21.1.9", "")
	if err != nil {
		t.Fatal(err)
	}
	suite := &FuzzingClient{URL: url, Cases: cases, HTTP2: true, Parallel: 1}
	suite.route.by = byHTTP2
	if suite.route.target, err = parseTarget(url); err != nil {
		t.Fatal(err)
	}
	suite.Timeout = Timeout
	if err := suite.runAll(t.Context(), cases, 1); err != nil {
		t.Fatal(err)
	}
	for _, r := range suite.results {
		if r.Worst() != OK || !strings.Contains(r.Result, "403") {
			t.Errorf("%s: %s, %s", r.ID, r.Worst(), r.Result)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// A caller's fields have small letters over HTTP/2, and no report has their values.
func TestFuzzingClientHeaderHTTP2(t *testing.T) {
	echo := websocket.Handler(Echo, &websocket.AcceptOptions{Subprotocols: []string{"chat"}})
	var mu sync.Mutex
	seen := map[string]int{}
	server := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Header.Get("Authorization")+" "+r.UserAgent()]++
		mu.Unlock()
		echo.ServeHTTP(w, r)
	})}
	server.Protocols.SetUnencryptedHTTP2(true)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	cases, err := SelectHTTP2(Server, "1.1.[1-3],21.2.[1-9],21.2.1[0-2],21.8.1", "")
	if err != nil {
		t.Fatal(err)
	}
	agent, err := (&FuzzingClient{
		URL: "ws://" + l.Addr().String(), Cases: cases, HTTP2: true, Subprotocols: []string{"chat"},
		Header: http.Header{"Authorization": {"Bearer 12345"}, "User-Agent": {"probe/1"}},
	}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range agent.Results {
		if r.Worst() != OK {
			t.Errorf("%s: %s, %s", r.ID, r.Worst(), r.Result)
		}
		if r.ID == "1.1.1" && (!strings.HasPrefix(r.HTTPRequest, ":method: CONNECT\r\n") || !strings.HasPrefix(r.HTTPResponse, ":status: 200\r\n")) {
			t.Errorf("%s: %q, %q", r.ID, r.HTTPRequest, r.HTTPResponse)
		}
	}
	text, err := json.Marshal(agent.Results)
	if err != nil || strings.Contains(string(text), "12345") || strings.Contains(string(text), "3132333435") {
		t.Errorf("the report has the token, or %v", err)
	}
	if len(seen) != 1 || seen["Bearer 12345 probe/1"] < len(cases) {
		t.Errorf("what came: %v", seen)
	}
}

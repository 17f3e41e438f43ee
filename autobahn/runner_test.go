package autobahn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// brisk is a selection that takes no time with a peer that does well.
const brisk = "1.1.[1-5],2.[1-46],5.[3-8],6.2.*,7.7.1,20.6.6"

func selected(t *testing.T, judged Role, patterns string) []*Case {
	t.Helper()
	cases, err := Select(judged, patterns, "")
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// listen is a server that does serve with every connection.
func listen(t *testing.T, serve func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "ws://" + l.Addr().String()
}

// hang reads and says nothing, until the other end has had enough.
func hang(conn net.Conn) {
	defer conn.Close()
	io.Copy(io.Discard, conn)
}

// echoServer counts the requests that it gets.
func echoServer(t *testing.T, requests *atomic.Int32, before func(n int32, w http.ResponseWriter) bool) string {
	t.Helper()
	echo := EchoHandler(nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "echo/1")
		if n := requests.Add(1); before == nil || before(n, w) {
			echo.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

func TestFuzzingClient(t *testing.T) {
	var requests atomic.Int32
	cases := selected(t, Server, brisk)
	var progress []string
	suite := &FuzzingClient{
		URL: echoServer(t, &requests, nil), Cases: cases,
		Progress: func(r *Result) { progress = append(progress, r.ID) },
	}
	agent, err := suite.Run(t.Context())
	if err != nil || agent.Name != "echo/1" || agent.Stopped != "" || agent.Took <= 0 {
		t.Fatalf("%+v, %v", agent, err)
	}
	if diff := cmp.Diff(ids(cases), resultIDs(agent)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for i, r := range agent.Results {
		if r.Worst() != OK || r.Agent != "echo/1" || r.Case != cases[i].Index || r.Started.IsZero() || len(r.Wirelog) != len(r.Times) {
			t.Errorf("%s: %s, %s of %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Agent, r.Result, r.ResultClose)
		}
	}
	if len(progress) != len(cases) || int(requests.Load()) != len(cases)+1 {
		t.Errorf("%d results told of, %d requests for %d cases", len(progress), requests.Load(), len(cases))
	}
}

func resultIDs(a *Agent) (list []string) {
	for _, r := range a.Results {
		list = append(list, r.ID)
	}
	return list
}

func TestFuzzingClientWithoutServer(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, row := range []struct{ name, url string }{
		{"nobody listens", "ws://" + gone.Addr().String()},
		{"hangs", listen(t, hang)},
		{"ends TCP", listen(t, func(conn net.Conn) { conn.Close() })},
		{"HTTP without WebSocket", listen(t, func(conn net.Conn) {
			defer conn.Close()
			http.ReadRequest(bufio.NewReader(conn))
			fmt.Fprint(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		})},
		{"no TLS", "wss" + strings.TrimPrefix(listen(t, func(conn net.Conn) { conn.Close() }), "ws")},
	} {
		suite := &FuzzingClient{URL: row.url, Cases: selected(t, Server, "1.1.*"), Timeout: 200 * time.Millisecond}
		begun := time.Now()
		agent, err := suite.Run(t.Context())
		if _, ok := errors.AsType[*UnreachableError](err); !ok || agent == nil || len(agent.Results) > 0 || agent.Stopped != err.Error() {
			t.Errorf("%s: %+v, %v", row.name, agent, err)
		}
		if strings.Contains(fmt.Sprint(err), "probe") || !strings.Contains(fmt.Sprint(err), row.url) {
			t.Errorf("%s: the error says %v", row.name, err)
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("%s: took %v", row.name, took)
		}
	}
}

// A server that is there for the probe and some cases, and then is not.
func TestFuzzingClientLosesServer(t *testing.T) {
	for _, row := range []struct {
		name string
		lose func(w http.ResponseWriter)
	}{
		{"hangs", func(w http.ResponseWriter) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				hang(conn)
			}
		}},
		{"ends TCP", func(w http.ResponseWriter) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
		}},
		{"a proxy is left", func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }},
	} {
		var requests atomic.Int32
		suite := &FuzzingClient{
			URL: echoServer(t, &requests, func(n int32, w http.ResponseWriter) bool {
				if n > 6 {
					row.lose(w)
				}
				return n <= 6
			}),
			Cases: selected(t, Server, "1.1.[1-5],2.*,5.*"), Parallel: 1, Timeout: 200 * time.Millisecond,
		}
		agent, err := suite.Run(t.Context())
		lost, ok := errors.AsType[*UnreachableError](err)
		if !ok || lost.Case == "" || agent.Stopped != err.Error() {
			t.Errorf("%s: %+v, %v", row.name, lost, err)
		}
		// Five went well; those that nobody answered before it was given up failed.
		if n := len(agent.Results); n < 5 || n > 5+maxLosses || agent.Results[0].Worst() != OK {
			t.Errorf("%s: %d results", row.name, n)
		}
		if asked := int(requests.Load()); asked != 6+maxLosses {
			t.Errorf("%s: %d requests", row.name, asked)
		}
	}
}

// A server that answers one opening handshake at a time is not gone when others are late.
func TestFuzzingClientOverwhelms(t *testing.T) {
	var one sync.Mutex
	echo := EchoHandler(nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		time.Sleep(80 * time.Millisecond) // of sixteen, the thirteenth is late
		echo.ServeHTTP(w, r)
	}))
	defer server.Close()
	cases := selected(t, Server, "1.1.*,2.*")
	suite := &FuzzingClient{
		URL: "ws" + strings.TrimPrefix(server.URL, "http"), Cases: cases, Parallel: 16, Timeout: time.Second,
	}
	agent, err := suite.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ids(cases), resultIDs(agent)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for _, r := range agent.Results {
		if !r.Worst().Passed() {
			t.Errorf("%s: %s: %s", r.ID, r.Worst(), r.Result)
		}
	}
}

func TestFuzzingClientCancelled(t *testing.T) {
	cause := errors.New("enough")
	for _, row := range []struct {
		name  string
		serve func(conn net.Conn)
	}{
		{"in the opening handshake", hang},
		{"in a case", func(conn net.Conn) {
			defer conn.Close()
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", play.AcceptFor(r.Header.Get("Sec-WebSocket-Key")))
				io.Copy(io.Discard, conn)
			}
		}},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		reached := make(chan struct{}, 100)
		suite := &FuzzingClient{
			URL:   listen(t, func(conn net.Conn) { reached <- struct{}{}; row.serve(conn) }),
			Cases: selected(t, Server, "9.1.1"),
		}
		go func() {
			<-reached // the probe
			if row.name == "in a case" {
				<-reached
			}
			cancel(cause)
		}()
		begun := time.Now()
		agent, err := suite.Run(ctx)
		if !errors.Is(err, cause) || len(agent.Results) > 0 {
			t.Errorf("%s: %+v, %v", row.name, agent, err)
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("%s: took %v", row.name, took)
		}
	}
}

// Both roles, by loopback, with nothing of the network in between.
func TestOwn(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		cases := selected(t, role, brisk+",13.7.1,20.10.*")
		agent, err := (&Own{Role: role, Cases: cases, Timeout: 5 * time.Second}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ids(cases), resultIDs(agent)); diff != "" || agent.Name != ownName {
			t.Errorf("%v: results of %s (-want +got):\n%s", role, agent.Name, diff)
		}
		for _, r := range agent.Results {
			if r.Behavior != OK || r.BehaviorClose != OK || r.IsServer != (role == Client) {
				t.Errorf("%v, %s: %s, %s: %s %s", role, r.ID, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, role := range []Role{Server, Client} {
		if agent, err := (&Own{Role: role, Cases: selected(t, role, "1.*")}).Run(ctx); err == nil || len(agent.Results) > 0 {
			t.Errorf("%v, cancelled: %+v, %v", role, agent, err)
		}
	}
}

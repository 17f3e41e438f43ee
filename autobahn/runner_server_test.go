package autobahn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/websocket"
)

// startServer serves until the test is over. stopped gives what Serve returned.
func startServer(t *testing.T, f *FuzzingServer) (url string, stopped <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		over <- f.Serve(ctx, l)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return "ws://" + l.Addr().String(), over
}

// ask dials a URL of the server and reads a message, if one comes.
func ask(t *testing.T, url string) string {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer c.CloseNow()
	_, message, err := c.Read(t.Context())
	if err == nil {
		c.Read(t.Context())
	}
	return string(message)
}

func TestFuzzingServer(t *testing.T) {
	reports := make(chan string, 1)
	cases := selected(t, Client, brisk)
	f := &FuzzingServer{Cases: cases, Report: func(agent string) { reports <- agent }}
	url, stopped := startServer(t, f)
	if got := ask(t, url+"/getCaseCount"); got != fmt.Sprint(len(cases)) {
		t.Errorf("getCaseCount: %q", got)
	}
	if got, want := ask(t, url+"/getCaseInfo?case=2"), `{"description":"A text message of 125 bytes.","id":"1.1.2"}`; got != want {
		t.Errorf("getCaseInfo: %s, want %s", got, want)
	}
	const name = "Some <b>agent</b>/1 ü"
	testee := &Testee{URL: url, Agent: name, Parallel: 4}
	if err := testee.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-reports; got != name {
		t.Errorf("reports of %q", got)
	}
	agents := f.Agents()
	if len(agents) != 1 || agents[0].Name != name {
		t.Fatalf("%+v", agents)
	}
	if diff := cmp.Diff(ids(cases), resultIDs(&agents[0])); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for i, r := range agents[0].Results {
		if r.Worst() != OK || r.Case != i+1 || r.Agent != name {
			t.Errorf("%s, number %d: %s, %s: %s", r.ID, r.Case, r.Behavior, r.BehaviorClose, r.Result)
		}
	}
	if got := ask(t, url+"/getCaseStatus?case=1&agent=Some+%3Cb%3Eagent%3C/b%3E/1+%C3%BC"); got != `{"behavior":"OK"}` {
		t.Errorf("getCaseStatus: %s", got)
	}
	ask(t, url+"/stopServer")
	if err := <-stopped; !errors.Is(err, ErrStopped) {
		t.Errorf("after stopServer: %v", err)
	}
	if err := testee.Run(t.Context()); err == nil {
		t.Error("the server goes on")
	} else if _, ok := errors.AsType[*UnreachableError](err); !ok {
		t.Errorf("a server that is gone: %v", err)
	}
}

// updateReports and getCaseStatus are answered when the case is over, which is
// not before its client has let go.
func TestFuzzingServerAwaits(t *testing.T) {
	reports := make(chan int, 1)
	f := &FuzzingServer{Cases: selected(t, Client, "1.1.1,9.1.1")}
	f.Report = func(string) {
		n := 0
		for _, a := range f.Agents() {
			n += len(a.Results)
		}
		reports <- n
	}
	url, _ := startServer(t, f)
	c, _, err := websocket.Dial(t.Context(), url+"/runCase?case=2&agent=a", nil)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 2)
	for _, call := range []string{"/updateReports?agent=a", "/getCaseStatus?case=2&agent=a"} {
		go func() { asked <- ask(t, url+call) }()
	}
	select {
	case got := <-asked:
		t.Errorf("answered while the case is under way: %s", got)
	case <-time.After(50 * time.Millisecond):
	}
	c.CloseNow()
	if got := <-asked + <-asked; got != `{"behavior":"FAILED"}` {
		t.Errorf("status: %s", got)
	}
	if n := <-reports; n != 1 {
		t.Errorf("%d results when reports are written", n)
	}
}

// What is no WebSocket, and what is no URL of ours, gets an answer to read.
func TestFuzzingServerRefuses(t *testing.T) {
	f := &FuzzingServer{Cases: selected(t, Client, "1.1.*"), Timeout: 200 * time.Millisecond}
	url, _ := startServer(t, f)
	const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, row := range []struct{ request, status, body string }{
		{"GET /unknown HTTP/1.1\r\nHost: a\r\n\r\n", "404", "there is no such URL"},
		{"GET / HTTP/1.1\r\nHost: a\r\n" + upgrade + "\r\n", "404", "there is no such URL"},
		{"GET /getCaseCount HTTP/1.1\r\nHost: a\r\n\r\n", "400", "this is a WebSocket server"},
		{"GET /unknown HTTP/1.1\r\nHost: a\r\n" + upgrade + "\r\n", "404", "there is no such URL"},
		{"GET /runCase?case=99&agent=a HTTP/1.1\r\nHost: a\r\n" + upgrade + "\r\n", "400", "there is no case 99"},
		{"GET /runCase?case=1 HTTP/1.1\r\nHost: a\r\n" + upgrade + "\r\n", "400", "needs an agent"},
		{"POST /getCaseCount HTTP/1.1\r\nHost: a\r\n" + upgrade + "\r\n", "400", "not HTTP"},
		{"hello\r\n\r\n", "400", "not HTTP"},
		{"GET / HTTP/1.1\r\nno colon\r\n\r\n", "400", "header line"},
		{"", "", ""},
		{"GET / HTTP/1.1\r\n", "", ""},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "", ""},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "ws://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, row.request)
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		got, err := io.ReadAll(conn)
		conn.Close()
		if err != nil || !strings.HasPrefix(string(got), strings.TrimSpace("HTTP/1.1 "+row.status)) && row.status != "" || !strings.Contains(string(got), row.body) || row.status == "" && len(got) > 0 {
			t.Errorf("%q: %q, %v; want %s and %q", row.request, got, err, row.status, row.body)
		}
	}
	if agents := f.Agents(); len(agents) != 0 {
		t.Errorf("agents: %+v", agents)
	}
}

// Who connects and says nothing does not hold up the end.
func TestFuzzingServerEnds(t *testing.T) {
	f := &FuzzingServer{Cases: selected(t, Client, "9.1.1")}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- f.Serve(ctx, l) }()
	idle, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	playing, _, err := websocket.Dial(t.Context(), "ws://"+l.Addr().String()+"/runCase?case=1&agent=a", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer playing.CloseNow()
	cancel()
	begun := time.Now()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the server took %v to end", took)
	}
}

// A browser is given a page to play the cases, and the report.
func TestFuzzingServerPages(t *testing.T) {
	f := &FuzzingServer{Cases: selected(t, Client, "1.1.*")}
	url, _ := startServer(t, f)
	get := func(path, want string) string {
		t.Helper()
		response, err := http.Get(strings.Replace(url, "ws:", "http:", 1) + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if kind := response.Header.Get("Content-Type"); err != nil || response.StatusCode != 200 || kind != want+"; charset=utf-8" {
			t.Errorf("%s: %v, %s, %q", path, err, response.Status, kind)
		}
		return string(body)
	}
	if page := get("/?play&agent=x", "text/html"); !strings.Contains(page, "Judge this browser") {
		t.Errorf("the page for browsers: %.200q", page)
	}
	if page := get("/report", "text/plain"); page != "No client has played a case yet.\n" {
		t.Errorf("the report on nobody: %.200q", page)
	}
	if err := (&Testee{URL: url, Agent: "Some browser"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if page := get("/report", "text/html"); !strings.Contains(page, "Some browser") || !strings.Contains(page, "1.1.8") {
		t.Errorf("the report on somebody: %.200q", page)
	}
}

// A client may end the server with its last request, as with the original.
func TestFuzzingServerShutdownOnComplete(t *testing.T) {
	for value, ends := range map[string]bool{"true": true, "Yes": true, "false": false, "": false} {
		told := make(chan string, 1)
		f := &FuzzingServer{Cases: selected(t, Client, "1.1.*"), Report: func(agent string) { told <- agent }}
		url, stopped := startServer(t, f)
		ask(t, url+"/updateReports?agent=a&shutdownOnComplete="+value)
		if got := <-told; got != "a" {
			t.Errorf("%q: the report is on %q", value, got)
		}
		if ends {
			if err := <-stopped; !errors.Is(err, ErrStopped) {
				t.Errorf("%q: %v", value, err)
			}
		} else if n := ask(t, url+"/getCaseCount"); n != "8" {
			t.Errorf("%q: there are %s cases", value, n)
		}
	}
}

// A case that a peer is spared has no result, whoever asks for it.
func TestSkip(t *testing.T) {
	skip := func(agent, id string) bool { return agent == "spared" && id != "1.1.3" }
	for name, want := range map[string]int{"spared": 1, "other": 8} {
		f := &FuzzingServer{Cases: selected(t, Client, "1.1.*"), Skip: skip}
		url, _ := startServer(t, f)
		if err := (&Testee{URL: url, Agent: name}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if agents := f.Agents(); len(agents) != 1 || len(agents[0].Results) != want || agents[0].Results[0].Worst() != OK {
			t.Errorf("%s as a client: %+v", name, agents)
		}
		c := &FuzzingClient{URL: echoServer(t, new(atomic.Int32), nil), Agent: name, Cases: selected(t, Server, "1.1.*"), Skip: skip}
		agent, err := c.Run(t.Context())
		if err != nil || len(agent.Results) != want || agent.Results[0].Worst() != OK {
			t.Errorf("%s as a server: %v, %+v", name, err, agent)
		}
	}
}

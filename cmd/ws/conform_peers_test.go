package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/autobahn"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// corrupting is an echo server that changes a letter.
func corrupting(t *testing.T) (url string) {
	return serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		for msg, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, msg.Type, bytes.ReplaceAll(msg.Data, []byte("e"), []byte("a"))); err != nil {
				return err
			}
		}
		return nil
	})
}

func closedPort(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// mortalListener refuses everybody after so many connections.
type mortalListener struct {
	net.Listener
	left atomic.Int32
}

func (l *mortalListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil && l.left.Add(-1) == 0 {
		_ = l.Listener.Close() // before the last is served
	}
	return c, err
}

// mortal is an echo server that is gone after so many connections.
func mortal(t *testing.T, connections int32) (url string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &mortalListener{Listener: inner}
	l.left.Store(connections)
	s := &http.Server{Handler: autobahn.EchoHandler(nil)}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return "ws://" + inner.Addr().String()
}

// Two clients come, one after the other; Ctrl-C is the usual end.
func TestConformListen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := listening(t, "-cases", "1.1.*,7.3.*", "-o", dir)
	for _, name := range []string{"one", "two"} {
		testee := &autobahn.Testee{URL: r.url, Agent: name, Parallel: 4}
		if err := testee.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	e := r.interrupt(t)
	if e.code != exitFine {
		t.Errorf("exit code %d, %s", e.code, e.stderr)
	}
	has(t, e.stdout, "one as a client: 14 cases", "two as a client: 14 cases", "2 clients, 14 cases")
	for _, name := range []string{"one", "two"} {
		if n := reported(t, dir, "clients", name); n != 14 {
			t.Errorf("the report of %s has %d cases", name, n)
		}
	}
}

// A client that leaves early is not a success, and neither is nobody.
func TestConformListenPartial(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := listening(t, "-json", "-cases", "1.1.*", "-o", dir)
	testee := &autobahn.Testee{URL: r.url, Agent: "early"}
	if err := testee.Play(t.Context(), []int{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	c, _, err := websocket.Dial(t.Context(), r.url+"stopServer", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _ = c.Read(t.Context())
	_ = c.CloseNow()
	e := r.end(t)
	has(t, e.stderr, "early: it left", "after 3 of 8 cases; the report of these is in "+dir)
	if out := parsed(t, e)["clients"]["early"]; len(out.Cases) != 3 || out.Stopped == "" || e.code != exitUsage {
		t.Errorf("%+v, exit code %d", out, e.code)
	}
	if n := reported(t, dir, "clients", "early"); n != 3 {
		t.Errorf("the report has %d cases", n)
	}
	listening(t).interrupt(t).want(t, "", "no client connected", exitUsage)
}

// Our client under the hands of a server that is not this program's.
func TestConformTestee(t *testing.T) {
	t.Parallel()
	cases, err := autobahn.Select(autobahn.Client, "1.1.*", "")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 1)
	suite := &autobahn.FuzzingServer{Cases: cases, Report: func(agent string) { told <- agent }}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- suite.Serve(ctx, l) }()
	url := "ws://" + l.Addr().String()
	e := ws(t, "", "conform", "-testee", url, "-agent", "under test", "-parallel", "3")
	e.want(t, "8 cases were played as \"under test\"; the verdicts are with the fuzzing server at "+url+"\n", "8 cases", exitFine)
	if agent := <-told; agent != "under test" {
		t.Errorf("the report is for %q", agent)
	}
	stop()
	<-over
	if agents := suite.Agents(); len(agents) != 1 || len(agents[0].Results) != 8 {
		t.Errorf("%+v", agents)
	}
	ws(t, "", "conform", "-testee", url).want(t, "", "ws conform: "+url+" is not a fuzzing server", exitUsage)
	echo := serving(t, autobahn.EchoHandler(nil)) // it accepts, and never says a number
	ws(t, "", "conform", "-testee", echo, "-timeout", "300ms").want(t, "", "how many cases", exitUsage)
}

// How our client compresses is for the flags to say.
func TestConformTesteeCompress(t *testing.T) {
	t.Parallel()
	r := listening(t, "-json", "-cases", "20.12.9")
	for _, flags := range [][]string{
		{"-agent", "usual"},
		{"-agent", "small", "-window-bits", "9", "-level", "9"},
		{"-agent", "plain", "-compress", "off"},
	} {
		e := ws(t, "", append([]string{"conform", "-testee", r.url}, flags...)...)
		e.want(t, e.stdout, "1 case", exitFine)
	}
	judged := parsed(t, r.interrupt(t))["clients"]
	for agent, want := range map[string]autobahn.Verdict{
		"usual": autobahn.OK, "small": autobahn.OK, "plain": autobahn.Unimplemented,
	} {
		if got := judged[agent].Cases["20.12.9"].Behavior; got != string(want) {
			t.Errorf("%s: %s, want %s", agent, got, want)
		}
	}
}

// Ctrl-C in the middle of a case.
func TestConformInterrupted(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	stuck := make(chan struct{})
	url := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		if connections.Add(1) == 8 { // the first four were to see whether there is a server, and whether it echoes
			close(stuck)
			for err := error(nil); err == nil; {
				_, _, err = c.Read(ctx)
			}
			return nil
		}
		return autobahn.Echo(ctx, c)
	})
	dir := filepath.Join(t.TempDir(), "reports")
	r := begun(t, "conform", "-server", "server="+url, "-parallel", "1", "-cases", "1.1.*", "-o", dir)
	<-stuck
	e := r.interrupt(t)
	has(t, e.stdout, "server as a server: 3 of 8 cases")
	has(t, e.stderr, "server: interrupted\nstopped after 3 of 8 cases; the report of these is in "+dir)
	if n := reported(t, dir, "servers", "server"); n != 3 || e.code != exitUsage {
		t.Errorf("%d cases, exit code %d", n, e.code)
	}
}

// With -wait the server may begin to listen later than the suite.
func TestConformWait(t *testing.T) {
	t.Parallel()
	address := closedPort(t)
	r := begun(t, "conform", "-server", "late=ws://"+address, "-cases", "1.1.*", "-wait", "20s")
	if line, err := r.log.ReadString('\n'); err != nil || line != "waiting for ws://"+address+", at most 20s\n" {
		t.Errorf("%q, %v", line, err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: autobahn.EchoHandler(nil)}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	if e := r.end(t); e.code != exitFine {
		t.Errorf("exit code %d, %s", e.code, e.stderr)
	}
	ws(t, "", "conform", "-server", "ws://"+closedPort(t), "-cases", "1.1.1", "-wait", "150ms").want(t, "", "cannot be judged", exitUsage)
}

// earlyListener drops what connects too early, as Docker does for a container that still starts.
type earlyListener struct {
	net.Listener
	drops atomic.Int32 // so many connections
}

func (l *earlyListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.drops.Add(-1) < 0 {
			return c, err
		}
		_ = c.Close()
	}
}

// -wait waits for an answer, and not only for somebody who accepts TCP.
func TestConformWaitAnswer(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &earlyListener{Listener: inner}
	l.drops.Store(3)
	var refusals atomic.Int32
	refusals.Store(3)
	echo := autobahn.EchoHandler(nil)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refusals.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		echo.ServeHTTP(w, r)
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	if e := ws(t, "", "conform", "-server", "ws://"+inner.Addr().String(), "-cases", "1.1.*", "-wait", "20s"); e.code != exitFine {
		t.Errorf("exit code %d, %s", e.code, e.stderr)
	}
	// What answers is not waited for, whatever it says.
	for name, handler := range map[string]http.HandlerFunc{
		"404": http.NotFound,
		"not HTTP": func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := http.NewResponseController(w).Hijack()
			_, _ = c.Write([]byte("220 mail.example.org ESMTP\r\n"))
			_ = c.Close()
		},
	} {
		url := serving(t, handler)
		if answers(t.Context(), &http.Transport{}, url, nil) != true {
			t.Errorf("%s: it does not answer", name)
		}
	}
	if answers(t.Context(), &http.Transport{}, "ws://"+closedPort(t), nil) {
		t.Error("nobody answers")
	}
}

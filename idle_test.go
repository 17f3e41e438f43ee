//go:build linux && !race

package websocket_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

const idleRole = "HAWSER_IDLE_SERVER"

// idleServers are the kinds of server that are measured, and what each may need for
// a connection in bytes. What net/http leaves behind of its handshakes is in the figures
// of Handler.
var idleServers = map[string]struct {
	opts  *websocket.AcceptOptions
	conns int
	limit int
}{
	"Handler": {nil, 10_000, 4800},
	"Upgrade": {nil, 10_000, 4600},
	// Streams, 250 on a connection. One of net/http takes 7,700 bytes without a WebSocket. With
	// its first message net/http begins to use two buffers that it keeps, of 5 KiB together.
	"ServeHTTP2":                            {nil, 10_000, 4096},
	"Handler over HTTP/2":                   {nil, 10_000, 14_400},
	"Handler over HTTP/2, before a message": {nil, 10_000, 9216},

	"Upgrade, no takeover":        {noTakeover, 1_000, 8 << 10},
	"Upgrade, windows of 12 bits": {windowsOf12, 1_000, 16 << 10},
	"Upgrade, windows of 15 bits": {windowsOf15, 1_000, 72 << 10},
	"Handler, no takeover":        {noTakeover, 1_000, 10 << 10},
	"Handler, windows of 12 bits": {windowsOf12, 1_000, 20 << 10},
	"Handler, windows of 15 bits": {windowsOf15, 1_000, 76 << 10},
}

var (
	noTakeover  = &websocket.AcceptOptions{CompressionMode: websocket.CompressionNoContextTakeover}
	windowsOf15 = &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover}
	windowsOf12 = &websocket.AcceptOptions{
		CompressionMode: websocket.CompressionContextTakeover,
		Compression:     websocket.CompressionOptions{Memory: 8 << 10},
	}
)

// TestIdleServerProcess is the server of TestIdleMemory, in a process of its own so
// that its memory is nothing but the server's. Run by itself it does nothing.
func TestIdleServerProcess(t *testing.T) {
	how := os.Getenv(idleRole)
	if how == "" {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go serveIdle(how, l)
	fmt.Println("listening", l.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() { // a line asks for the resident memory
		debug.FreeOSMemory() // twice: a pool gives up its memory in two steps
		debug.FreeOSMemory()
		fmt.Println("resident", residentBytes(t))
	}
}

func serveIdle(how string, l net.Listener) {
	echo := func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}
	if strings.HasPrefix(how, "Handler over HTTP/2") {
		server := http.Server{Handler: websocket.Handler(echo, nil), Protocols: new(http.Protocols)}
		server.Protocols.SetUnencryptedHTTP2(true)
		_ = server.Serve(l)
		return
	}
	if strings.HasPrefix(how, "Handler") {
		_ = http.Serve(l, websocket.Handler(echo, idleServers[how].opts))
		return
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		if how == "ServeHTTP2" {
			go websocket.ServeHTTP2(nc, echo, nil)
			continue
		}
		go func() {
			c, err := websocket.Upgrade(nc, idleServers[how].opts)
			if err != nil {
				return
			}
			defer c.CloseNow()
			_ = echo(context.Background(), c)
		}()
	}
}

func residentBytes(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// TestIdleMemory measures what an idle connection costs a server that has a
// goroutine for each, mostly after one message each.
func TestIdleMemory(t *testing.T) {
	for how := range idleServers {
		t.Run(how, func(t *testing.T) { measureIdle(t, how) })
	}
}

func measureIdle(t *testing.T, how string) {
	server := exec.Command(os.Args[0], "-test.run=^TestIdleServerProcess$")
	server.Env = append(os.Environ(), idleRole+"="+how, "GODEBUG=http2xconnect=1") // as package xconnect has it
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Wait()
	})
	lines := bufio.NewScanner(stdout)
	answer := func(want string) string {
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), want+" "); ok {
				return rest
			}
		}
		t.Fatalf("the server ended before it said %q", want)
		return ""
	}
	resident := func() int {
		_, _ = io.WriteString(stdin, "\n")
		n, err := strconv.Atoi(answer("resident"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	addr := answer("listening")
	kind := idleServers[how]
	openIdle(t, addr, how, 500) // whatever the first connections make for all
	before := resident()
	openIdle(t, addr, how, kind.conns)
	each := (resident() - before) / kind.conns
	t.Logf("%d bytes for each of %d idle connections", each, kind.conns)
	if each > kind.limit {
		t.Errorf("%d bytes for each idle connection, want at most %d", each, kind.limit)
	}
}

// idleRequest is what a client sends: the handshake and a message, which fills the
// windows if it is compressed.
func idleRequest(compressed bool) []byte {
	request := "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	payload := string(make([]byte, 64)) // NUL is text, too
	if compressed {
		request += "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
		s := &wsplay.Sayings{R: rand.New(rand.NewPCG(1, 2))}
		payload = ""
		w := wsplay.NewDeflater()
		for range 12 { // without references beyond 4 KiB
			w.W.Reset(&w.Out)
			payload += w.Payload(string(s.Message(4_000))) + "\x00\x00\xff\xff"
		}
		payload += "\x00"
	}
	h := frame.Header{FIN: true, RSV1: compressed, Opcode: frame.Text, Masked: true, Length: uint64(len(payload))}
	return append(frame.AppendHeader([]byte(request+"\r\n"), h), payload...)
}

// openIdle opens connections and exchanges a message on each. They stay open until
// the test ends.
func openIdle(t *testing.T, addr, how string, n int) {
	if strings.Contains(how, "HTTP2") || strings.Contains(how, "HTTP/2") {
		openIdleStreams(t, addr, how, n)
		return
	}
	request := idleRequest(idleServers[how].opts != nil)
	for range n {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(time.Minute))
		if _, err := nc.Write(request); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(nc)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(resp, err)
		}
		_ = takeFrame(t, r)
	}
}

// openIdleStreams is openIdle for streams of HTTP/2, as many on a connection as a server takes.
func openIdleStreams(t *testing.T, addr, how string, n int) {
	var s *session.Session
	for i := range n {
		if i%h2.DefaultMaxStreams == 0 {
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			s = session.New(nc, session.Config{})
			go s.Run()
			s := s
			t.Cleanup(func() { s.Close(); <-s.Done() })
		}
		x, head, err := s.Open(t.Context(), &h2.Head{
			Method: "CONNECT", Protocol: "websocket", Scheme: "http", Authority: "localhost", Path: "/",
			Fields: []h2.Field{{Name: "sec-websocket-version", Value: "13"}},
		})
		if err != nil || head.Status != http.StatusOK {
			t.Fatal(head, err)
		}
		if strings.HasSuffix(how, "before a message") {
			continue
		}
		message := frame.AppendHeader(nil, frame.Header{FIN: true, Opcode: frame.Text, Masked: true, Length: 64})
		if _, err := x.Write(message, make([]byte, 64)); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < 66; {
			n, err := x.Read(make([]byte, 66))
			if got += n; err != nil {
				t.Fatal(err)
			}
		}
	}
}

// takeFrame reads a frame of a server, and returns its header.
func takeFrame(t *testing.T, r *bufio.Reader) frame.Header {
	for n := 2; ; n++ {
		p, err := r.Peek(n)
		if err != nil {
			t.Fatal(err)
		}
		if h, size := frame.ParseHeader(p); size > 0 {
			if _, err := r.Discard(size + int(h.Length)); err != nil {
				t.Fatal(err)
			}
			return h
		}
	}
}

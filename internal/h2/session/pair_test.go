package session

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/transport"
)

// In builds with the tag poolcheck all that was lent must have come back.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		for _, loan := range poolcheck.All() {
			if loan.Out > 0 {
				fmt.Printf("%d of %d %s are still lent: %v\n", loan.Out, loan.Lent, loan.Pool, loan.At)
				code = 1
			}
		}
		for _, fault := range poolcheck.Faults() {
			fmt.Println(fault)
			code = 1
		}
		os.Exit(code)
	}))
}

// bubble runs f in a bubble of its own time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// connect is the head of a request.
var connect = &h2.Head{Method: "CONNECT", Scheme: "http", Authority: "a.example", Path: "/", Protocol: "websocket"}

// pair is two sessions, joined.
type pair struct {
	t              *testing.T
	client, server *Session
	clientErr      error // of Run, once it has returned
	serverErr      error
	running        sync.WaitGroup
}

// join joins two sessions over net.Pipe, or over what dial returns. serve is run for each
// request, on a goroutine, after it was answered with 200.
func join(t *testing.T, client, server Config, serve func(*Stream)) *pair {
	a, b := net.Pipe()
	return joinOver(t, a, b, client, server, serve)
}

func joinOver(t *testing.T, a, b net.Conn, client, server Config, serve func(*Stream)) *pair {
	p := &pair{t: t}
	server.Role = h2.Server
	if server.Handle == nil {
		server.Handle = func(x *Stream, _ *h2.Head) {
			_ = x.Respond(&h2.Head{Status: 200})
			p.running.Go(func() {
				defer x.Served()
				defer x.Close()
				serve(x)
			})
		}
	}
	p.client, p.server = New(a, client), New(b, server)
	p.running.Go(func() { p.clientErr = p.client.Run() })
	p.running.Go(func() { p.serverErr = p.server.Run() })
	return p
}

// end closes the client's session and waits for everything.
func (p *pair) end() {
	p.t.Helper()
	p.client.Close()
	p.running.Wait()
	p.client.mu.Lock()
	p.server.mu.Lock()
	defer p.client.mu.Unlock()
	defer p.server.mu.Unlock()
	for _, s := range []*Session{p.client, p.server} {
		for st := range s.ep.Streams() {
			if x := st.Owner.(*Stream); x.users > 0 || x.in.last != nil {
				p.t.Errorf("%v: stream %d is in use", s.cfg.Role, st.ID())
			}
		}
		if s.lent != nil {
			p.t.Errorf("%v: a buffer is still lent", s.cfg.Role)
		}
	}
}

// open opens a stream of the client.
func (p *pair) open() *Stream {
	p.t.Helper()
	x, head, err := p.client.Open(p.t.Context(), connect)
	if err != nil || head.Status != 200 {
		p.t.Fatalf("%+v, %v", head, err)
	}
	return x
}

// echo sends back what comes, and ends after the peer.
func echo(x *Stream) {
	p := make([]byte, 1000)
	for {
		n, err := x.Read(p)
		if err != nil {
			break
		}
		if _, err := x.Write(p[:n/2], p[n/2:n]); err != nil {
			return
		}
	}
	x.CloseWrite()
}

// pattern is bytes by which lost or repeated ones are seen.
func pattern(from, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte((from + i) * 31 >> 3)
	}
	return p
}

// wantPattern reads until the end, or an error, and returns how many bytes came.
func wantPattern(t *testing.T, x *Stream) (n int, err error) {
	t.Helper()
	var b transport.Buffer
	defer b.Discard()
	for {
		if _, err := x.Fill(&b); err != nil {
			return n, err
		}
		got := b.Bytes()
		if string(got) != string(pattern(n, len(got))) {
			t.Fatalf("bytes from %d on are not what was sent", n)
		}
		n += len(got)
		b.Consume(len(got))
		b.Release()
	}
}

func wantIs(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// tcp is both ends of a TCP connection.
func tcp(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// talk has the client and the server of a stream exchange text and end.
func talk(t *testing.T, x *Stream, text string) {
	t.Helper()
	if n, err := x.Write([]byte(text), nil); n != len(text) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if !x.CloseWrite() || x.CloseWrite() {
		t.Error("CloseWrite")
	}
	p, err := io.ReadAll(reader{x})
	if string(p) != text || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

type reader struct{ *Stream }

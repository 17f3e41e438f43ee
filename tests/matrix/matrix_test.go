package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// matrixWays are the connections on which every method meets every other: in memory
// and on sockets, which are driven in other ways, with compression and without, and on a
// Loop, where the methods that read are of no use.
var matrixWays = []struct {
	name    string
	sockets bool
	onLoop  bool
	mode    websocket.CompressionMode
	connect func(p *matrixPair, a, b net.Conn, s *scene) (server, client *websocket.Conn)
}{
	{"memory", false, false, websocket.CompressionDisabled, (*matrixPair).overHTTP1},
	{"memory, compressed", false, false, websocket.CompressionContextTakeover, (*matrixPair).overHTTP1},
	{"TCP", true, false, websocket.CompressionDisabled, (*matrixPair).overHTTP1},
	{"TCP, compressed", true, false, websocket.CompressionContextTakeover, (*matrixPair).overHTTP1},
	{"memory, on a loop", false, true, websocket.CompressionDisabled, (*matrixPair).overHTTP1},
	{"memory, compressed, on a loop", false, true, websocket.CompressionContextTakeover, (*matrixPair).overHTTP1},
	{"TCP, on a loop", true, true, websocket.CompressionDisabled, (*matrixPair).overHTTP1},
	{"TCP, compressed, on a loop", true, true, websocket.CompressionContextTakeover, (*matrixPair).overHTTP1},
	{"HTTP/2", false, false, websocket.CompressionDisabled, (*matrixPair).overHTTP2},
	{"HTTP/2 on TCP, compressed", true, false, websocket.CompressionContextTakeover, (*matrixPair).overHTTP2},
}

// matrixEnds are how the connection ends when both have had their turn.
var matrixEnds = []func(c, other *websocket.Conn){
	func(c, _ *websocket.Conn) { _ = c.CloseNow() },
	func(c, _ *websocket.Conn) { _ = c.Close(websocket.StatusNormalClosure, "the end") },
	func(_, other *websocket.Conn) { _ = other.CloseNow() },
	func(c, other *websocket.Conn) { // the frames may cross
		_ = other.BeginClose(context.Background(), websocket.StatusGoingAway, "the end")
		_ = c.Close(websocket.StatusNormalClosure, "the end")
	},
}

// TestMatrix has every public method meet every other on a connection of their own, in
// two goroutines that begin together: a pair once as a server and, the other way
// round, as a client (with compression in one order only). Then the connection ends. Every
// call returns, with an error that its documentation knows; from then on every method says the same; nothing is left
// running; and the race detector is silent.
func TestMatrix(t *testing.T) {
	for _, way := range matrixWays {
		t.Run(way.name, func(t *testing.T) {
			pairs := 0
			goroutines := goleak.IgnoreCurrent()
			for i, one := range matrixRows {
				for j, two := range matrixRows {
					if i > j && way.mode != websocket.CompressionDisabled {
						continue // in one order only: half the time
					}
					p := &matrixPair{
						t: t, rows: [2]matrixRow{one, two}, mode: way.mode, over: way.connect, onLoop: way.onLoop,
						role: websocket.RoleServer, end: (i + j) % len(matrixEnds),
					}
					if way.onLoop && p.needs("Reader.") {
						continue // there is none
					}
					if i > j || (i+j)%2 == 1 && way.mode != websocket.CompressionDisabled {
						p.role = websocket.RoleClient
					}
					pairs++
					switch {
					case way.sockets:
						p.watched(func() { p.run(wsplay.TCP(t)) })
					default:
						synctest.Test(t, func(t *testing.T) { p.run(wstest.NetPipe(0)) })
					}
					if t.Failed() {
						t.Fatalf("%s beside %s, as a %v, end %d", one.name, two.name, p.role, p.end)
					}
				}
			}
			goleak.VerifyNone(t, goroutines)
			t.Logf("%d pairs of %d methods", pairs, len(matrixRows))
		})
	}
}

// matrixPair is two methods on a connection.
type matrixPair struct {
	t       *testing.T
	rows    [2]matrixRow
	role    websocket.Role
	mode    websocket.CompressionMode
	end     int
	sockets bool
	onLoop  bool
	over    func(p *matrixPair, a, b net.Conn, s *scene) (server, client *websocket.Conn)
}

// watched runs f where no bubble says that it waits for ever.
func (p *matrixPair) watched(f func()) {
	p.sockets = true
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		stacks := make([]byte, 1<<20)
		p.t.Fatalf("%s beside %s, as a %v: still running\n%s", p.rows[0].name, p.rows[1].name, p.role, stacks[:runtime.Stack(stacks, true)])
	}
}

func (p *matrixPair) needs(prefix string) bool {
	return strings.HasPrefix(p.rows[0].name, prefix) || strings.HasPrefix(p.rows[1].name, prefix)
}

// connect opens a connection between two ends of a stream.
func (p *matrixPair) connect(a, b net.Conn, s *scene) (c, other *websocket.Conn) {
	if p.onLoop && !p.sockets {
		a, b = p.reporting(a, b)
	}
	c, other = p.over(p, a, b, s)
	if p.role == websocket.RoleClient {
		c, other = other, c
	}
	if p.onLoop && c != nil {
		p.toLoop(c, s)
	}
	return c, other
}

func (p *matrixPair) overHTTP1(a, b net.Conn, s *scene) (server, client *websocket.Conn) {
	accepted := wsplay.Go(func() *websocket.Conn {
		c, err := websocket.Upgrade(a, &websocket.AcceptOptions{CompressionMode: p.mode, Registry: &s.registry})
		if err != nil {
			p.t.Error(err)
		}
		return c
	})
	client = p.dial(b, nil)
	return <-accepted, client
}

// overHTTP2 makes the connection a stream of one of HTTP/2.
func (p *matrixPair) overHTTP2(a, b net.Conn, s *scene) (server, client *websocket.Conn) {
	accepted := make(chan *websocket.Conn, 1)
	served := wsplay.Go(func() error {
		return websocket.ServeHTTP2(a, func(_ context.Context, c *websocket.Conn) error {
			accepted <- c
			<-c.Context().Done()
			return nil
		}, &websocket.AcceptOptions{CompressionMode: p.mode, Registry: &s.registry, OnError: func(*websocket.HandlerError) {}})
	})
	pool := &websocket.HTTP2Pool{PriorKnowledge: true, Require: true}
	s.stop = func() { pool.Close(); <-served }
	client = p.dial(b, pool)
	return <-accepted, client
}

func (p *matrixPair) dial(b net.Conn, pool *websocket.HTTP2Pool) *websocket.Conn {
	c, _, err := websocket.Dial(context.Background(), "ws://example.com/", &websocket.DialOptions{
		CompressionMode: p.mode,
		DialContext:     func(context.Context, string, string) (net.Conn, error) { return b, nil },
		Proxy:           func(*http.Request) (*url.URL, error) { return nil, nil },
		HTTP2:           pool,
	})
	if err != nil {
		p.t.Error(err)
	}
	return c
}

func (p *matrixPair) run(a, b net.Conn) {
	t := p.t
	s := &scene{stop: func() {}}
	defer func() { s.stop() }()
	c, other := p.connect(a, b, s)
	if c == nil || other == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if s.Conn, s.ctx = c, ctx; p.end%2 == 1 { // one that can end is watched, the other is not
		s.ctx = context.Background()
	}
	s.hub.Add(c)
	var all sync.WaitGroup
	all.Go(func() { // the peer has something to say, and answers
		for range 8 {
			_ = other.Write(ctx, websocket.MessageText, matrixText)
		}
		for m, err := range other.Messages(context.Background()) {
			if err == nil {
				_ = other.Write(ctx, m.Type, m.Data) // it reads on when it cannot answer any more
			}
		}
	})
	p.prepare(s)

	// Both begin when both are ready; what cannot go on waits for the end.
	var ready sync.WaitGroup
	ready.Add(2)
	errs := make(chan error, 2)
	for _, row := range p.rows {
		all.Go(func() {
			errs <- row.call(s, sync.OnceFunc(func() { ready.Done(); ready.Wait() }))
		})
	}
	got := p.quiet(errs)
	matrixEnds[p.end](c, other)
	_ = c.CloseNow()
	for len(got) < 2 {
		got = append(got, <-errs)
	}
	for i, err := range got {
		if !documented(err) {
			t.Errorf("%s and %s: call %d returned %v", p.rows[0].name, p.rows[1].name, i, err)
		}
	}
	first := p.ended(c)
	<-c.Context().Done() // CloseNow leaves the rest of a closing handshake to itself: Close and CloseNow return nil until it ends
	p.sticky(c, first)
	_ = other.CloseNow()
	all.Wait()
	p.sticky(c, first)
}

// prepare makes what the two share.
func (p *matrixPair) prepare(s *scene) {
	var err error
	if p.needs("Writer.") {
		if s.writer, err = s.Writer(s.ctx, websocket.MessageText); err != nil {
			p.t.Error(err)
		}
	}
	if p.needs("Reader.") {
		if _, s.reader, err = s.Reader(s.ctx); err != nil {
			p.t.Error(err)
		}
	}
	if p.needs("NetConn.") {
		s.netConn = websocket.NetConn(s.ctx, s.Conn, websocket.MessageText)
	}
}

// quiet waits until both calls have returned or wait themselves, and returns what
// they returned.
func (p *matrixPair) quiet(errs <-chan error) (got []error) {
	if !p.sockets {
		synctest.Wait()
		for len(errs) > 0 {
			got = append(got, <-errs)
		}
		return got
	}
	late := time.After(10 * time.Millisecond)
	for len(got) < 2 {
		select {
		case err := <-errs:
			got = append(got, err)
		case <-late:
			return got
		}
	}
	return got
}

// documented reports whether a method may return err.
func documented(err error) bool {
	_, usage := errors.AsType[*websocket.UsageError](err)
	closed, isClosed := errors.AsType[*websocket.ClosedError](err)
	switch {
	case err == nil, err == io.EOF, usage:
		return true
	case isClosed:
		return closed != nil && errors.Is(err, net.ErrClosed)
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded)
}

// sticky says that two goroutines, and all methods that can, say how it ended in the
// same words for the same cause.
func (p *matrixPair) sticky(c *websocket.Conn, first error) {
	want, ok := errors.AsType[*websocket.ClosedError](first)
	if !ok {
		p.t.Errorf("after the end Read says %v", first)
		return
	}
	ctx := context.Background()
	said := func() error {
		for _, err := range []error{
			second(c.Read(ctx)), c.Write(ctx, websocket.MessageText, nil), c.Ping(ctx), c.WritePrepared(ctx, matrixPrepared),
			c.Batch().Write(ctx, websocket.MessageText, nil), c.Close(websocket.StatusNormalClosure, ""), c.CloseNow(),
		} {
			if got, ok := errors.AsType[*websocket.ClosedError](err); !ok || got.Cause != want.Cause || got.Error() != want.Error() {
				return fmt.Errorf("says %v", err)
			}
		}
		return nil
	}
	other := wsplay.Go(said)
	if err := errors.Join(said(), <-other); err != nil {
		p.t.Errorf("after the end Read says %v, another %v", first, err)
	}
}

func second(_ websocket.MessageType, _ []byte, err error) error { return err }

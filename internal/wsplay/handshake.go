package wsplay

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// Request is a good opening request, without the empty line at its end.
const Request = "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

// UpgradeRequest is a good opening request.
const UpgradeRequest = Request + "\r\n"

// ServeOnce serves one connection to a handler, in memory, and returns the client.
func ServeOnce(t *testing.T, buffer int, h http.Handler, logged io.Writer) *Peer {
	return ServeLimited(t, buffer, h, logged, 0)
}

// ServeLimited is ServeOnce with a ReadHeaderTimeout.
func ServeLimited(t *testing.T, buffer int, h http.Handler, logged io.Writer, readHeader time.Duration) *Peer {
	a, b := wstest.NetPipe(buffer)
	l := &oneConn{Conn: a, closed: make(chan struct{})}
	s := &http.Server{Handler: h, ErrorLog: log.New(logged, "", 0), ReadHeaderTimeout: readHeader}
	p := NewPeer(t, websocket.RoleServer, b)
	p.Floods.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		_ = b.Close()
		_ = s.Close()
		p.Floods.Wait()
		synctest.Wait()
	})
	return p
}

// oneConn is a listener to which one connection comes.
type oneConn struct {
	net.Conn
	taken  bool
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if !l.taken {
		l.taken = true
		return l.Conn, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return l.LocalAddr() }

// Unwrapping is middleware as it should be: it can be unwrapped.
func Unwrapping(w http.ResponseWriter) http.ResponseWriter { return unwrapping{w} }

type unwrapping struct{ http.ResponseWriter }

func (w unwrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Response receives the answer of the server.
func (p *Peer) Response() *http.Response {
	p.T.Helper()
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(p.Head())), nil)
	if err != nil {
		p.T.Fatal(err)
	}
	return r
}

package interop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	gobwas "github.com/gobwas/ws"
	"github.com/hawser-ws/websocket"
)

// script is the peer.
type script struct {
	t        *testing.T
	c        *net.TCPConn
	w        io.Writer // c, or TLS on it
	r        *bufio.Reader
	isClient bool
}

// connectFunc connects our end to a script that sends glued, if any, in the
// same segment as its handshake.
type connectFunc func(t *testing.T, ctx context.Context, glued ...gobwas.Frame) (*websocket.Conn, *script)

// roles are our end as the client and as the server, on every kind of stream it
// may run on. Below TLS the script goes on to treat TCP badly: its end is never
// announced by a close_notify.
var roles = []struct {
	name    string
	connect connectFunc
}{
	{"our client", dialScript(nil, nil)},
	{"our client by net/http", dialScript(nil, &http.Client{})},
	{"our client on TLS", dialScript(newIdentity(), nil)},
	{"our server", acceptScript(nil)},
	{"our server on TLS", acceptScript(newIdentity())},
}

// bothRoles runs a test in each of the roles.
func bothRoles(t *testing.T, test func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script)) {
	t.Parallel()
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			c, p := role.connect(t, ctx)
			test(t, ctx, c, p)
		})
	}
}

func dialScript(id *identity, client *http.Client) connectFunc {
	return func(t *testing.T, ctx context.Context, glued ...gobwas.Frame) (*websocket.Conn, *script) {
		t.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		url, opts := "ws://"+l.Addr().String(), &websocket.DialOptions{HTTPClient: client}
		if id != nil {
			url, opts.TLSConfig = "wss://"+l.Addr().String(), id.trusting()
		}
		p := &script{t: t}
		handshake := inBackground(func() error {
			raw, err := l.Accept()
			if err != nil {
				return err
			}
			p.on(raw)
			if id != nil {
				p.overTLS(tls.Server(raw, id.server()))
			}
			var response bytes.Buffer
			if _, err := gobwas.Upgrade(readWriter{p.r, &response}); err != nil {
				return err
			}
			_, err = p.w.Write(append(response.Bytes(), p.bytes(glued...)...))
			return err
		})
		c, _, err := websocket.Dial(ctx, url, opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		if err := handshake.get(t, "the script's handshake"); err != nil {
			t.Fatal(err)
		}
		return c, p
	}
}

func acceptScript(id *identity) connectFunc {
	return func(t *testing.T, ctx context.Context, glued ...gobwas.Frame) (*websocket.Conn, *script) {
		t.Helper()
		accepted := make(chan *websocket.Conn, 1)
		failed := make(chan error, 1)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				failed <- err
				return
			}
			accepted <- c
			<-ctx.Done() // the test has the connection now
		}))
		if id != nil {
			s.TLS = id.server()
			s.StartTLS()
		} else {
			s.Start()
		}
		t.Cleanup(s.Close)

		raw, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		p := &script{t: t, isClient: true}
		p.on(raw)
		if id != nil {
			p.overTLS(tls.Client(raw, id.trusting()))
		}
		u := &url.URL{Scheme: "ws", Host: raw.RemoteAddr().String(), Path: "/"}
		early, _, err := gobwas.Dialer{}.Upgrade(readWriter{p.r, gluedWriter{p.w, p.bytes(glued...)}}, u)
		if err != nil {
			t.Fatal(err)
		}
		if early != nil {
			p.r = early
		}
		select {
		case c := <-accepted:
			t.Cleanup(func() { c.CloseNow() })
			return c, p
		case err := <-failed:
			t.Fatal(err)
			return nil, nil
		}
	}
}

func (p *script) on(c net.Conn) {
	p.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(bound))
	p.c, p.w, p.r = c.(*net.TCPConn), c, bufio.NewReader(c)
}

func (p *script) overTLS(c *tls.Conn) { p.w, p.r = c, bufio.NewReader(c) }

type readWriter struct {
	io.Reader
	io.Writer
}

// gluedWriter appends glued to what is written.
type gluedWriter struct {
	w     io.Writer
	glued []byte
}

func (g gluedWriter) Write(b []byte) (int, error) {
	_, err := g.w.Write(append(bytes.Clone(b), g.glued...))
	return len(b), err
}

// bytes returns frames as the script sends them.
func (p *script) bytes(frames ...gobwas.Frame) []byte { return frameBytes(p.isClient, frames) }

func frameBytes(masked bool, frames []gobwas.Frame) []byte {
	var b []byte
	for _, f := range frames {
		if masked {
			f = gobwas.MaskFrame(f)
		}
		b = append(b, gobwas.MustCompileFrame(f)...)
	}
	return b
}

// send sends frames in one segment, or as near to it as TCP comes.
func (p *script) send(frames ...gobwas.Frame) { p.sendBytes(p.bytes(frames...)) }

func (p *script) sendBytes(b []byte) {
	p.t.Helper()
	if _, err := p.w.Write(b); err != nil {
		p.t.Fatalf("the script cannot send: %v", err)
	}
}

// reset ends TCP with RST.
func (p *script) reset() {
	p.c.SetLinger(0)
	p.c.Close()
}

// receiveClose reads up to our Close frame.
func (p *script) receiveClose() verdict {
	p.t.Helper()
	for {
		//lint:ignore SA1019 the peer is our own engine, and sends what the test has it send
		f, err := gobwas.ReadFrame(p.r)
		if err != nil {
			p.t.Fatalf("the script waits for our Close frame: %v", err)
		}
		if f.Header.OpCode == gobwas.OpClose {
			f = gobwas.UnmaskFrame(f)
			if len(f.Payload) == 0 {
				return verdict{Code: 1005}
			}
			code, reason := gobwas.ParseCloseFrameData(f.Payload)
			return verdict{Code: int(code), Reason: reason}
		}
	}
}

// receiveEnd checks that our end closes TCP without having sent anything more.
func (p *script) receiveEnd() {
	p.t.Helper()
	if n, err := io.Copy(io.Discard, p.r); n != 0 || err != nil {
		p.t.Errorf("behind our Close frame the script received %d bytes and %v, want the end of TCP", n, err)
	}
}

func textFrame(s string) gobwas.Frame { return gobwas.NewTextFrame([]byte(s)) }

func closeFrame(code int, reason string) gobwas.Frame {
	return gobwas.NewCloseFrame(gobwas.NewCloseFrameBody(gobwas.StatusCode(code), reason))
}

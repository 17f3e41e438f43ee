package websocket

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/handshake"
)

// dialPeer gives a NetDialContext to a server in memory, which runs a script for the
// request and then waits for the client to close.
func dialPeer(answer func(w io.Writer, r *http.Request)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			br := bufio.NewReader(server)
			if r, err := http.ReadRequest(br); err == nil {
				answer(server, r)
				_, _ = io.Copy(io.Discard, br)
			}
		}()
		return client, nil
	}
}

// switchingWith answers a handshake as it should be, and adds header lines and what comes
// behind.
func switchingWith(lines, behind string) func(io.Writer, *http.Request) {
	return func(w io.Writer, r *http.Request) {
		head := handshake.AppendSwitching(nil, handshake.Acceptance{Key: r.Header.Get("Sec-Websocket-Key")}, nil)
		_, _ = io.WriteString(w, strings.TrimSuffix(string(head), "\r\n")+lines+"\r\n"+behind)
	}
}

// An answer that claims to be a handshake and is not in order says why.
func TestDialBrokenHandshake(t *testing.T) {
	for _, test := range []struct {
		name, lines, want string
	}{
		{"subprotocol", "Sec-WebSocket-Protocol: x\r\n", `websocket: bad handshake: subprotocol "x" was not offered (§4.1)`},
		{"subprotocol twice", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n", "websocket: bad handshake: Sec-WebSocket-Protocol comes 2 times (§4.1)"},
		{"extension", "Sec-WebSocket-Extensions: x-other\r\n", `websocket: bad handshake: extension "x-other" was not offered (§4.1)`},
		{"compression", "Sec-WebSocket-Extensions: permessage-deflate\r\n", `websocket: bad handshake: extension "permessage-deflate" was not offered (§4.1)`},
		{"key answered twice", "Sec-WebSocket-Accept: x\r\n", "websocket: bad handshake: Sec-WebSocket-Accept comes 2 times (§4.1)"},
	} {
		d := Dialer{NetDialContext: dialPeer(switchingWith(test.lines, "")), Subprotocols: []string{"a"}}
		c, resp, err := d.Dial("ws://example.com/", nil)
		if c != nil || resp == nil || resp.StatusCode != 101 || !errors.Is(err, ErrBadHandshake) || err.Error() != test.want {
			t.Errorf("%s: %v, %v", test.name, resp, err)
		}
	}
}

func TestDialBadCompression(t *testing.T) {
	for _, lines := range []string{
		"Sec-WebSocket-Extensions: permessage-deflate\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; unknown\r\n",
	} {
		d := Dialer{NetDialContext: dialPeer(switchingWith(lines, "")), EnableCompression: true}
		_, resp, err := d.Dial("ws://example.com/", nil)
		if resp == nil || err == nil || err.Error() != "websocket: invalid compression negotiation" {
			t.Errorf("%s: %v, %v", lines, resp, err)
		}
	}
}

// A server need not repeat what the client says of itself.
func TestDialCompressionAccepted(t *testing.T) {
	d := Dialer{
		NetDialContext:    dialPeer(switchingWith("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n", "")),
		EnableCompression: true,
	}
	c, _, err := d.Dial("ws://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// What is no HTTP, or ends too early, has no response.
func TestDialNoResponse(t *testing.T) {
	say := func(text string) func(io.Writer, *http.Request) {
		return func(w io.Writer, _ *http.Request) {
			_, _ = io.WriteString(w, text)
			w.(net.Conn).Close()
		}
	}
	for text, want := range map[string]string{
		"":                     "unexpected EOF",
		"HTTP/1.1 101 x\r\nUp": "unexpected EOF",
		"SSH-2.0-x\r\n":        `websocket: reading the response: malformed HTTP response "SSH-2.0-x" (RFC 9112 §2)`,
	} {
		d := Dialer{NetDialContext: dialPeer(say(text))}
		_, resp, err := d.Dial("ws://example.com/", nil)
		if resp != nil || err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v", text, resp, err)
		}
		if want == io.ErrUnexpectedEOF.Error() && err != io.ErrUnexpectedEOF {
			t.Errorf("%T", err)
		}
	}
}

// Informational responses come before the one that counts.
func TestDialInformational(t *testing.T) {
	d := Dialer{NetDialContext: dialPeer(func(w io.Writer, r *http.Request) {
		_, _ = io.WriteString(w, "HTTP/1.1 103 Early Hints\r\n\r\n")
		switchingWith("", "")(w, r)
	})}
	c, _, err := d.Dial("ws://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// The end of the context ends the handshake wherever it is, and so does the timeout.
func TestDialStalls(t *testing.T) {
	for _, proxy := range []string{"", "http://proxy.example", "socks5://proxy.example"} {
		synctest.Test(t, func(t *testing.T) {
			d := Dialer{NetDialContext: dialPeer(func(io.Writer, *http.Request) {})}
			if proxy != "" {
				d.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			own := errors.New("mine")
			time.AfterFunc(time.Minute, func() { cancel(own) })
			_, _, err := d.DialContext(ctx, "ws://example.com/", nil)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, own) {
				t.Errorf("through %q: %v", proxy, err)
			}
			d.HandshakeTimeout = time.Minute
			_, _, err = d.Dial("ws://example.com/", nil)
			if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
				t.Errorf("through %q: %T %v", proxy, err, err)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			d.HandshakeTimeout = time.Hour
			_, _, err = d.DialContext(ctx, "ws://example.com/", nil)
			if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
				t.Errorf("through %q: %T %v", proxy, err, err)
			}
		})
	}
}

// noDeadlines is a connection that refuses deadlines.
type noDeadlines struct {
	net.Conn
	closed bool
}

func (c *noDeadlines) SetDeadline(time.Time) error { return errors.ErrUnsupported }
func (c *noDeadlines) Close() error                { c.closed = true; return c.Conn.Close() }

func TestDialWithoutDeadlines(t *testing.T) {
	var nc *noDeadlines
	dial := dialPeer(switchingWith("", ""))
	d := Dialer{NetDial: func(network, addr string) (net.Conn, error) {
		plain, err := dial(context.Background(), network, addr)
		nc = &noDeadlines{Conn: plain}
		return nc, err
	}}
	c, _, err := d.Dial("ws://example.com/", nil)
	if err != nil {
		t.Fatal(err) // nothing needs one
	}
	c.Close()
	d.HandshakeTimeout = time.Minute
	if _, _, err := d.Dial("ws://example.com/", nil); !errors.Is(err, errors.ErrUnsupported) || !nc.closed {
		t.Errorf("%v, closed %v", err, nc.closed)
	}
}

// What cannot be sent is refused before anything is dialed.
func TestDialMisuse(t *testing.T) {
	for _, test := range []struct {
		u      string
		header http.Header
		want   string
	}{
		{"ws://example.com/", http.Header{"Sec-Websocket-Protocol": {"a\nb"}}, `websocket: subprotocol "a\nb" is not an element of a list (§4.1)`},
		{"ws://example.com/", http.Header{"A b": {"x"}}, `websocket: HTTPHeader has the name "A b", which is not a token`},
		{"ws://example.com/", http.Header{"Host": {"a b"}}, "websocket: Host: host a b has the character ' '"},
		{"ws://example.com/", http.Header{"sec-websocket-key": {"x"}}, "websocket: duplicate header not allowed: sec-websocket-key"},
		{"ws:///path", nil, "malformed ws or wss URL"},
		{"ws://example.com:99999/", nil, "websocket: port 99999 is not below 65536"},
	} {
		d := Dialer{NetDial: func(string, string) (net.Conn, error) {
			t.Error("dialed")
			return nil, io.EOF
		}}
		if _, _, err := d.Dial(test.u, test.header); err == nil || err.Error() != test.want {
			t.Errorf("%s %v: %v, want %s", test.u, test.header, err, test.want)
		}
	}
}

// A proxy that is not one, or of an unknown kind.
func TestDialProxyFails(t *testing.T) {
	for proxy, want := range map[string]string{
		"ftp://proxy.example":    "proxy: unknown scheme: ftp",
		"http://proxy.example":   "websocket: proxy http://proxy.example:80: answered 418 I'm a teapot",
		"socks5://proxy.example": "proxy: SOCKS5 proxy at proxy.example:1080 failed to connect: unexpected protocol version 72",
	} {
		d := Dialer{
			Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(proxy) },
			NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					defer server.Close()
					_, _ = server.Read(make([]byte, 1000))
					_, _ = io.WriteString(server, "HTTP/1.1 418 x\r\nContent-Length: 0\r\n\r\n")
				}()
				return client, nil
			},
		}
		_, resp, err := d.Dial("ws://example.com/", nil)
		if resp != nil || err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, %v", proxy, resp, err)
		}
	}
}

// Elements of a list in the header are offered once each.
func TestDialSubprotocolsInHeader(t *testing.T) {
	offered := make(chan string, 1)
	d := Dialer{NetDialContext: dialPeer(func(w io.Writer, r *http.Request) {
		offered <- r.Header.Get("Sec-Websocket-Protocol")
		switchingWith("Sec-WebSocket-Protocol: b\r\n", "")(w, r)
	})}
	c, _, err := d.Dial("ws://example.com/", http.Header{"Sec-Websocket-Protocol": {"a,, b", "a"}})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if got := <-offered; got != "a, b" || c.Subprotocol() != "b" {
		t.Errorf("offered %q, chosen %q", got, c.Subprotocol())
	}
}

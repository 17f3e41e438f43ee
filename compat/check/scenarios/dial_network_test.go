//lint:file-ignore SA1019 what is deprecated has users as well

package scenarios

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Errors of the network are those of package net, with nothing around them.
func TestDialNetworkErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, resp, err := new(websocket.Dialer).Dial("ws://"+l.Addr().String(), nil)
	if op, ok := err.(*net.OpError); !ok || op.Op != "dial" || resp != nil {
		t.Errorf("%T %v", err, err)
	}
	own := errors.New("mine")
	d := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return nil, own }}
	if _, _, err := d.Dial("ws://example.com", nil); err != own {
		t.Errorf("%T %v", err, err)
	}
	d = websocket.Dialer{Proxy: func(*http.Request) (*url.URL, error) { return nil, own }}
	if _, _, err := d.Dial("ws://example.com", nil); err != own {
		t.Errorf("%T %v", err, err)
	}
	if _, _, err := new(websocket.Dialer).Dial("ws://"+script(t, " "), nil); err == nil || strings.HasPrefix(err.Error(), "websocket: bad handshake") {
		t.Errorf("%T %v", err, err)
	}
	_, u, _ := serveTLS(t, accepting(nil))
	_, _, err = new(websocket.Dialer).Dial(u, nil)
	if _, ok := err.(*tls.CertificateVerificationError); !ok {
		t.Errorf("%T %v", err, err)
	}
}

// A handshake that takes too long is a timeout, as programs ask for it.
func TestDialTimeout(t *testing.T) {
	addr := script(t, "")
	d := websocket.Dialer{HandshakeTimeout: 50 * time.Millisecond}
	_, _, err := d.Dial("ws://"+addr, nil)
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
		t.Errorf("%T %v", err, err)
	}
	d.HandshakeTimeout = -1
	if _, _, err := d.Dial("ws://"+addr, nil); err == nil {
		t.Error("no time was enough")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err = new(websocket.Dialer).DialContext(ctx, "ws://"+addr, nil)
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
		t.Errorf("%T %v", err, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, _, err = new(websocket.Dialer).DialContext(ctx, "ws://"+addr, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%T %v", err, err)
	}
}

// withDeadline fails the test if it is used without a deadline.
type withDeadline struct {
	net.Conn
	t   *testing.T
	set bool
}

func (c *withDeadline) SetDeadline(at time.Time) error {
	c.set = !at.IsZero()
	return c.Conn.SetDeadline(at)
}

func (c *withDeadline) Read(p []byte) (int, error) {
	if !c.set {
		c.t.Error("read without a deadline")
	}
	return c.Conn.Read(p)
}

func (c *withDeadline) Write(p []byte) (int, error) {
	if !c.set {
		c.t.Error("write without a deadline")
	}
	return c.Conn.Write(p)
}

// While the handshake lasts a connection has its deadline, and afterwards none.
func TestDialDeadline(t *testing.T) {
	_, u := serve(t, accepting(nil))
	var nc *withDeadline
	d := websocket.Dialer{
		HandshakeTimeout: time.Minute,
		NetDial: func(network, addr string) (net.Conn, error) {
			dialed, err := net.Dial(network, addr)
			nc = &withDeadline{Conn: dialed, t: t}
			return nc, err
		},
	}
	c, resp, err := d.Dial(u, nil)
	dialed(t, c, resp, err)
	if nc.set || c.NetConn() != net.Conn(nc) || c.UnderlyingConn() != net.Conn(nc) {
		t.Error("the deadline has stayed, or the connection is another")
	}
}

// Which function dials.
func TestDialFunctions(t *testing.T) {
	plain, plainURL := serve(t, accepting(nil))
	secure, secureURL, trust := serveTLS(t, accepting(nil))
	for _, test := range []struct {
		url  string
		have string // which functions there are
		want string
	}{
		{plainURL, "NetDial NetDialContext NetDialTLSContext", "NetDialContext"},
		{plainURL, "NetDial NetDialTLSContext", "NetDial"},
		{plainURL, "NetDialTLSContext", ""},
		{secureURL, "NetDial NetDialContext NetDialTLSContext", "NetDialTLSContext"},
		{secureURL, "NetDial NetDialContext", "NetDialContext"},
		{secureURL, "NetDial", "NetDial"},
		{secureURL, "", ""},
	} {
		called := ""
		to := func(name string) (net.Conn, error) {
			called += name
			if strings.HasPrefix(test.url, "wss") {
				return net.Dial("tcp", secure.Listener.Addr().String())
			}
			return net.Dial("tcp", plain.Listener.Addr().String())
		}
		d := websocket.Dialer{TLSClientConfig: trust}
		for name := range strings.FieldsSeq(test.have) {
			withContext := func(context.Context, string, string) (net.Conn, error) { return to(name) }
			switch name {
			case "NetDial":
				d.NetDial = func(network, addr string) (net.Conn, error) {
					if u, _ := url.Parse(test.url); network != "tcp" || addr != u.Host {
						t.Errorf("NetDial(%s, %s)", network, addr)
					}
					return to(name)
				}
			case "NetDialContext":
				d.NetDialContext = withContext
			case "NetDialTLSContext":
				d.NetDialTLSContext = func(context.Context, string, string) (net.Conn, error) {
					nc, err := to(name)
					if err != nil {
						return nil, err
					}
					config := trust.Clone()
					config.ServerName = "example.com"
					return tls.Client(nc, config), nil
				}
			}
		}
		c, resp, err := d.Dial(test.url, nil)
		dialed(t, c, resp, err)
		if called != test.want {
			t.Errorf("%s with %s: called %q, want %q", test.url, test.have, called, test.want)
		}
	}
}

package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/handshake"
)

// What the documentation of HandshakeError lets a caller tell, and the texts.
func TestDialErrors(t *testing.T) {
	noLeaks(t)
	reply := func(response string) string {
		return dialScript(t, func(p *dialPeer) { p.request(); _, _ = io.WriteString(p, response) })
	}
	forbidden := reply("HTTP/1.1 403 x\r\nContent-Length: 2\r\n\r\nno")
	broken := reply("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	proxy := reply("HTTP/1.1 407 x\r\nContent-Length: 4\r\n\r\nwho?")
	sorry := errors.New("sorry")
	for _, test := range []struct {
		name, u, text      string
		opts               DialOptions
		response           int // the status of the server's; 0: none
		proxy, badResponse bool
	}{
		{
			name: "refused", u: "ws://user:secret@" + forbidden + "/p?secret", response: 403, badResponse: true,
			text: "websocket: handshake with ws://" + forbidden + "/p: server answered 403 Forbidden",
		},
		{
			name: "protocol", u: "ws://" + broken, response: 101, badResponse: true,
			text: "websocket: handshake with ws://" + broken + "/: Sec-WebSocket-Accept comes 0 times (§4.1)",
		},
		{
			name: "proxy", u: "ws://example.com/", proxy: true,
			opts: DialOptions{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://user:secret@" + proxy) }},
			text: "websocket: handshake with ws://example.com/: proxy http://" + proxy + ": answered 407 Proxy Authentication Required",
		},
		{
			name: "transport", u: "ws://example.com/",
			opts: DialOptions{Proxy: noProxy, DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, sorry }},
			text: "websocket: handshake with ws://example.com/: connecting: sorry",
		},
	} {
		c, resp, err := Dial(t.Context(), test.u, &test.opts)
		failed, ok := errors.AsType[*HandshakeError](err)
		if c != nil || !ok || err.Error() != test.text || failed.Response != resp {
			t.Errorf("%s: %v, %v\n got %v\nwant %v", test.name, c, resp, err, test.text)
			continue
		}
		if resp == nil != (test.response == 0) || resp != nil && resp.StatusCode != test.response {
			t.Errorf("%s: response %v", test.name, resp)
		}
		if _, ok := errors.AsType[*handshake.BadResponse](err); ok != test.badResponse {
			t.Errorf("%s: BadResponse: %v", test.name, ok)
		}
		through, ok := errors.AsType[*ProxyError](err)
		if ok != test.proxy {
			t.Errorf("%s: ProxyError: %v", test.name, ok)
		}
		if ok {
			body, _ := io.ReadAll(through.Response.Body)
			if through.Proxy != "http://"+proxy || through.Response.StatusCode != 407 || string(body) != "who?" {
				t.Errorf("%s: %s, %d, %q", test.name, through.Proxy, through.Response.StatusCode, body)
			}
		}
		if test.name == "transport" && !errors.Is(err, sorry) {
			t.Errorf("%s: %v does not match its cause", test.name, err)
		}
	}
}

// stalled dials a peer in memory that never answers.
func stalled(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		return client, nil
	}
}

func TestDialDefaultTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := time.Now()
		_, _, err := Dial(context.Background(), "ws://h/", &DialOptions{DialContext: stalled(t), Proxy: noProxy})
		if took := time.Since(before); took != defaultHandshakeTimeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(took, err)
		}
	})
}

// A negative Timeouts.Handshake leaves the handshake to the context.
func TestDialNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		before := time.Now()
		_, _, err := Dial(ctx, "ws://h/", &DialOptions{DialContext: stalled(t), Proxy: noProxy, Timeouts: Timeouts{Handshake: -1}})
		if took := time.Since(before); took != time.Hour || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(took, err)
		}
	})
}

package attack_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// verdict sends a request through a door and returns the status of the answer. The
// server must agree with itself about whether it was accepted.
func verdict(t *testing.T, open door, opts *websocket.AcceptOptions, request string) (status int, r *http.Response) {
	t.Helper()
	accepted, told := false, 0
	p := open(t, opts, 0, func(c *websocket.Conn, err error) {
		if refused, ok := errors.AsType[*websocket.AcceptError](err); ok {
			if told == 0 { // net/http goes on to the request behind one that was refused
				told = refused.Status
			}
			return
		}
		accepted = err == nil
		_ = c.CloseNow()
	})
	p.SendBytes([]byte(request))
	r = p.Response()
	synctest.Wait()
	if accepted != (r.StatusCode == http.StatusSwitchingProtocols) {
		t.Errorf("the client was told %s, the server has a connection: %v", r.Status, accepted)
	}
	if told != 0 && told != r.StatusCode {
		t.Errorf("the client was told %s, the server %d", r.Status, told)
	}
	return r.StatusCode, r
}

// Both the parser of Upgrade and that of net/http stand before the same judge.
func TestAttackSmuggling(t *testing.T) {
	const second = "GET /admin HTTP/1.1\r\nHost: example.com\r\n\r\n"
	good := wsplay.Request + "\r\n"
	for _, row := range []struct {
		line, request string
		status        []int // net/http answers some of them by itself
	}{
		{"none of it", good, []int{101}},
		{"HTTP/1.0", strings.Replace(good, "1.1", "1.0", 1), []int{505, 426}},
		{"POST", strings.Replace(good, "GET", "POST", 1), []int{405}},
		{"body with Content-Length on upgrade (smuggling)", wsplay.Request + "Content-Length: 42\r\n\r\n" + second, []int{400}},
		{"body with Transfer-Encoding", wsplay.Request + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second, []int{400}},
		{"Content-Length and Transfer-Encoding", wsplay.Request + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []int{400}},
		{"duplicate Key", wsplay.Request + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", []int{400}},
		{"duplicate Version", wsplay.Request + "sec-websocket-version: 13\r\n\r\n", []int{400}},
		{"duplicate Host", wsplay.Request + "Host: example.com\r\n\r\n", []int{400}},
		{"duplicate Extensions are one list", wsplay.Request + "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n\r\n", []int{101}},
		{"empty Sec-WebSocket-* lists", wsplay.Request + "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Extensions: ,\r\n\r\n", []int{101}},
		{"Connection lists with odd case", strings.Replace(good, "Connection: Upgrade", "cONNECTION: ,Keep-Alive ,\tuPGRADE,", 1), []int{101}},
		{"huge Sec-WebSocket-* lists", wsplay.Request + "Sec-WebSocket-Protocol: " + strings.Repeat("a,", 7000) + "b\r\n\r\n", []int{400}},
		{"version 12", strings.Replace(good, "Version: 13", "Version: 12", 1), []int{426}},
		{"not a handshake", second, []int{400, 426}},
	} {
		through(t, row.line, func(t *testing.T, open door) {
			got, _ := verdict(t, open, &websocket.AcceptOptions{Subprotocols: []string{"b"}}, row.request)
			for _, want := range row.status {
				if got == want {
					return
				}
			}
			t.Errorf("answered %d, want %v", got, row.status)
		})
	}
	for _, value := range []string{"a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\x00b"} {
		through(t, "CR LF NUL in response headers", func(t *testing.T, open door) {
			for name, h := range map[string]http.Header{"value": {"X-Ours": {value}}, "name": {value: {"a"}}} {
				opts := &websocket.AcceptOptions{HTTPHeader: h}
				p := open(t, opts, 0, func(c *websocket.Conn, err error) {
					if err == nil {
						t.Errorf("%s %q: accepted", name, value)
						_ = c.CloseNow()
					}
				})
				p.SendBytes([]byte(wsplay.UpgradeRequest))
				_ = p.SetReadDeadline(time.Now().Add(time.Minute))
				p.HalfClose()
				answer, _ := io.ReadAll(p)
				if strings.Contains(string(answer), "Set-Cookie") || strings.Contains(string(answer), " 101 ") {
					t.Errorf("%s %q: answered %q", name, value, answer)
				}
			}
		})
	}
	through(t, "CR LF NUL in subprotocol", func(t *testing.T, open door) {
		for _, bad := range []string{"a\r\nSet-Cookie: x=1", "a\x00", "a b", ""} {
			_, r := verdict(t, open, &websocket.AcceptOptions{Subprotocols: []string{bad, "good"}}, wsplay.Request+"Sec-WebSocket-Protocol: good\r\n\r\n")
			if r.Header["Set-Cookie"] != nil {
				t.Errorf("%q: %v", bad, r.Header)
			}
		}
	})
}

func TestAttackOrigin(t *testing.T) {
	for _, row := range []struct {
		line, headers string
		patterns      string
		status        int
	}{
		{"missing", "", "", 101},
		{"its own", "Origin: http://example.com\r\n", "", 101},
		{"null", "Origin: null\r\n", "", 403},
		{"null, allowed by name", "Origin: null\r\n", "null", 101},
		{"null, not allowed by a wildcard", "Origin: null\r\n", "*", 403},
		{"multiple", "Origin: http://example.com\r\nOrigin: http://example.com\r\n", "", 400},
		{"multiple in one", "Origin: http://example.com http://evil.com\r\n", "", 403},
		{"uppercase", "Origin: HTTP://EXAMPLE.COM\r\n", "", 101},
		{"port default", "Origin: http://example.com:80\r\n", "", 101},
		{"another port", "Origin: http://example.com:8080\r\n", "", 403},
		{"userinfo tricks", "Origin: http://example.com@evil.com\r\n", "", 403},
		{"userinfo tricks, the other way", "Origin: http://evil.com@example.com\r\n", "", 403},
		{"trailing dot", "Origin: http://example.com.\r\n", "", 101},
		{"trailing dot, another host", "Origin: http://example.com.evil.com\r\n", "", 403},
		{"IPv6", "Origin: http://[::1]:8080\r\n", "[[]::1]:8080", 101},
		{"IPv6, another", "Origin: http://[::2]:8080\r\n", "", 403},
		{"scheme mismatch with a pattern", "Origin: http://app.example\r\n", "https://app.example", 403},
		{"scheme match with a pattern", "Origin: https://app.example\r\n", "https://app.example", 101},
		{"scheme mismatch with the port", "Origin: https://example.com:80\r\n", "", 403},
		{"a scheme that is not of the web", "Origin: ftp://example.com\r\n", "", 403},
		{"Sec-Fetch-Site: cross-site, own Origin", "Origin: http://example.com\r\nSec-Fetch-Site: cross-site\r\n", "", 403},
		{"Sec-Fetch-Site: cross-site, no Origin", "Sec-Fetch-Site: cross-site\r\n", "", 403},
		{"Sec-Fetch-Site: same-origin", "Origin: http://example.com\r\nSec-Fetch-Site: same-origin\r\n", "", 101},
	} {
		through(t, row.line, func(t *testing.T, open door) {
			opts := &websocket.AcceptOptions{OriginPatterns: strings.Fields(row.patterns)}
			if got, _ := verdict(t, open, opts, wsplay.Request+row.headers+"\r\n"); got != row.status {
				t.Errorf("answered %d, want %d", got, row.status)
			}
		})
	}
	through(t, "any, because verification is off", func(t *testing.T, open door) {
		got, _ := verdict(t, open, &websocket.AcceptOptions{InsecureSkipVerify: true}, wsplay.Request+"Origin: http://evil.com\r\n\r\n")
		if got != 101 {
			t.Errorf("answered %d", got)
		}
	})
	// The error says what was compared, and what would allow it.
	t.Run("what the error says", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := doors["Upgrade"](t, nil, 0, func(_ *websocket.Conn, err error) {
				for _, want := range []string{"http://evil.com", "example.com", "OriginPatterns"} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%v does not say %s", err, want)
					}
				}
				if refusal, ok := errors.AsType[*handshake.Refusal](err); !ok || refusal.Status != 403 {
					t.Errorf("%v", err)
				}
			})
			p.SendBytes([]byte(wsplay.Request + "Origin: http://evil.com\r\n\r\n"))
			p.Response()
		})
	})
	// A page that came in plain may not speak to a server that has TLS.
	t.Run("scheme mismatch over TLS", func(t *testing.T) {
		for origin, want := range map[string]int{"http://example.com": 403, "https://example.com": 101, "https://example.com:443": 101, "http://example.com:443": 403} {
			synctest.Test(t, func(t *testing.T) {
				a, b := wsplay.TLSPipe()
				p := wsplay.NewPeer(t, websocket.RoleServer, b)
				p.Floods.Go(func() {
					if c, err := websocket.Upgrade(a.(*tls.Conn), nil); err == nil {
						_ = c.CloseNow()
					}
				})
				p.SendBytes([]byte(wsplay.Request + "Origin: " + origin + "\r\n\r\n"))
				if r := p.Response(); r.StatusCode != want {
					t.Errorf("%s: answered %s, want %d", origin, r.Status, want)
				}
				_ = p.Close()
				p.Floods.Wait()
			})
		}
	})
}

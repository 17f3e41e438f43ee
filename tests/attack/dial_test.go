package attack_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// The client's half of the opening handshake: what a server may answer. Redirects,
// proxies and URLs are in the tests of Dial, each rule on a header in TestCheckRules of
// package handshake.

// toServer dials a server that is played by hand, in a bubble.
func toServer(t *testing.T, opts websocket.DialOptions, server func(p *wsplay.Peer)) (*websocket.Conn, error) {
	t.Helper()
	near, far := wstest.NetPipe(0)
	p := wsplay.NewPeer(t, websocket.RoleClient, far)
	done := make(chan struct{})
	go func() { defer close(done); server(p) }()
	t.Cleanup(func() { _ = p.Close(); <-done })
	opts.DialContext = func(context.Context, string, string) (net.Conn, error) { return near, nil }
	opts.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	c, _, err := websocket.Dial(context.Background(), "ws://example.com/", &opts)
	if err != nil && c != nil {
		t.Errorf("a connection beside %v", err)
	}
	if err != nil { // the socket is not left open
		_ = near.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the connection is not closed: %v", err)
		}
	}
	return c, err
}

// switchingTo answers the request that p receives. KEY is the right Accept.
func switchingTo(p *wsplay.Peer, response string) string {
	_, key, _ := strings.Cut(p.Head(), "Sec-WebSocket-Key: ")
	key, _, _ = strings.Cut(key, "\r\n")
	accept := handshake.AcceptKey(key)
	return strings.ReplaceAll(response, "KEY", string(accept[:]))
}

const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n"

func TestAttackDial(t *testing.T) {
	offering := websocket.DialOptions{Subprotocols: []string{"chat"}, CompressionMode: websocket.CompressionContextTakeover}
	instead := func(old, new string) string { return strings.Replace(switched, old, new, 1) + "\r\n" }
	for _, row := range []struct {
		line, response string
		good           bool
	}{
		{"none of it", switched + "\r\n", true},
		{"Connection lists with odd case", instead("Connection: Upgrade", "cONNECTION: ,Keep-Alive ,\tuPGRADE,"), true},
		{"huge Sec-WebSocket-Extensions list", switched + "Sec-WebSocket-Extensions: " + strings.Repeat("a,", 20_000) + "b\r\n\r\n", false},
		{"huge Sec-WebSocket-Protocol list", switched + "Sec-WebSocket-Protocol: " + strings.Repeat("a,", 20_000) + "b\r\n\r\n", false},
		{"huge Connection list", instead("Connection: Upgrade", "Connection: "+strings.Repeat("a,", 20_000)+"upgrade"), true},
		{"CR in a subprotocol", switched + "Sec-WebSocket-Protocol: chat\rX: y\r\n\r\n", false},
		{"LF in a subprotocol", switched + "Sec-WebSocket-Protocol: chat\n, chat\r\n\r\n", false},
		{"NUL in a subprotocol", switched + "Sec-WebSocket-Protocol: chat\x00\r\n\r\n", false},
		{"duplicate Accept", switched + "Sec-WebSocket-Accept: KEY\r\n\r\n", false},
		{"duplicate Extensions", switched + "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", false},
		{"duplicate Protocol", switched + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n", false},
		{"duplicate Upgrade", switched + "Upgrade: websocket\r\n\r\n", false},
		{"HTTP/1.0", strings.Replace(switched, "1.1", "1.0", 1) + "\r\n", false},
		{"HTTP/2.0", strings.Replace(switched, "1.1", "2.0", 1) + "\r\n", false},
		{"101 without Accept", instead("Sec-WebSocket-Accept: KEY\r\n", ""), false},
		{"Accept compare", instead("KEY", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), false},
		{"Accept compare, in another case", "LOWER" + switched + "\r\n", false},
		{"1xx before 101", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + switched + "\r\n", true},
		{"1xx before 101, without end", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000) + switched + "\r\n", false},
		// RFC 9112 §6.3: a 101 ends with its head, whatever that says. What follows is frames.
		{"body with Content-Length", switched + "Content-Length: 9\r\n\r\n", true},
		{"body with Transfer-Encoding", switched + "Transfer-Encoding: chunked\r\n\r\n", true},
		{"extension not offered", switched + "Sec-WebSocket-Extensions: x-webkit-deflate-frame\r\n\r\n", false},
		{"parameters not offered", switched + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n", false},
	} {
		t.Run(row.line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := toServer(t, offering, func(p *wsplay.Peer) {
					response, lower := strings.CutPrefix(switchingTo(p, row.response), "LOWER")
					if lower {
						head, accept, _ := strings.Cut(response, "Accept: ")
						response = head + "Accept: " + strings.ToLower(accept)
					}
					_, _ = io.WriteString(p, response)
					_, _ = p.Write(p.Wire(wsplay.Frame(wsplay.OpText, "behind it")))
				})
				if !row.good {
					bad, ok := errors.AsType[*websocket.HandshakeError](err)
					if !ok || len(bad.Error()) > 500 || strings.ContainsAny(bad.Error(), "\r\n\x00") {
						t.Errorf("got %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				wantRead(t, c, "behind it")
				_ = c.CloseNow()
			})
		})
	}
	t.Run("bytes after 101 (keep)", func(t *testing.T) {
		for _, size := range []int{5, 16 << 10, 300_000} {
			synctest.Test(t, func(t *testing.T) {
				message := strings.Repeat("m", size)
				c, err := toServer(t, websocket.DialOptions{}, func(p *wsplay.Peer) {
					_, _ = io.WriteString(p, switchingTo(p, switched+"\r\n")+string(p.Wire(wsplay.Frame(wsplay.OpPing, "early"), wsplay.Frame(wsplay.OpText, message))))
					p.Want("the ping's answer", wsplay.OpPong, "early")
				})
				if err != nil {
					t.Fatal(err)
				}
				wantRead(t, c, message)
				synctest.Wait()
				_ = c.CloseNow()
			})
		}
	})
	const timeout = 10 * time.Second
	for line, response := range map[string]string{
		"slow-loris, one byte a second": switched + "\r\n",
		"slow-loris, nothing comes":     "",
		"slow-loris, never the end":     switched + strings.Repeat("X: y\r\n", 5000),
	} {
		t.Run(line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				_, err := toServer(t, websocket.DialOptions{Timeouts: websocket.Timeouts{Handshake: timeout}}, func(p *wsplay.Peer) {
					for _, one := range []byte(switchingTo(p, response)) {
						if _, err := p.Write([]byte{one}); err != nil {
							return
						}
						time.Sleep(time.Second)
					}
				})
				if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != timeout {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
	for line, flood := range map[string]string{
		"header size limit, endless response headers": "X: y\r\n",
		"header size limit, one endless line":         "y",
		"header size limit, endless 103":              "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
	} {
		t.Run(line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var err error
				flooded := []byte(strings.Repeat(flood, 1000))
				got := wsplay.Allocated(func() {
					_, err = toServer(t, websocket.DialOptions{}, func(p *wsplay.Peer) {
						response := switchingTo(p, switched)
						if strings.HasPrefix(flood, "HTTP") {
							response = ""
						}
						_, _ = io.WriteString(p, response)
						p.Flood(flooded)
						p.Floods.Wait()
					})
				})
				if _, ok := errors.AsType[*websocket.HandshakeError](err); !ok || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if got > 10*wsplay.Little {
					t.Errorf("%d bytes allocated", got)
				}
			})
		})
	}
}

// A panic in what the application gave to Dial is the caller's, who can recover; the
// socket is not left open.
func TestAttackPanicInDial(t *testing.T) {
	const name = "panic in user callback does not kill process"
	boom := func(what string) { panic("in " + what) }
	jar, _ := cookiejar.New(nil)
	for what, set := range map[string]func(ctx context.Context, o *websocket.DialOptions) context.Context{
		"DialContext": func(ctx context.Context, o *websocket.DialOptions) context.Context {
			o.DialContext = func(context.Context, string, string) (net.Conn, error) { boom("DialContext"); return nil, nil }
			return ctx
		},
		"Proxy": func(ctx context.Context, o *websocket.DialOptions) context.Context {
			o.Proxy = func(*http.Request) (*url.URL, error) { boom("Proxy"); return nil, nil }
			return ctx
		},
		"Jar": func(ctx context.Context, o *websocket.DialOptions) context.Context {
			o.Jar = panickyJar{jar}
			return ctx
		},
		"httptrace": func(ctx context.Context, o *websocket.DialOptions) context.Context {
			return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: func() { boom("httptrace") }})
		},
		"HTTPClient": func(ctx context.Context, o *websocket.DialOptions) context.Context {
			*o = websocket.DialOptions{HTTPClient: &http.Client{Transport: panickyTransport{}}}
			return ctx
		},
	} {
		t.Run(name+"/"+what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := wstest.NetPipe(0)
				p := wsplay.NewPeer(t, websocket.RoleClient, far)
				dialed := false
				opts := &websocket.DialOptions{
					DialContext: func(context.Context, string, string) (net.Conn, error) { dialed = true; return near, nil },
					Proxy:       func(*http.Request) (*url.URL, error) { return nil, nil },
				}
				ctx := set(context.Background(), opts)
				p.Floods.Go(func() {
					_ = p.SetReadDeadline(time.Now().Add(time.Minute))
					if err := p.More(); err == nil {
						_, _ = io.WriteString(p, switchingTo(p, switched+"Set-Cookie: a=b\r\n\r\n"))
					}
				})
				func() {
					defer func() {
						if got := recover(); got != "in "+what {
							t.Errorf("recovered %v", got)
						}
					}()
					c, _, err := websocket.Dial(ctx, "ws://example.com/", opts)
					t.Errorf("Dial returned %v, %v", c, err)
				}()
				if dialed {
					_ = near.SetReadDeadline(time.Now().Add(time.Minute))
					if _, err := io.Copy(io.Discard, near); !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
						t.Errorf("the connection was left open: %v", err)
					}
				}
				_ = near.Close()
				_ = p.Close()
				p.Floods.Wait()
			})
		})
	}
}

type panickyJar struct{ http.CookieJar }

func (panickyJar) SetCookies(*url.URL, []*http.Cookie) { panic("in Jar") }

type panickyTransport struct{}

func (panickyTransport) RoundTrip(*http.Request) (*http.Response, error) { panic("in HTTPClient") }

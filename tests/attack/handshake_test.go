package attack_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// What an attacker does to the opening handshake of a server, below its headers,
// which package handshake tests. The lines on the client's half (101 without
// Accept, 1xx before 101, endless response headers, bytes after 101, redirects, the
// SSRF hook, proxies, userinfo, IDN and IPv6 zones) are in the tests of Dial.

// door is a way into the server. It returns the client's end of a connection,
// played by hand, and passes the server's end, or the error, to serve.
type door func(t *testing.T, opts *websocket.AcceptOptions, buffer int, serve func(c *websocket.Conn, err error)) *wsplay.Peer

var doors = map[string]door{
	"Upgrade": func(t *testing.T, opts *websocket.AcceptOptions, buffer int, serve func(*websocket.Conn, error)) *wsplay.Peer {
		a, b := wstest.NetPipe(buffer)
		p := wsplay.NewPeer(t, websocket.RoleServer, b)
		p.Floods.Go(func() { serve(websocket.Upgrade(a, opts)) })
		t.Cleanup(func() { _ = b.Close(); p.Floods.Wait() })
		return p
	},
	"Accept": func(t *testing.T, opts *websocket.AcceptOptions, buffer int, serve func(*websocket.Conn, error)) *wsplay.Peer {
		return wsplay.ServeOnce(t, buffer, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(websocket.Accept(w, r, opts)) }), io.Discard)
	},
	"Accept behind middleware": func(t *testing.T, opts *websocket.AcceptOptions, buffer int, serve func(*websocket.Conn, error)) *wsplay.Peer {
		return wsplay.ServeOnce(t, buffer, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serve(websocket.Accept(wsplay.Unwrapping(w), r, opts))
		}), io.Discard)
	},
	"Handler": func(t *testing.T, opts *websocket.AcceptOptions, buffer int, serve func(*websocket.Conn, error)) *wsplay.Peer {
		return wsplay.ServeOnce(t, buffer, websocket.Handler(func(_ context.Context, c *websocket.Conn) error { serve(c, nil); return nil }, opts), io.Discard)
	},
}

// through runs a test through each door, in a bubble.
func through(t *testing.T, name string, test func(t *testing.T, open door)) {
	for how, open := range doors {
		t.Run(name+"/"+how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, open) })
		})
	}
}

func echoOnce(t *testing.T) func(c *websocket.Conn, err error) {
	return func(c *websocket.Conn, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		typ, m, err := read(t, c)
		if err == nil {
			err = c.Write(wsplay.Patience(t), typ, m)
		}
		if err != nil {
			t.Error(err)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
}

func TestAttackHandshake(t *testing.T) {
	t.Run("slow-loris", func(t *testing.T) {
		const timeout = 10 * time.Second
		for name, pace := range map[string]struct {
			send  string
			every time.Duration
		}{
			"nothing comes":         {"", time.Hour},
			"one byte a second":     {wsplay.Request, time.Second},
			"stops before its end":  {wsplay.Request[:100], time.Millisecond},
			"headers without end":   {wsplay.Request + strings.Repeat("X: y\r\n", 90), 100 * time.Millisecond},
			"the end never finally": {wsplay.Request + "\r", time.Millisecond},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					begin := time.Now()
					a, b := wstest.NetPipe(0)
					go func() {
						for _, one := range []byte(pace.send) {
							if _, err := b.Write([]byte{one}); err != nil {
								return
							}
							time.Sleep(pace.every)
						}
					}()
					_, err := websocket.Upgrade(a, &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Handshake: timeout}})
					refused, ok := errors.AsType[*websocket.AcceptError](err)
					if took := time.Since(begin); !ok || refused.Status != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || took != timeout {
						t.Errorf("%v after %v", err, took)
					}
					if n, err := b.Read(make([]byte, 1)); n > 0 || err != io.EOF {
						t.Errorf("the connection was not closed: %v", err)
					}
					time.Sleep(time.Hour) // the client meets a closed connection
				})
			})
		}
		// Before Accept sees it a request is net/http's: ReadHeaderTimeout ends it.
		for how, h := range map[string]http.Handler{
			"Accept":  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Error("a request came through") }),
			"Handler": websocket.Handler(func(context.Context, *websocket.Conn) error { t.Error("a request came through"); return nil }, nil),
		} {
			t.Run("one byte a second, behind net-http/"+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					begin := time.Now()
					p := wsplay.ServeLimited(t, 0, h, io.Discard, timeout)
					p.Floods.Go(func() {
						for _, one := range []byte(wsplay.Request) {
							if _, err := p.Write([]byte{one}); err != nil {
								return
							}
							time.Sleep(time.Second)
						}
					})
					_, _ = io.Copy(io.Discard, p)
					if took := time.Since(begin); took != timeout {
						t.Errorf("the server listened to it for %v", took)
					}
				})
			})
		}
		through(t, "the client does not read the response", func(t *testing.T, open door) {
			p := open(t, &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Handshake: timeout}}, 10, func(c *websocket.Conn, err error) {
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%v", err)
				}
			})
			begin := time.Now()
			p.SendBytes([]byte(wsplay.UpgradeRequest))
			time.Sleep(2 * timeout)
			_, err := io.Copy(io.Discard, p)
			if err != nil || time.Since(begin) != 2*timeout {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
		})
	})
	t.Run("header size/count limits; endless headers", func(t *testing.T) {
		for name, endless := range map[string]string{
			"one line":        "a",
			"many lines":      "X: y\r\n",
			"a request line":  "GET /",
			"no line at all":  "\x00",
			"many long lines": "X: " + strings.Repeat("y", 1000) + "\r\n",
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := doors["Upgrade"](t, nil, 0, func(c *websocket.Conn, err error) {
						refused, ok := errors.AsType[*websocket.AcceptError](err)
						if _, because := errors.AsType[*handshake.Refusal](err); !ok || !because || refused.Status < 400 {
							t.Errorf("%v", err)
						}
					})
					begin := time.Now()
					if strings.HasPrefix(endless, "X") {
						p.SendBytes([]byte(wsplay.Request))
					}
					p.Flood(bytes.Repeat([]byte(endless), 100))
					if r := p.Response(); r.StatusCode != 431 && r.StatusCode != 400 {
						t.Errorf("answered %v", r.Status)
					}
					p.Floods.Wait()
					if took := time.Since(begin); took > 2*time.Second {
						t.Errorf("the server listened to it for %v", took)
					}
				})
			})
		}
		t.Run("no memory for it", func(t *testing.T) {
			a, _ := wstest.NetPipe(0)
			endless := &ahead{a, bytes.NewReader(bytes.Repeat([]byte("X: y\r\n"), 100_000))}
			got := wsplay.Allocated(func() {
				if _, err := websocket.Upgrade(endless, nil); err == nil {
					t.Error("accepted")
				}
			})
			if got > wsplay.Little {
				t.Errorf("%d bytes allocated", got)
			}
		})
	})
	t.Run("pipelined bytes after request (keep)", func(t *testing.T) {
		for name, size := range map[string]int{"short": 5, "as large as a buffer": 16 << 10, "larger than buffers": 50_000} {
			through(t, name, func(t *testing.T, open door) {
				message := strings.Repeat("m", size)
				p := open(t, nil, 200<<10, echoOnce(t))
				wire := p.Wire(wsplay.Frame(wsplay.OpPing, "early"), wsplay.Frame(wsplay.OpText, message))
				p.SendBytes(append([]byte(wsplay.Request+"\r\n"), wire...))
				if r := p.Response(); r.StatusCode != http.StatusSwitchingProtocols {
					t.Fatal(r.Status)
				}
				p.Want("the ping's answer", wsplay.OpPong, "early")
				p.Want("the echo", wsplay.OpText, message)
				p.Want("the end", wsplay.OpClose, "\x03\xe8")
				p.Send(wsplay.CloseFrame(1000, ""))
				p.WantEOF("Close")
			})
		}
		through(t, "cut in a frame", func(t *testing.T, open door) {
			p := open(t, nil, 0, echoOnce(t))
			wire := p.Wire(wsplay.Frame(wsplay.OpText, "Hello"))
			p.SendBytes(append([]byte(wsplay.Request+"\r\n"), wire[:3]...))
			p.Response()
			p.SendBytes(wire[3:])
			p.Want("the echo", wsplay.OpText, "Hello")
		})
	})
}

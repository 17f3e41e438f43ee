package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// recorder is middleware's writer that keeps the status, as loggers do, and lets it
// pass.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// hijackable is one that has Hijack as well, and what that demands of what it wraps.
type hijackable struct{ recorder }

func (w *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if h, ok := w.ResponseWriter.(http.Hijacker); ok {
		return h.Hijack()
	}
	return nil, nil, errors.New("not an http.Hijacker")
}

// holding keeps the status until something is written.
type holding struct{ hijackable }

func (w *holding) WriteHeader(status int) { w.status = status }

// told sends what it holds back when it is told to, as that of gin.
type told struct{ holding }

func (w *told) WriteHeaderNow() { w.ResponseWriter.WriteHeader(w.status) }

// aside has a header of its own, which it copies when something is written.
type aside struct {
	hijackable
	header http.Header
}

func (w *aside) Header() http.Header { return w.header }

// sealed has Hijack and no Unwrap.
type sealed struct{ inner *hijackable }

func (w sealed) Header() http.Header         { return w.inner.Header() }
func (w sealed) Write(p []byte) (int, error) { return w.inner.Write(p) }
func (w sealed) WriteHeader(status int)      { w.inner.WriteHeader(status) }
func (w sealed) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.inner.Hijack()
}

// Middleware sees the status 101, and the client one response with the same fields,
// whatever the middleware does with the status.
func TestAcceptPassesTheStatus(t *testing.T) {
	var plain []string
	for _, test := range []struct {
		name   string
		wrap   func(w http.ResponseWriter) (wrapped http.ResponseWriter, status func() int)
		status int
	}{
		{"net/http's own", func(w http.ResponseWriter) (http.ResponseWriter, func() int) { return w, func() int { return 0 } }, 0},
		{"recorded", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &recorder{ResponseWriter: w}
			return r, func() int { return r.status }
		}, 101},
		{"hijackable", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &hijackable{recorder{ResponseWriter: w}}
			return r, func() int { return r.status }
		}, 101},
		{"inside others", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &recorder{ResponseWriter: wsplay.Unwrapping(w)}
			return wsplay.Unwrapping(&recorder{ResponseWriter: r}), func() int { return r.status }
		}, 101},
		{"hijackable around what is not", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &hijackable{recorder{ResponseWriter: wsplay.Unwrapping(w)}}
			return r, func() int { return r.status }
		}, 101},
		{"held back", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &holding{hijackable{recorder{ResponseWriter: w}}}
			return r, func() int { return r.status }
		}, 101},
		{"around what holds back", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &hijackable{recorder{ResponseWriter: &holding{hijackable{recorder{ResponseWriter: w}}}}}
			return r, func() int { return r.status }
		}, 101},
		// It cannot be known what would become of it.
		{"a header of its own", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &aside{hijackable{recorder{ResponseWriter: w}}, http.Header{"X-Set": {"1", "2"}}}
			return r, func() int { return r.status }
		}, 0},
		{"sealed", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &hijackable{recorder{ResponseWriter: w}}
			return sealed{r}, func() int { return r.status }
		}, 101},
		{"sealed around what holds back", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			r := &hijackable{recorder{ResponseWriter: &holding{hijackable{recorder{ResponseWriter: w}}}}}
			return sealed{r}, func() int { return r.status }
		}, 101},
		{"held back until told", func(w http.ResponseWriter) (http.ResponseWriter, func() int) {
			inner := &recorder{ResponseWriter: w}
			r := &told{holding{hijackable{recorder{ResponseWriter: inner}}}}
			return wsplay.Unwrapping(r), func() int { return inner.status }
		}, 101},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				p := wsplay.ServeOnce(t, 0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					for name, values := range map[string][]string{
						"X-Set": {"1", "2"}, "Content-Type": {"text/html"}, "Content-Length": {"7"}, "Upgrade": {"other"},
					} {
						w.Header()[name] = values
					}
					w, status := test.wrap(w)
					websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
						_, m, err := c.Read(ctx)
						if err == nil {
							err = c.Write(ctx, websocket.MessageText, m)
						}
						return err
					}, &websocket.AcceptOptions{
						Subprotocols: []string{"chat"}, HTTPHeader: http.Header{"x-Option": {"3"}},
						CompressionMode: websocket.CompressionContextTakeover,
					}).ServeHTTP(w, r)
					if got := status(); got != test.status {
						t.Errorf("the status is %d, want %d", got, test.status)
					}
				}), &logged)
				p.SendBytes([]byte(wsplay.Request + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"))
				p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpText, "glued")))
				first, rest, _ := strings.Cut(p.Head(), "\r\n")
				fields := strings.Split(strings.TrimSuffix(strings.ToLower(rest), "\r\n\r\n"), "\r\n")
				fields = slices.DeleteFunc(fields, func(f string) bool { return strings.HasPrefix(f, "date: ") }) // of net/http
				slices.Sort(fields)
				if plain == nil {
					plain = fields
				}
				if first != "HTTP/1.1 101 Switching Protocols" || !slices.Equal(fields, plain) || len(fields) < 8 {
					t.Errorf("the response is %s\n%q, want\n%q", first, fields, plain)
				}
				p.Want("the echo", wsplay.OpText, "glued")
				p.WantClose("serve has returned", 1000)
				p.Close()
				synctest.Wait()
				if logged.Len() > 0 {
					t.Errorf("logged %q", logged.String())
				}
			})
		})
	}
}

// pipeWriter is a writer that is not built on net/http's, as tests have: it records, or writes
// its response where Hijack finds it.
type pipeWriter struct {
	*httptest.ResponseRecorder
	brw  *bufio.ReadWriter
	conn net.Conn
}

func (w *pipeWriter) WriteHeader(status int) {
	if w.Header().Get("X-Write") != "" {
		fmt.Fprintf(w.brw, "HTTP/1.1 %d X\r\nSec-WebSocket-Accept: %s\r\n\r\n", status, w.Header().Get("Sec-WebSocket-Accept"))
	}
	w.ResponseRecorder.WriteHeader(status)
}

func (w *pipeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.conn, w.brw, nil }

// A writer of any kind has the fields and the status before it is hijacked. Nothing is written
// to its connection beside: here nobody reads there before Accept returns.
func TestAcceptThroughAnyWriter(t *testing.T) {
	for _, writes := range []string{"", "yes"} {
		r := httptest.NewRequest("GET", "http://example.com/", nil)
		for name, value := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(name, value)
		}
		near, far := net.Pipe()
		w := &pipeWriter{httptest.NewRecorder(), bufio.NewReadWriter(bufio.NewReader(near), bufio.NewWriter(near)), near}
		w.Header().Set("X-Write", writes)
		head := wsplay.Go(func() string {
			if writes == "" {
				return ""
			}
			head := make([]byte, len("HTTP/1.1 101 X\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"))
			_, err := io.ReadFull(far, head)
			return fmt.Sprint(string(head), err)
		})
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-Option": {"1"}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Result(); got.StatusCode != 101 || got.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || got.Header.Get("X-Option") != "1" {
			t.Errorf("recorded %d %v", got.StatusCode, got.Header)
		}
		if got := <-head; writes != "" && (!strings.HasPrefix(got, "HTTP/1.1 101 X\r\n") || !strings.HasSuffix(got, "<nil>")) {
			t.Errorf("written %q", got)
		}
		_ = c.CloseNow()
		_ = far.Close()
	}
}

// A client that has said all it will say is served, behind middleware as without,
// though net/http has cancelled its request by then.
func TestAcceptServesWhoHalfCloses(t *testing.T) {
	for name, wrap := range map[string]func(w http.ResponseWriter) http.ResponseWriter{
		"net/http's own":    func(w http.ResponseWriter) http.ResponseWriter { return w },
		"behind middleware": func(w http.ResponseWriter) http.ResponseWriter { return &recorder{ResponseWriter: w} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := wsplay.ServeOnce(t, 0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					synctest.Wait() // until net/http has seen it
					if r.Context().Err() == nil {
						t.Error("the request is not cancelled: the test tests nothing")
					}
					c, err := websocket.Accept(wrap(w), r, nil)
					if err != nil {
						t.Error(err)
						return
					}
					if err := c.Write(context.Background(), websocket.MessageText, []byte("here you are")); err != nil {
						t.Error(err)
					}
					_ = c.CloseNow()
				}), io.Discard)
				p.SendBytes([]byte(wsplay.UpgradeRequest))
				p.HalfClose()
				p.Head()
				p.Want("the message", wsplay.OpText, "here you are")
			})
		})
	}
}

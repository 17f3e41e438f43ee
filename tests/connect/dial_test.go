package connect_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
)

// pool is a pool whose connections end with the test.
func pool(t *testing.T, p *websocket.HTTP2Pool) *websocket.HTTP2Pool {
	t.Cleanup(p.Close)
	return p
}

// exchange has an echoing server answer, and closes.
func exchange(t *testing.T, c *websocket.Conn) {
	t.Helper()
	for _, n := range []int{0, 1, 5000, 300_000} {
		text := strings.Repeat("x", n)
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(t.Context()); string(got) != text || err != nil {
			t.Fatalf("%d bytes, want %d, %v", len(got), n, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Error(err)
	}
}

// Dials share a connection to net/http's server, and to ours.
func TestDialPool(t *testing.T) {
	ours, _ := own(t, echo, nil)
	for name, address := range map[string]string{
		"net/http": serve(t, websocket.Handler(echo, nil)), "ServeHTTP2": ours,
	} {
		t.Run(name, func(t *testing.T) {
			opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})}
			var made, reused atomic.Int32
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
				if info.Reused {
					reused.Add(1)
				} else {
					made.Add(1)
				}
			}})
			var dials sync.WaitGroup
			for range 20 {
				dials.Go(func() {
					c, resp, err := websocket.Dial(ctx, "ws://"+address+"/", opts)
					if err != nil {
						t.Error(err)
						return
					}
					if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || c.NetConn() != nil {
						t.Errorf("%+v", resp)
					}
					exchange(t, c)
				})
			}
			dials.Wait()
			if made.Load() != 1 || reused.Load() != 19 {
				t.Errorf("%d connections were made, %d dials found one", made.Load(), reused.Load())
			}
		})
	}
}

// A server of net/http gives its windows back as the handler reads, here by 4 KiB. There is no end to
// how often it may do that.
func TestDialToSmallReads(t *testing.T) {
	const size = 32 << 20
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		for p := make([]byte, 4<<10); ; {
			if _, err := r.Body.Read(p); err != nil {
				return
			}
		}
	}))
	c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})})
	if err != nil {
		t.Fatal(err)
	}
	for sent := 0; sent < size; sent += 1 << 20 {
		if err := c.Write(t.Context(), websocket.MessageBinary, make([]byte, 1<<20)); err != nil {
			t.Fatalf("after %d bytes: %v", sent, err)
		}
	}
	_ = c.CloseNow()
}

// serveTLS starts a server of net/http over TLS that offers these protocols.
func serveTLS(t *testing.T, h http.Handler, protocols ...string) (address string) {
	t.Helper()
	var p http.Protocols
	p.SetHTTP1(true)
	for _, name := range protocols {
		if name == "h2" {
			p.SetHTTP2(true)
		}
	}
	return serve(t, h, func(s *http.Server) {
		s.Protocols = &p
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	})
}

// By ALPN: HTTP/2 where the server has it, and else HTTP/1.1 on the same connection.
func TestDialALPN(t *testing.T) {
	insecure := &tls.Config{InsecureSkipVerify: true, ServerName: "example.com"}
	for _, row := range []struct {
		offers []string
		major  int
	}{{[]string{"h2"}, 2}, {nil, 1}} {
		address := serveTLS(t, websocket.Handler(echo, &websocket.AcceptOptions{Subprotocols: []string{"chat"}}), row.offers...)
		var dials atomic.Int32
		opts := &websocket.DialOptions{
			HTTP2: pool(t, &websocket.HTTP2Pool{}), TLSConfig: insecure, Subprotocols: []string{"chat"},
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				dials.Add(1)
				return new(net.Dialer).DialContext(ctx, network, addr)
			},
		}
		for range 2 {
			c, resp, err := websocket.Dial(t.Context(), "wss://"+address+"/", opts)
			if err != nil {
				t.Fatal(err)
			}
			if resp.ProtoMajor != row.major || resp.TLS == nil || c.Subprotocol() != "chat" {
				t.Errorf("%+v", resp)
			}
			exchange(t, c)
		}
		if n := int(dials.Load()); n != 3-row.major {
			t.Errorf("%d connections for HTTP/%d", n, row.major)
		}
		required := *opts
		required.HTTP2 = pool(t, &websocket.HTTP2Pool{Require: true})
		for range 2 { // the second by what the pool remembers
			c, _, err := websocket.Dial(t.Context(), "wss://"+address+"/", &required)
			if (err == nil) != (row.major == 2) || err != nil && !errors.Is(err, websocket.ErrNoHTTP2) {
				t.Errorf("HTTP/%d: %v", row.major, err)
			}
			if err == nil {
				_ = c.Close(websocket.StatusNormalClosure, "")
			}
		}
	}
	required := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{Require: true})}
	if _, _, err := websocket.Dial(t.Context(), "ws://localhost:1/", required); err == nil || !strings.Contains(err.Error(), "PriorKnowledge is not set") {
		t.Error(err)
	}
}

// Redirects, refusals, cookies and credentials are as over HTTP/1.1.
func TestDialAnswers(t *testing.T) {
	mux := http.NewServeMux()
	address := serve(t, mux)
	mux.HandleFunc("/here", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/there?x=y", http.StatusFound)
	})
	mux.Handle("/there", websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
		user, password, _ := r.BasicAuth()
		cookie, _ := r.Cookie("a")
		if user != "me" || password != "secret" || cookie == nil || r.URL.RawQuery != "x=y" || r.Header.Get("X-Own") != "1" || r.UserAgent() == "" || r.Header.Get("Sec-Websocket-Key") != "" {
			t.Errorf("%+v", r)
		}
		return echo, nil
	}, nil))
	mux.HandleFunc("/refused", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "because I say so", http.StatusTeapot)
	})
	jar, _ := cookiejar.New(nil)
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}), Jar: jar, HTTPHeader: http.Header{"X-Own": {"1"}}}
	c, _, err := websocket.Dial(t.Context(), "ws://me:secret@"+address+"/here", opts)
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, c)
	_, resp, err := websocket.Dial(t.Context(), "ws://"+address+"/refused", opts)
	if _, ok := errors.AsType[*websocket.HandshakeError](err); !ok || resp == nil || resp.StatusCode != http.StatusTeapot {
		t.Fatalf("%+v, %v", resp, err)
	}
	text := make([]byte, 100)
	if n, _ := resp.Body.Read(text); !strings.Contains(string(text[:n]), "because I say so") {
		t.Errorf("%q", text[:n])
	}
}

// The limits of a pool.
func TestDialLimits(t *testing.T) {
	address, _ := own(t, echo, nil)
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true, MaxStreams: 2, MaxConns: 2})}
	conns := make([]*websocket.Conn, 4)
	var dials sync.WaitGroup
	for i := range conns { // together: nobody takes what another has found
		dials.Go(func() {
			var err error
			if conns[i], _, err = websocket.Dial(t.Context(), "ws://"+address+"/", opts); err != nil {
				t.Error(err)
			}
		})
	}
	if dials.Wait(); t.Failed() {
		t.FailNow()
	}
	if _, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts); !errors.Is(err, websocket.ErrPoolFull) {
		t.Error(err)
	}
	for _, c := range conns {
		exchange(t, c)
	}
	c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
	if err != nil {
		t.Fatal(err)
	}
	opts.HTTP2.Close()
	if _, _, err := c.Read(t.Context()); !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "this end closed it") {
		t.Errorf("after the pool was closed: %v", err)
	}
	_ = c.CloseNow()
	c, _, err = websocket.Dial(t.Context(), "ws://"+address+"/", opts)
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, c)
}

// script is a server of HTTP/2 played by hand: settings, then what answer does for each request.
func script(t *testing.T, settings []http2.Setting, answer func(conn int, f *http2.Framer, id uint32)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	ended, end := context.WithCancel(context.Background())
	serving.Go(func() {
		for conn := 0; ; conn++ {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ended, func() { _ = nc.Close() })
			serving.Go(func() {
				defer nc.Close()
				defer stop()
				play(nc, settings, func(f *http2.Framer, id uint32) { answer(conn, f, id) })
			})
		}
	})
	t.Cleanup(func() { end(); _ = l.Close(); serving.Wait() })
	return l.Addr().String()
}

// play plays the server on a connection until that ends.
func play(nc net.Conn, settings []http2.Setting, answer func(f *http2.Framer, id uint32)) {
	f := http2.NewFramer(nc, nc)
	if _, err := io.ReadFull(nc, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	_ = f.WriteSettings(settings...)
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			answer(f, frame.StreamID)
		}
	}
}

var enabled = []http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 1}}

// A request that the server has not looked at is sent again, on another connection if this one
// goes away, but not for ever.
func TestDialRetries(t *testing.T) {
	for name, refuse := range map[string]func(f *http2.Framer, id uint32){
		"GOAWAY":         func(f *http2.Framer, id uint32) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) },
		"REFUSED_STREAM": func(f *http2.Framer, id uint32) { _ = f.WriteRSTStream(id, http2.ErrCodeRefusedStream) },
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			address := script(t, enabled, func(conn int, f *http2.Framer, id uint32) {
				if asked.Add(1) <= 2 {
					refuse(f, id)
					return
				}
				_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x88}, EndHeaders: true})
			})
			opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})}
			c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
			if err != nil || asked.Load() != 3 {
				t.Fatalf("asked %d times: %v", asked.Load(), err)
			}
			_ = c.CloseNow()

			stubborn := script(t, enabled, func(conn int, f *http2.Framer, id uint32) { refuse(f, id) })
			if _, _, err := websocket.Dial(t.Context(), "ws://"+stubborn+"/", opts); err == nil || !strings.Contains(err.Error(), strings.Split(name, " ")[0]) {
				t.Errorf("a server that always refuses: %v", err)
			}
		})
	}
	var asked atomic.Int32
	address := script(t, enabled, func(conn int, f *http2.Framer, id uint32) {
		asked.Add(1)
		_ = f.WriteRSTStream(id, http2.ErrCodeInternal)
	})
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})}
	if _, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts); err == nil || asked.Load() != 1 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

// A connection whose server goes away does not count towards MaxConns.
func TestDialBesideGoingAway(t *testing.T) {
	address := script(t, enabled, func(_ int, f *http2.Framer, id uint32) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x88}, EndHeaders: true})
		_ = f.WriteGoAway(id, http2.ErrCodeNo, nil)
		_ = f.WriteData(id, false, []byte{0x81, 1, 'x'})
	})
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true, MaxConns: 1})}
	for range 3 {
		c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if _, p, err := c.Read(t.Context()); string(p) != "x" || err != nil { // behind the GOAWAY
			t.Errorf("%q, %v", p, err)
		}
	}
}

// A server without extended CONNECT is spoken to over HTTP/1.1, and that is remembered. One that
// says nothing is given up when the context ends.
func TestDialWithoutConnect(t *testing.T) {
	address := script(t, nil, func(int, *http2.Framer, uint32) { t.Error("it was asked") })
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true, Require: true})}
	for _, why := range []string{"does not offer extended CONNECT", "does not offer it"} {
		if _, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%v, want %q", err, why)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	opts.HTTP2 = pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
	var dials sync.WaitGroup
	for range 3 {
		dials.Go(func() {
			if _, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String()+"/", opts); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	dials.Wait()
}

// A server that begins the closing and does not end its direction: Apache. The client ends its own.
func TestDialEndsStream(t *testing.T) {
	ended := make(chan error, 1)
	address := script(t, enabled, func(_ int, f *http2.Framer, id uint32) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x88}, EndHeaders: true})
		_ = f.WriteData(id, false, []byte{0x88, 0x02, 0x03, 0xe8})
		for {
			frame, err := f.ReadFrame()
			if data, ok := frame.(*http2.DataFrame); err != nil || ok && data.StreamEnded() {
				ended <- err
				return
			}
			if reset, ok := frame.(*http2.RSTStreamFrame); ok {
				ended <- http2.StreamError{StreamID: id, Code: reset.ErrCode}
				return
			}
		}
	})
	c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{
		HTTP2:    pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}),
		Timeouts: websocket.Timeouts{Close: 2 * patience},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Error(err)
	}
	if err := await(t, ended); err != nil {
		t.Errorf("instead of END_STREAM: %v", err)
	}
}

package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/wstest"
)

// An echo server and a client that talks to it.
func Example() {
	echo := func(ctx context.Context, c *websocket.Conn) error {
		for msg, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, msg.Type, msg.Data); err != nil {
				return err
			}
		}
		return nil
	}
	server := httptest.NewServer(websocket.Handler(echo, nil))
	defer server.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		fmt.Println(err)
		return
	}
	_, p, err := c.Read(ctx)
	fmt.Println(string(p), err)
	fmt.Println(c.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// ahoy <nil>
	// <nil>
}

// What the function returns decides how the connection is closed.
func ExampleHandler() {
	handler := websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		if c.Subprotocol() != "chat" {
			return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "speak chat"}
		}
		return nil
	}, &websocket.AcceptOptions{
		Subprotocols:   []string{"chat"},
		OriginPatterns: []string{"https://*.example.com"},
	})
	server := httptest.NewServer(handler)
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	_, _, err = c.Read(ctx)
	fmt.Println(err)
	fmt.Println(websocket.CloseStatus(err))
	// Output:
	// websocket: closed by the peer: 1008 "speak chat"
	// StatusPolicyViolation
}

// Route parameters, authentication and a refusal with a status: the request is looked
// at before the handshake is answered, and the connection keeps only what was copied.
func ExampleRequestHandler() {
	users := map[string]string{"secret-of-ann": "ann"}
	mux := http.NewServeMux()
	mux.Handle("GET /rooms/{room}", websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		user, ok := users[token]
		if !ok {
			return nil, &websocket.Refusal{
				Status: http.StatusUnauthorized,
				Reason: "log in first",
				Header: http.Header{"WWW-Authenticate": {"Bearer"}},
			}
		}
		room := r.PathValue("room")
		return func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageText, []byte("welcome to "+room+", "+user))
		}, nil
	}, &websocket.AcceptOptions{
		OnError: func(e *websocket.HandlerError) { fmt.Println(e.Err) },
	}))
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	_, resp, _ := websocket.Dial(ctx, server.URL+"/rooms/harbour", nil)
	fmt.Println(resp.Status, resp.Header.Get("WWW-Authenticate"))

	c, _, err := websocket.Dial(ctx, server.URL+"/rooms/harbour", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer secret-of-ann"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	_, p, err := c.Read(ctx)
	fmt.Println(string(p), err)
	// Output:
	// websocket: request not accepted: log in first
	// 401 Unauthorized Bearer
	// welcome to harbour, ann <nil>
}

// The errors of a connection that has ended tell who ended it, and why.
func ExampleClosedError() {
	server, client := wstest.Pipe(nil)
	defer client.CloseNow()
	go server.Close(4001, "session expired")

	_, _, err := client.Read(context.Background())
	var closed *websocket.ClosedError
	if errors.As(err, &closed) {
		fmt.Println(closed.Began, "closed with", int(closed.Received.Code), closed.Received.Reason)
	}
	fmt.Println(errors.Is(err, net.ErrClosed))
	// Output:
	// the peer closed with 4001 session expired
	// true
}

// A cancelled read loses nothing.
func ExampleConn_Read_cancelled() {
	server, client := wstest.Pipe(nil)
	defer server.CloseNow()
	defer client.CloseNow()

	impatient, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := client.Read(impatient)
	fmt.Println(err)

	ctx := context.Background()
	go server.Write(ctx, websocket.MessageText, []byte("still here"))
	_, p, err := client.Read(ctx)
	fmt.Println(string(p), err)
	// Output:
	// context canceled
	// still here <nil>
}

// One buffer for all messages: no allocation for each.
func ExampleConn_ReadInto() {
	server, client := wstest.Pipe(nil)
	defer server.CloseNow()
	ctx := context.Background()
	go func() {
		defer client.CloseNow()
		for _, word := range []string{"one", "two", "three"} {
			_ = client.Write(ctx, websocket.MessageText, []byte(word))
		}
		_ = client.Close(websocket.StatusNormalClosure, "")
	}()

	buf := make([]byte, 0, 4<<10)
	for {
		_, p, err := server.ReadInto(ctx, buf[:0])
		if err != nil {
			fmt.Println(websocket.CloseStatus(err))
			break
		}
		fmt.Printf("%s\n", p)
		buf = p
	}
	// Output:
	// one
	// two
	// three
	// StatusNormalClosure
}

// A message whose length is not known before, in fragments.
func ExampleConn_Writer() {
	server, client := wstest.Pipe(nil)
	defer server.CloseNow()
	defer client.CloseNow()
	ctx := context.Background()
	go func() {
		w, err := client.Writer(ctx, websocket.MessageText)
		if err != nil {
			return
		}
		_, _ = io.Copy(w, strings.NewReader("a long story"))
		_ = w.Close()
	}()
	_, r, err := server.Reader(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	story, err := io.ReadAll(r)
	fmt.Println(string(story), err)
	// Output: a long story <nil>
}

// Framed once, sent to many.
func ExamplePrepare() {
	ctx := context.Background()
	news := websocket.Prepare(websocket.MessageText, []byte("news"))
	for range 2 {
		server, client := wstest.Pipe(nil)
		defer server.CloseNow()
		defer client.CloseNow()
		if err := server.WritePrepared(ctx, news); err != nil {
			fmt.Println(err)
		}
		_, p, err := client.Read(ctx)
		fmt.Println(string(p), err)
	}
	// Output:
	// news <nil>
	// news <nil>
}

// A server that goes away tells its clients.
func ExampleRegistry() {
	var registry websocket.Registry
	wait := func(ctx context.Context, c *websocket.Conn) error {
		for _, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	server := httptest.NewServer(websocket.Handler(wait, &websocket.AcceptOptions{Registry: &registry}))
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	told := make(chan error, 1)
	go func() {
		_, _, err := c.Read(ctx)
		told <- err
	}()

	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	fmt.Println(registry.Shutdown(bounded))
	fmt.Println(websocket.CloseStatus(<-told))
	// Output:
	// <nil>
	// StatusGoingAway
}

// Without net/http: the opening handshake straight on a connection.
func ExampleUpgrade() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		c, err := websocket.Upgrade(nc, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		_ = c.Write(context.Background(), websocket.MessageText, []byte("welcome"))
		_ = c.Close(websocket.StatusNormalClosure, "")
	}()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	for msg, err := range c.Messages(ctx) {
		fmt.Println(string(msg.Data), err)
	}
	// Output: welcome <nil>
}

// A back end behind a proxy that speaks HTTP/2 to it, and a client that has all its WebSockets on
// one connection.
func ExampleServeHTTP2Requests() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	greet := func(r *handshake.Request) (websocket.ServeFunc, error) {
		if !strings.HasPrefix(r.Target, "/rooms/") {
			return nil, &websocket.Refusal{Status: http.StatusNotFound, Reason: "no such room"}
		}
		room := strings.Clone(r.Target[len("/rooms/"):])
		return func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageText, []byte("welcome to "+room))
		}, nil
	}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = websocket.ServeHTTP2Requests(nc, greet, nil) }()
		}
	}()

	pool := &websocket.HTTP2Pool{PriorKnowledge: true} // without TLS nobody can ask the server
	defer pool.Close()
	ctx := context.Background()
	for _, room := range []string{"blue", "green"} {
		c, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String()+"/rooms/"+room, &websocket.DialOptions{HTTP2: pool})
		if err != nil {
			fmt.Println(err)
			return
		}
		for msg, err := range c.Messages(ctx) {
			fmt.Println(string(msg.Data), err)
		}
	}
	// Output:
	// welcome to blue <nil>
	// welcome to green <nil>
}

// A websocket behind middleware that wraps the http.ResponseWriter.
func ExampleAccept() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // the client has been answered
		}
		defer c.CloseNow()
		_ = c.Write(context.Background(), websocket.MessageText, []byte("accepted"))
		_ = c.Close(websocket.StatusNormalClosure, "")
	})
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(&countingWriter{ResponseWriter: w}, r)
	})
	server := httptest.NewServer(counted)
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	_, p, err := c.Read(ctx)
	fmt.Println(string(p), err)
	// Output: accepted <nil>
}

// countingWriter lets package websocket through by its Unwrap method.
type countingWriter struct {
	http.ResponseWriter
	bytes int
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += n
	return n, err
}

func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A server that compresses, and keeps no more than 8 KiB for it while a connection is
// idle. The frames of a conversation are as long as they are on the wire.
func ExampleCompressionOptions() {
	opts := &websocket.AcceptOptions{
		CompressionMode: websocket.CompressionContextTakeover,
		Compression:     websocket.CompressionOptions{Memory: 8 << 10},
	}
	opts.Trace = &websocket.Trace{FrameRead: func(_ *websocket.Conn, f websocket.FrameInfo) {
		if f.RSV1 {
			fmt.Println("compressed to a tenth or less:", f.Length < 100)
		}
	}}
	server := httptest.NewServer(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		_, p, err := c.Read(ctx)
		fmt.Println("the message has", len(p), "bytes")
		return err
	}, opts))
	defer server.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	terms, _ := c.Compression()
	fmt.Println(terms)
	if err := c.Write(ctx, websocket.MessageText, []byte(strings.Repeat("a=candidate ", 100))); err != nil {
		fmt.Println(err)
		return
	}
	_, _, err = c.Read(ctx)
	fmt.Println(websocket.CloseStatus(err))
	// Output:
	// permessage-deflate; server_max_window_bits=12; client_max_window_bits=12
	// compressed to a tenth or less: true
	// the message has 1200 bytes
	// StatusNormalClosure
}

// A URL that somebody else chose, or a redirect, may lead into your own network.
// The Control function of a [net.Dialer] sees every address before it is connected
// to, and after names were resolved.
func ExampleDialOptions_publicAddressesOnly() {
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if ip := to.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() {
			return fmt.Errorf("%v is not a public address", ip)
		}
		return nil
	}}
	c, _, err := websocket.Dial(context.Background(), "ws://127.0.0.1/", &websocket.DialOptions{
		DialContext: dialer.DialContext,
		Proxy:       func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	// Output: websocket: handshake with ws://127.0.0.1/: connecting: dial tcp 127.0.0.1:80: 127.0.0.1 is not a public address
}

// A server behind a Unix socket: the URL gives host and path of the request, and
// DialContext the way.
func ExampleDialOptions_unixSocket() {
	c, _, err := websocket.Dial(context.Background(), "ws://localhost/events", &websocket.DialOptions{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", "/run/server.sock")
		},
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	if err != nil {
		return
	}
	defer c.CloseNow()
}

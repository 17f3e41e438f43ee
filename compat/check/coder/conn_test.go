package coder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

func TestReadThatIsCancelledCloses(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(context.Context, *websocket.Conn) error{
		"Read":   func(ctx context.Context, c *websocket.Conn) error { _, _, err := c.Read(ctx); return err },
		"Reader": func(ctx context.Context, c *websocket.Conn) error { _, _, err := c.Reader(ctx); return err },
		"wsjson": func(ctx context.Context, c *websocket.Conn) error { return wsjson.Read(ctx, c, new(any)) },
		"NetConn": func(ctx context.Context, c *websocket.Conn) error {
			_, err := websocket.NetConn(ctx, c, 1).Read(make([]byte, 1))
			return err
		},
	} {
		server, client := pair(t, nil, nil)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		want(t, name, read(ctx, client), context.DeadlineExceeded, "failed to get reader", "context deadline exceeded")
		cancel()
		want(t, name+": Write", client.Write(patience(t), websocket.MessageText, nil), net.ErrClosed, "failed to write msg")
		_, _, err := server.Read(patience(t))
		want(t, name+": at the other end", err, io.EOF, "failed to get reader: failed to read frame header: EOF")
		wantNot(t, name+": at the other end", err, net.ErrClosed)
		good(t, name+": Close", client.Close(websocket.StatusNormalClosure, ""))
	}
	// In the middle of a message.
	client, server := raw(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, _ = server.Write([]byte("\x81\x05he"))
	_, r, err := client.Reader(ctx)
	good(t, "Reader", err)
	p, err := io.ReadAll(r)
	want(t, "ReadAll", err, context.DeadlineExceeded, "failed to read: ")
	if !strings.HasPrefix("he", string(p)) {
		t.Errorf("read %q", p)
	}
	good(t, "CloseNow", client.CloseNow())
}

// Only the call that timed out says so: others that tried again after a timeout would spin.
func TestWriteThatIsCutCloses(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(context.Context, *websocket.Conn) error{
		"Write": func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageBinary, make([]byte, 64<<20))
		},
		"Writer": func(ctx context.Context, c *websocket.Conn) error {
			w, err := c.Writer(ctx, websocket.MessageBinary)
			good(t, "Writer", err)
			for err == nil {
				_, err = w.Write(make([]byte, 1<<20))
			}
			return err
		},
	} {
		_, client := pair(t, nil, nil)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		want(t, name, write(ctx, client), context.DeadlineExceeded)
		cancel()
		for call, err := range map[string]error{
			"Read":  func() error { _, _, err := client.Read(patience(t)); return err }(),
			"Write": client.Write(patience(t), websocket.MessageText, nil),
			"Ping":  client.Ping(patience(t)),
		} {
			want(t, name+", then "+call, err, net.ErrClosed)
			wantNot(t, name+", then "+call, err, context.DeadlineExceeded)
		}
		good(t, name+", then Close", client.Close(websocket.StatusNormalClosure, ""))
	}
	client, _ := raw(t)
	want(t, "Close", client.Close(websocket.StatusNormalClosure, ""), context.DeadlineExceeded)
	_, _, err := client.Read(patience(t))
	want(t, "Read after a Close that timed out", err, net.ErrClosed)
	wantNot(t, "Read after a Close that timed out", err, context.DeadlineExceeded)
}

// deafConn is a connection whose deadlines do nothing.
type deafConn struct{ net.Conn }

func (deafConn) SetDeadline(time.Time) error      { return nil }
func (deafConn) SetReadDeadline(time.Time) error  { return nil }
func (deafConn) SetWriteDeadline(time.Time) error { return nil }

func TestContextsDoWithoutDeadlines(t *testing.T) {
	t.Parallel()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, addr)
		return deafConn{nc}, err
	}}
	opts := &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}
	for name, call := range map[string]func(context.Context, *websocket.Conn) error{
		"Read": func(ctx context.Context, c *websocket.Conn) error { _, _, err := c.Read(ctx); return err },
		"Write": func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageBinary, make([]byte, 64<<20))
		},
	} {
		_, client := pair(t, nil, opts)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		want(t, name, call(ctx, client), context.DeadlineExceeded)
		cancel()
		good(t, name+": CloseNow", client.CloseNow())
	}
}

func TestEndOfStream(t *testing.T) {
	t.Parallel()
	client, server := raw(t)
	_, _ = server.Write([]byte("\x81\x05he"))
	_ = server.(*net.TCPConn).CloseWrite()
	_, _, err := client.Read(patience(t))
	want(t, "in a message", err, io.ErrUnexpectedEOF, "failed to read frame payload: unexpected EOF")
	wantNot(t, "in a message", err, net.ErrClosed)
	if code := websocket.CloseStatus(err); code != -1 {
		t.Errorf("CloseStatus is %v", code)
	}
}

func TestClosedByThePeer(t *testing.T) {
	t.Parallel()
	server, client := pair(t, nil, nil)
	closed := make(chan error, 1)
	go func() { closed <- server.Close(4001, "bye") }()
	_, _, err := client.Read(patience(t))
	wantText(t, "Read", err, `failed to get reader: received close frame: status = StatusCode(4001) and reason = "bye"`)
	wantNot(t, "Read", err, net.ErrClosed)
	if code := websocket.CloseStatus(err); code != 4001 {
		t.Errorf("CloseStatus is %v", code)
	}
	want(t, "Write", client.Write(patience(t), websocket.MessageText, nil), net.ErrClosed)
	want(t, "Ping", client.Ping(patience(t)), net.ErrClosed, "failed to ping: ")
	want(t, "Close", client.Close(1000, ""), net.ErrClosed, "failed to close WebSocket: use of closed network connection")
	want(t, "CloseNow", client.CloseNow(), net.ErrClosed, "failed to immediately close WebSocket: use of closed network connection")
	good(t, "the peer's Close", <-closed)
}

func TestClose(t *testing.T) {
	t.Parallel()
	server, client := pair(t, nil, nil)
	server.CloseRead(context.Background())
	reading := make(chan error, 1)
	go func() { _, _, err := client.Read(patience(t)); reading <- err }()
	good(t, "Close", client.Close(websocket.StatusGoingAway, "off"))
	if err := <-reading; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		want(t, "Read beside it", err, net.ErrClosed)
	}
	want(t, "Close again", client.Close(1000, ""), net.ErrClosed)
	_, _, err := client.Read(patience(t))
	want(t, "Read", err, net.ErrClosed)

	// The peer closes with another code at the same time.
	client, peer := raw(t)
	_, _ = peer.Write([]byte("\x88\x02\x0f\xa2"))
	err = client.Close(4001, "")
	wantText(t, "Close", err, "failed to close WebSocket: ", "received close frame: status = StatusCode(4002)")
	if code := websocket.CloseStatus(err); code != 4002 {
		t.Errorf("CloseStatus is %v", code)
	}

	for _, test := range []struct {
		code   websocket.StatusCode
		reason string
		text   string
	}{
		{-1, "", "status code StatusCode(-1) cannot be set"},
		{1006, "", "status code StatusAbnormalClosure cannot be set"},
		{5000, "", "status code StatusCode(5000) cannot be set"},
		{1000, strings.Repeat("x", 124), "reason string max is 123 but got"},
	} {
		client, peer := raw(t)
		wantText(t, "Close", client.Close(test.code, test.reason), "failed to close WebSocket: failed to marshal close frame: ", test.text)
		if sent, err := io.ReadAll(peer); len(sent) > 0 || err != nil {
			t.Errorf("%d: sent %q, %v", test.code, sent, err)
		}
		want(t, "Close again", client.Close(1000, ""), net.ErrClosed)
	}
	client, peer = raw(t)
	go func() { _, _ = peer.Write([]byte("\x88\x00")) }()
	good(t, "Close without a code", client.Close(websocket.StatusNoStatusRcvd, "ignored"))
}

func TestReadLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		set   func(*websocket.Conn)
		limit int
		text  string
	}{
		{func(*websocket.Conn) {}, 32768, "read limited at 32769 bytes"},
		{func(c *websocket.Conn) { c.SetReadLimit(10) }, 10, "read limited at 11 bytes"},
		{func(c *websocket.Conn) { c.SetReadLimit(0) }, 0, "read limited at 1 bytes"},
	} {
		server, client := pair(t, nil, nil)
		test.set(client)
		go func() {
			_ = server.Write(patience(t), websocket.MessageBinary, make([]byte, test.limit))
			_ = server.Write(patience(t), websocket.MessageBinary, make([]byte, test.limit+1))
		}()
		_, p, err := client.Read(patience(t))
		if len(p) != test.limit || err != nil {
			t.Errorf("limit %d: %d bytes, %v", test.limit, len(p), err)
		}
		_, _, err = client.Read(patience(t))
		want(t, "Read", err, websocket.ErrMessageTooBig, test.text)
		_, _, err = server.Read(patience(t))
		if code := websocket.CloseStatus(err); code != websocket.StatusMessageTooBig {
			t.Errorf("the other end: %v", err)
		}
	}
	server, client := pair(t, nil, nil)
	client.SetReadLimit(100)
	go func() { _ = server.Write(patience(t), websocket.MessageText, make([]byte, 203)) }()
	want(t, "wsjson.Read", wsjson.Read(patience(t), client, new(any)), websocket.ErrMessageTooBig, "failed to read JSON message: failed to read: ", "read limited at 101 bytes")

	server, client = pair(t, nil, nil)
	client.SetReadLimit(-1)
	go func() { _ = server.Write(patience(t), websocket.MessageBinary, make([]byte, 2<<20)) }()
	if _, p, err := client.Read(patience(t)); len(p) != 2<<20 || err != nil {
		t.Errorf("%d bytes, %v", len(p), err)
	}
}

// A json.Decoder does not ask for the io.EOF behind an object, and programs read on.
func TestReaderReadToItsLastByte(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 500)
	for mode := websocket.CompressionDisabled; mode <= websocket.CompressionNoContextTakeover; mode++ {
		server, client := pair(t, &websocket.AcceptOptions{CompressionMode: mode}, &websocket.DialOptions{CompressionMode: mode})
		go func() {
			for range 3 {
				_ = wsjson.Write(context.Background(), server, []string{long})
			}
			_ = server.Write(context.Background(), websocket.MessageText, []byte("last"))
		}()
		for range 3 {
			_, r, err := client.Reader(patience(t))
			good(t, "Reader", err)
			var v []string
			if err := json.NewDecoder(r).Decode(&v); err != nil || len(v) != 1 || v[0] != long {
				t.Fatalf("mode %v: %q, %v", mode, v, err)
			}
		}
		if _, p, err := client.Read(patience(t)); string(p) != "last" || err != nil {
			t.Errorf("mode %v: read %q, %v", mode, p, err)
		}
	}
}

func TestCloseRead(t *testing.T) {
	t.Parallel()
	server, client := pair(t, nil, nil)
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "value"))
	reading := client.CloseRead(ctx)
	if again := client.CloseRead(context.Background()); again != reading || reading.Value(key{}) != "value" {
		t.Errorf("CloseRead returns %v, and then %v", reading, again)
	}
	seen := server.CloseRead(context.Background())
	good(t, "Ping", server.Ping(patience(t)))
	cancel()
	<-seen.Done()
	want(t, "Write", client.Write(patience(t), websocket.MessageText, nil), net.ErrClosed)

	// A data message closes the connection with 1008, so Close comes too late.
	client, peer := raw(t)
	_, _ = peer.Write([]byte("\x81\x01x\x88\x02\x03\xf0")) // and the answer to 1008
	<-client.CloseRead(context.Background()).Done()
	want(t, "Close after a data message", client.Close(1000, ""), net.ErrClosed, "failed to close WebSocket: use of closed network connection")
}

type key struct{}

func TestReaderLeftUnfinished(t *testing.T) {
	t.Parallel()
	client, peer := raw(t)
	_, _ = peer.Write([]byte("\x01\x01x\x80\x01y")) // two fragments
	if _, _, err := client.Reader(patience(t)); err != nil {
		t.Fatal(err)
	}
	_, _, err := client.Reader(patience(t))
	wantText(t, "Reader", err, "failed to get reader: previous message not read to completion")
	_, _, err = client.Read(patience(t))
	wantText(t, "Read", err, "failed to get reader: previous message not read to completion")
}

func TestWriter(t *testing.T) {
	t.Parallel()
	server, client := pair(t, nil, nil)
	w, err := client.Writer(patience(t), websocket.MessageText)
	good(t, "Writer", err)
	for _, part := range []string{"one ", "two"} {
		_, err = w.Write([]byte(part))
		good(t, "Write", err)
	}
	good(t, "Close", w.Close())
	wantText(t, "Close again", w.Close(), "failed to close writer: ")
	_, err = w.Write(nil)
	wantText(t, "Write after Close", err)
	if typ, p, err := server.Read(patience(t)); typ != websocket.MessageText || string(p) != "one two" || err != nil {
		t.Errorf("read %v %q, %v", typ, p, err)
	}
	_ = client.CloseNow()
	_, err = client.Writer(patience(t), websocket.MessageText)
	want(t, "Writer of a closed connection", err, net.ErrClosed, "failed to get writer: ")
}

func TestPing(t *testing.T) {
	t.Parallel()
	pongs := make(chan string, 1)
	server, client := pair(t, nil, &websocket.DialOptions{
		OnPingReceived: func(context.Context, []byte) bool { return false },
		OnPongReceived: func(_ context.Context, payload []byte) { pongs <- string(payload) },
	})
	server.CloseRead(context.Background())
	client.CloseRead(context.Background())
	good(t, "Ping", client.Ping(patience(t)))
	<-pongs
	short, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	want(t, "Ping without a pong", server.Ping(short), context.DeadlineExceeded, "failed to ping: failed to wait for pong: context deadline exceeded")
}

func TestNetConn(t *testing.T) {
	t.Parallel()
	server, client := pair(t, nil, nil)
	a, b := websocket.NetConn(patience(t), server, websocket.MessageBinary), websocket.NetConn(patience(t), client, websocket.MessageBinary)
	long := bytes.Repeat([]byte("x"), 100_000)
	done := make(chan error, 1)
	go func() {
		_, err := a.Write(long)
		done <- errors.Join(err, a.Close())
	}()
	if p, err := io.ReadAll(b); !bytes.Equal(p, long) || err != nil {
		t.Errorf("%d bytes, %v", len(p), err)
	}
	if n, err := b.Read(nil); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d, %v", n, err)
	}
	good(t, "Write and Close", <-done)

	server, client = pair(t, nil, nil)
	good(t, "Write", server.Write(patience(t), websocket.MessageText, []byte("x")))
	server.CloseRead(context.Background())
	_, err := websocket.NetConn(patience(t), client, websocket.MessageBinary).Read(make([]byte, 1))
	wantText(t, "Read", err, "unexpected frame type read (expected MessageBinary): MessageText")

	_, client = pair(t, nil, nil)
	n := websocket.NetConn(patience(t), client, websocket.MessageBinary)
	for _, passed := range []time.Duration{-time.Minute, time.Millisecond} {
		_ = n.SetDeadline(time.Now().Add(passed))
		time.Sleep(20 * time.Millisecond)
		_, err = n.Read(make([]byte, 1))
		want(t, "Read", err, context.DeadlineExceeded, "failed to read: ", "context deadline exceeded")
		_, err = n.Write(make([]byte, 1))
		want(t, "Write", err, context.DeadlineExceeded, "failed to write: ", "context deadline exceeded")
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	server, client := pair(t, nil, nil)
	good(t, "Write", wsjson.Write(patience(t), server, map[string]int{"a": 1}))
	if typ, p, err := client.Read(patience(t)); typ != websocket.MessageText || string(p) != "{\"a\":1}\n" || err != nil {
		t.Errorf("read %v %q, %v", typ, p, err)
	}
	good(t, "Write", wsjson.Write(patience(t), client, "text"))
	var v string
	if err := wsjson.Read(patience(t), server, &v); v != "text" || err != nil {
		t.Errorf("read %q, %v", v, err)
	}
	wantText(t, "Write", wsjson.Write(patience(t), server, func() {}), "failed to write JSON message: failed to marshal JSON: json: unsupported type")
	client.CloseRead(context.Background())
	go func() { _ = client.Write(context.Background(), websocket.MessageText, []byte("{")) }()
	wantText(t, "Read", wsjson.Read(patience(t), server, &v), "failed to read JSON message: failed to unmarshal JSON: unexpected end of JSON input")
	want(t, "Read again", wsjson.Read(patience(t), server, &v), net.ErrClosed, "failed to read JSON message: failed to get reader: ")
	want(t, "Write", wsjson.Write(patience(t), server, 1), net.ErrClosed, "failed to write JSON message: ")
}

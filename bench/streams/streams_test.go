package streams

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/bench/flood"
	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/bench/servers"
)

// listen runs serve for each connection.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go serve(nc)
		}
	}()
	return l.Addr().String()
}

// server runs the echo server of a library.
func server(t *testing.T, name string) string {
	t.Helper()
	lib, err := servers.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { _ = lib.Echo(l, servers.Settings{Mode: servers.None}) }()
	return l.Addr().String()
}

// Every answer is compared, however the streams are spread, and beside streams that are not read.
func TestRun(t *testing.T) {
	for _, test := range []struct {
		lib   string
		shape Shape
	}{
		{servers.HTTP2, Shape{Connections: 1, Streams: 64, Size: 32}},
		{servers.HTTP2, Shape{Connections: 3, Streams: 5, Size: 40_000}},
		{servers.HTTP2, Shape{Connections: 1, Streams: 2, Size: 126, Stalled: 20}},
		{servers.NetHTTP2, Shape{Connections: 2, Streams: 3, Size: 32}},
		{servers.NetHTTP2, Shape{Connections: 1, Streams: 1, Size: 40_000}},
	} {
		l, err := Open(t.Context(), server(t, test.lib), test.shape)
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		n, err := l.Run(t.Context(), 20*time.Millisecond)
		if all := test.shape.Connections * test.shape.Streams; err != nil || n.Messages < all || n.Elapsed < 20*time.Millisecond {
			t.Errorf("%+v: %+v, %v", test, n, err)
		}
		l.Drop()
	}
}

func TestOpenAndReset(t *testing.T) {
	for _, lib := range []string{servers.HTTP2, servers.NetHTTP2} {
		c, err := Dial(t.Context(), server(t, lib))
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			ids, err := c.Open("/", 4)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Send(ids[3], raw.AppendFrame(nil, raw.Text, false, [4]byte{}, []byte("hello"))); err != nil {
				t.Fatal(err)
			}
			if err := c.Receive(ids[3], flood.AppendAnswer(nil, raw.Text, []byte("hello"))); err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				if err := c.Reset(id); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Drop()
	}
}

func TestNotices(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(p []byte) []byte
		want  string
	}{
		"a wrong byte":   {func(p []byte) []byte { p[20]++; return p }, "brings"},
		"a wrong length": {func(p []byte) []byte { return p[1:] }, "brings"},
	} {
		address := listen(t, func(nc net.Conn) {
			_ = websocket.ServeHTTP2(nc, func(ctx context.Context, c *websocket.Conn) error {
				for m, err := range c.Messages(ctx) {
					if err != nil {
						return err
					}
					if err := c.Write(ctx, m.Type, test.spoil(m.Data)); err != nil {
						return err
					}
				}
				return nil
			}, nil)
		})
		l, err := Open(t.Context(), address, Shape{Connections: 1, Streams: 1, Size: 32})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Run(t.Context(), time.Second); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		l.Drop()
	}
}

func TestNoWebSockets(t *testing.T) {
	address := listen(t, func(nc net.Conn) {
		_ = http2.NewFramer(nc, nc).WriteSettings()
		_, _ = nc.Read(make([]byte, 1<<10))
		time.Sleep(10 * time.Millisecond)
		_ = nc.Close()
	})
	if _, err := Dial(t.Context(), address); err == nil || !strings.Contains(err.Error(), "does not offer") {
		t.Error(err)
	}
}

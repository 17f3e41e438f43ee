package connect_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/websocket"
)

// flights writes down which way bytes go: w and r, once for all that go the same way.
type flights struct {
	mu   sync.Mutex
	went strings.Builder
	last byte
}

func (f *flights) note(way byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last != way {
		f.last = way
		f.went.WriteByte(way)
	}
}

// take returns what went since the last time.
func (f *flights) take() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	went := f.went.String()
	f.went.Reset()
	f.last = 0
	return went
}

type observed struct {
	net.Conn
	flights *flights
}

func (c *observed) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.flights.note('r')
	}
	return n, err
}

func (c *observed) Write(p []byte) (int, error) {
	c.flights.note('w')
	return c.Conn.Write(p)
}

// A Dial that finds a connection in the pool costs one round trip, and no handshake of TCP or TLS.
func TestDialPooledCost(t *testing.T) {
	var handshakes atomic.Int32
	address := serveTLS(t, websocket.Handler(echo, nil), "h2")
	var f flights
	opts := &websocket.DialOptions{
		HTTP2: pool(t, &websocket.HTTP2Pool{}),
		TLSConfig: &tls.Config{
			InsecureSkipVerify: true, ServerName: "example.com",
			VerifyConnection: func(tls.ConnectionState) error { handshakes.Add(1); return nil },
		},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &observed{nc, &f}, err
		},
	}
	for i := range 10 {
		f.take()
		c, _, err := websocket.Dial(t.Context(), "wss://"+address+"/", opts)
		went := f.take()
		if err != nil {
			t.Fatal(err)
		}
		if writes := strings.Count(went, "w"); i > 0 && writes != 1 {
			t.Errorf("Dial %d: bytes went %q", i, went)
		}
		// What the first message has both say goes with this one.
		if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
	}
	if n := handshakes.Load(); n != 1 {
		t.Errorf("%d handshakes of TLS", n)
	}
}

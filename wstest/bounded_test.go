package wstest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// What a pipe is for: that an end is never held by its peer for longer than it
// said, to the nanosecond. The time below is that of a bubble.

// wantCloseTimeout closes c and wants it to take the 5 s of Timeouts.Close.
func wantCloseTimeout(t *testing.T, c *websocket.Conn) {
	t.Helper()
	start := time.Now()
	err := c.Close(websocket.StatusNormalClosure, "")
	if !errors.Is(err, websocket.ErrCloseTimeout) || time.Since(start) != 5*time.Second {
		t.Errorf("Close: %v, after %v", err, time.Since(start))
	}
	if again := c.Close(websocket.StatusNormalClosure, ""); again == nil || again.Error() != err.Error() {
		t.Errorf("Close once more: %v", again)
	}
}

func TestCloseOnStalledFrame(t *testing.T) {
	for name, sent := range map[string]string{
		"in a header":          "\x82",
		"in a length":          "\x82\x7e\x01",
		"in a payload":         "\x82\x05abc",
		"in a long payload":    "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00abc",
		"between fragments":    "\x02\x01a",
		"in its Close frame":   "\x88\x05\x03\xe8b",
		"behind a whole frame": "\x82\x01a",
	} {
		for _, reading := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := wstest.NetPipe(0)
					defer b.Close()
					c := websocket.NewConn(a, websocket.RoleClient, nil)
					if _, err := b.Write([]byte(sent)); err != nil {
						t.Fatal(err)
					}
					if reading {
						go c.Read(context.Background())
						synctest.Wait()
					}
					wantCloseTimeout(t, c)
				})
			})
		}
	}
}

func TestCloseBehindStuckWrite(t *testing.T) {
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		for _, size := range []int{100, 5_000, 100_000} {
			synctest.Test(t, func(t *testing.T) {
				a, b := wstest.NetPipe(16)
				defer b.Close()
				c := websocket.NewConn(a, role, nil)
				wrote := make(chan error, 1)
				go func() { wrote <- c.Write(context.Background(), websocket.MessageBinary, make([]byte, size)) }()
				synctest.Wait()
				wantCloseTimeout(t, c)
				if err := <-wrote; !errors.Is(err, websocket.ErrCloseTimeout) {
					t.Errorf("Write: %v", err)
				}
			})
		}
	}
}

func TestCloseInFlood(t *testing.T) {
	for name, frame := range map[string]string{"pings": "\x89\x01p", "pongs": "\x8a\x00", "messages": "\x82\x03abc"} {
		for _, reading := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := wstest.NetPipe(0)
					c := websocket.NewConn(a, websocket.RoleClient, nil)
					var peer sync.WaitGroup
					peer.Go(func() {
						for flood := []byte(strings.Repeat(frame, 100)); ; time.Sleep(20 * time.Millisecond) {
							if _, err := b.Write(flood); err != nil {
								return
							}
						}
					})
					peer.Go(func() { _, _ = io.Copy(io.Discard, b) })
					if reading {
						peer.Go(func() {
							for range c.Messages(context.Background()) {
							}
						})
					}
					wantCloseTimeout(t, c)
					b.Close()
					peer.Wait()
				})
			})
		}
	}
}

func TestCloseContextIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.NetPipe(0)
		defer b.Close()
		c := websocket.NewConn(a, websocket.RoleServer, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := c.CloseContext(ctx, websocket.StatusNormalClosure, ""); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("CloseContext: %v, after %v", err, time.Since(start))
		}
		if err := c.Ping(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("the cause did not stay: %v", err)
		}
	})
}

func TestCloseFromBothEnds(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			server, client := wstest.Pipe(nil)
			start := time.Now()
			var both sync.WaitGroup
			for _, c := range []*websocket.Conn{server, client} {
				both.Go(func() {
					if err := c.Close(4000, c.Role().String()); err != nil {
						t.Errorf("%v: %v", c.Role(), err)
					}
				})
			}
			both.Wait()
			if d := time.Since(start); d != 0 {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// A read is cancelled behind every byte, and whatever else reads in its place;
// then the message is there.
func TestCancelBehindEveryByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.NetPipe(0)
		defer b.Close()
		c := websocket.NewConn(a, websocket.RoleClient, nil)
		defer c.CloseNow()
		long := strings.Repeat("é", 100)
		wire := "\x01\x02h\xc3" + "\x89\x02hi" + "\x00\x01\xa9" + "\x80\x7e\x00\xc8" + long
		calls := []func(context.Context) error{
			func(ctx context.Context) error { _, _, err := c.ReadInto(ctx, make([]byte, 0, 1000)); return err },
			func(ctx context.Context) error { _, _, err := c.Read(ctx); return err },
			c.Ping,
		}
		last := len(wire) - 1
		for i := range last {
			if _, err := b.Write([]byte{wire[i]}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := calls[i%len(calls)](ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("behind byte %d: %v", i, err)
			}
			cancel()
		}
		if _, err := b.Write([]byte{wire[last]}); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, c, "hé"+long)
	})
}

// The pong behind a message is found when the application has read that.
func TestPingBehindMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := wstest.Pipe(nil)
		defer server.CloseNow()
		defer client.CloseNow()
		client.CloseRead(t.Context())
		if err := client.Write(t.Context(), websocket.MessageText, []byte("first")); err != nil {
			t.Fatal(err)
		}
		pinged := make(chan error, 1)
		go func() { pinged <- server.Ping(t.Context()) }()
		time.Sleep(time.Minute)
		if len(pinged) != 0 {
			t.Fatalf("Ping has gone past the message: %v", <-pinged)
		}
		wantMessage(t, server, "first")
		if err := <-pinged; err != nil || server.Latency() != time.Minute {
			t.Errorf("Ping: %v, latency %v", err, server.Latency())
		}
	})
}

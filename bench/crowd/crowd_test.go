package crowd_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/bench/crowd"
	"github.com/hawser-ws/websocket/bench/servers"
	"github.com/hawser-ws/websocket/hub"
)

const members = 300

// serve runs a loop, and returns a crowd of its clients.
func serve(t *testing.T, loop *websocket.Loop) *crowd.Crowd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- loop.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = loop.Shutdown(ctx)
		<-served
	})
	door, err := crowd.NewDoor(l.Addr().String(), 3, members)
	if err != nil {
		t.Fatal(err)
	}
	c, err := crowd.Open(t.Context(), door, members)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Drop)
	return c
}

func echoing(answer func(p []byte) []byte) *websocket.Loop {
	receive := func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
		return c.Write(ctx, m.Type, answer(m.Data))
	}
	return &websocket.Loop{Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
		return websocket.ReceiverFunc(receive), nil
	}}
}

func same(p []byte) []byte { return p }

func TestTalk(t *testing.T) {
	c := serve(t, echoing(same))
	for _, p := range []crowd.Plan{
		{Talkers: 10, Every: 5 * time.Millisecond, For: 50 * time.Millisecond},
		{Talkers: members - 1, Every: time.Millisecond, For: 20 * time.Millisecond, Spin: true, Block: "block"},
		{Talkers: 50, For: 20 * time.Millisecond},
		{Talkers: members, For: 20 * time.Millisecond},
	} {
		talk, err := c.Talk(t.Context(), p)
		if err != nil || talk.Received != talk.Sent || talk.Sent < p.Talkers || talk.Latencies.Len() != talk.Received || talk.Blocked > 0 != (p.Block != "") {
			t.Fatalf("%+v: %+v, %v", p, talk, err)
		}
		if p.Every == 5*time.Millisecond && talk.Sent != 100 {
			t.Errorf("%d messages were sent, 10 connections were to send 10 each", talk.Sent)
		}
	}
}

// A wrong answer is noticed, and so is one too many.
func TestTalkNotices(t *testing.T) {
	for _, test := range []struct {
		answer func([]byte) []byte
		want   string
	}{
		{func(p []byte) []byte { p[31] ^= 1; return p }, "instead of"},
		{func(p []byte) []byte { p[9] ^= 1; return p }, "instead of"},
		{func(p []byte) []byte { return p[:len(p)-1] }, "instead of"},
	} {
		c := serve(t, echoing(test.answer))
		if _, err := c.Talk(t.Context(), crowd.Plan{Talkers: 3, For: time.Millisecond}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v", err)
		}
	}
}

// What is not whole when it is read first is put together.
func TestLongText(t *testing.T) {
	var all hub.Hub
	loop := echoing(same)
	open := loop.Open
	loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
		all.Add(c)
		return open(ctx, c)
	}
	c := serve(t, loop)
	if _, err := c.Talk(t.Context(), crowd.Plan{Talkers: members, For: time.Millisecond}); err != nil {
		t.Fatal(err) // so that Open was called for each
	}
	for _, text := range []string{"short", strings.Repeat("long", 15_000)} {
		if err := all.Broadcast(websocket.Prepare(websocket.MessageText, []byte(text))); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Receive(t.Context(), []byte(text)); err != nil || n != members {
			t.Errorf("%d of %d: %v", n, members, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if n, err := c.Receive(ctx, []byte("nobody sends this")); !errors.Is(err, context.DeadlineExceeded) || n != 0 {
		t.Errorf("%d: %v", n, err)
	}
}

func TestFarewell(t *testing.T) {
	loop := echoing(same)
	c := serve(t, loop)
	if _, err := c.Talk(t.Context(), crowd.Plan{Talkers: members, For: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- loop.Shutdown(t.Context()) }()
	f, err := c.Farewell(t.Context())
	if err != nil || f.Codes[1001] != members || f.Without != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A server that ends connections without a Close frame is noticed.
func TestFarewellNotices(t *testing.T) {
	loop := echoing(same)
	c := serve(t, loop)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Talk(t.Context(), crowd.Plan{Talkers: members, For: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	go func() { _ = loop.Shutdown(ctx) }()
	f, err := c.Farewell(t.Context())
	if err != nil || f.Without+f.Codes[1001] != members {
		t.Errorf("%+v, %v", f, err)
	}
	t.Logf("%+v", f)
}

func TestLatencies(t *testing.T) {
	a, b := crowd.Latencies{1: 50, 2: 49}, crowd.Latencies{1234: 1}
	a.Merge(b)
	if a.Len() != 100 || a.Quantile(0.5) != time.Microsecond || a.Quantile(0.99) != 2*time.Microsecond || a.Quantile(1) != 1234*time.Microsecond {
		t.Errorf("%v", a)
	}
	if q := (crowd.Latencies{}).Quantile(0.99); q != 0 {
		t.Errorf("of none it is %v", q)
	}
}

// The servers that block do so for one word.
func TestBlocking(t *testing.T) {
	for _, name := range servers.Blocking() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lib, err := servers.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- lib.Echo(l, servers.Settings{Mode: servers.None, Bits: 15}) }()
			defer func() {
				_ = l.Close()
				<-ended
			}()
			door, err := crowd.NewDoor(l.Addr().String(), 0, 4)
			if err != nil {
				t.Fatal(err)
			}
			c, err := crowd.Open(t.Context(), door, 4)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Drop()
			start := time.Now()
			talk, err := c.Talk(t.Context(), crowd.Plan{Talkers: 3, Every: 10 * time.Millisecond, For: 50 * time.Millisecond, Block: servers.BlockWord})
			if err != nil || talk.Blocked != 1 || talk.Received != 15 {
				t.Errorf("%+v, %v", talk, err)
			}
			if d := time.Since(start); d < servers.BlockFor {
				t.Errorf("it blocks for %v", d)
			}
		})
	}
}

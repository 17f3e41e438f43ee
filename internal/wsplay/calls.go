package wsplay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// WantRead reads the next message and compares it.
func WantRead(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	_, p, err := c.Read(Patience(t))
	if string(p) != want || err != nil {
		t.Fatalf("Read = %d bytes %.40q, %v; want %d %.40q", len(p), p, err, len(want), want)
	}
}

// WantIs checks that errors.Is(err, want).
func WantIs(t *testing.T, why string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v; want %v", why, err, want)
	}
}

// Pair returns two engines with the same options, joined in memory.
func Pair(opts *websocket.ConnOptions, buffer int) (server, client *websocket.Conn) {
	return wstest.Pipe(&wstest.Options{Server: opts, Client: opts, Buffer: buffer})
}

// Echo runs an echo loop, whose body first calls each.
func Echo(ctx context.Context, c *websocket.Conn, each func(text string)) <-chan error {
	return Go(func() error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			each(string(m.Data))
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadWays are the ways to read one message to its end. A read that was cancelled is
// resumed by calling the same way again.
var ReadWays = map[string]func(ctx context.Context, c *websocket.Conn) (string, error){
	"Read": func(ctx context.Context, c *websocket.Conn) (string, error) {
		_, p, err := c.Read(ctx)
		return string(p), err
	},
	"ReadInto": func(ctx context.Context, c *websocket.Conn) (string, error) {
		_, p, err := c.ReadInto(ctx, []byte("before "))
		rest, ok := strings.CutPrefix(string(p), "before ")
		if !ok || err != nil && rest != "" {
			return "", fmt.Errorf("buf became %.40q with %s", p, fmt.Sprint(err)) // not wrapped: no cancellation excuses it
		}
		return rest, err
	},
	"Messages": func(ctx context.Context, c *websocket.Conn) (string, error) {
		for m, err := range c.Messages(ctx) {
			return string(m.Data), err
		}
		return "", errors.New("no message and no error")
	},
	"Reader": func(ctx context.Context, c *websocket.Conn) (string, error) {
		_, r, err := c.Reader(ctx)
		if err != nil {
			return "", err
		}
		p, err := io.ReadAll(r)
		return string(p), err
	},
}

// ReadWhole and ReadPieces are the two ways in which a compressed message is read.
var ReadWhole, ReadPieces = ReadWays["Read"], ReadWays["Reader"]

// CutAndResume sends the first cut bytes of wire, lets a read wait for more and cancels
// it, then sends the rest and reads the message.
func CutAndResume(t *testing.T, c *websocket.Conn, put func([]byte), wire []byte, cut int, read func(context.Context, *websocket.Conn) (string, error), want string) {
	t.Helper()
	if cut > 0 {
		go put(wire[:cut])
	}
	ctx, cancel := context.WithCancel(context.Background())
	type result struct {
		got string
		err error
	}
	done := Go(func() result { got, err := read(ctx, c); return result{got, err} })
	Pending(t, "a read of half a message", done)
	cancel()
	first := <-done
	WantIs(t, fmt.Sprintf("the read cancelled after %d bytes", cut), first.err, context.Canceled)
	if _, err := read(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatalf("a read with a context that has ended: %v", err)
	}
	go put(wire[cut:])
	got, err := read(Patience(t), c)
	if got = first.got + got; got != want || err != nil {
		t.Fatalf("cut after %d bytes: got %d bytes %.40q, %v; want %d", cut, len(got), got, err, len(want))
	}
}

// PastTime is a deadline that has passed.
var PastTime = time.Unix(1, 0)

package connect_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

func numbered(n uint64, size int) []byte {
	p := make([]byte, 8+size)
	binary.BigEndian.PutUint64(p, n)
	for i := range p[8:] {
		p[8+i] = byte(n) + byte(i)
	}
	return p
}

func checkNumbered(t *testing.T, p []byte, want uint64, who string) {
	if len(p) < 8 || binary.BigEndian.Uint64(p) != want {
		t.Errorf("%s: got message %d, want %d", who, binary.BigEndian.Uint64(p), want)
		return
	}
	for i, b := range p[8:] {
		if b != byte(want)+byte(i) {
			t.Errorf("%s: message %d is damaged at %d", who, want, i)
			return
		}
	}
}

func size(r *rand.Rand) int {
	switch r.IntN(6) {
	case 0:
		return 0
	case 1:
		return r.IntN(100)
	case 2:
		return 240 + r.IntN(10) - 5
	case 3:
		return r.IntN(5000)
	case 4:
		return r.IntN(70000)
	}
	return r.IntN(1000)
}

// reader reads with contexts that end at random moments, until the connection ends.
func readAll(t *testing.T, r *rand.Rand, c *websocket.Conn, who string) (n uint64, err error) {
	for {
		ctx, cancel := context.Background(), func() {}
		if r.IntN(3) > 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(500))*time.Microsecond)
		}
		_, p, err := c.Read(ctx)
		cancel()
		switch {
		case err == nil:
			checkNumbered(t, p, n, who)
			n++
		case errors.As(err, new(*websocket.ClosedError)):
			return n, err
		case !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("%s: %v", who, err)
			return n, err
		}
	}
}

func writeAll(t *testing.T, r *rand.Rand, c *websocket.Conn, count uint64, cut bool, who string) (n uint64, err error) {
	for n < count {
		ctx, cancel := context.Background(), func() {}
		if cut && r.IntN(4) == 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(300))*time.Microsecond)
		} else if r.IntN(4) == 0 {
			ctx, cancel = context.WithCancel(ctx)
			cancel()
		}
		err := c.Write(ctx, websocket.MessageBinary, numbered(n, size(r)))
		cancel()
		switch {
		case err == nil:
			n++
		case errors.As(err, new(*websocket.ClosedError)):
			return n, err
		case !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled):
			t.Errorf("%s: %v", who, err)
			return n, err
		}
	}
	return n, nil
}

func TestZZWorld(t *testing.T) {
	type outcome struct {
		read, written uint64
		rerr, werr    error
	}
	for _, cut := range []bool{false, true} {
		for _, comp := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionContextTakeover} {
			outcomes := make(chan outcome, 100000)
			h := websocket.Handler(func(_ context.Context, c *websocket.Conn) error {
				r := rand.New(rand.NewPCG(1, rand.Uint64()))
				var o outcome
				var both sync.WaitGroup
				both.Go(func() { o.written, o.werr = writeAll(t, r, c, 40, cut, "server") })
				r2 := rand.New(rand.NewPCG(2, rand.Uint64()))
				o.read, o.rerr = readAll(t, r2, c, "server")
				both.Wait()
				outcomes <- o
				return nil
			}, &websocket.AcceptOptions{CompressionMode: comp, OnError: func(*websocket.HandlerError) {}})
			address := serve(t, h)
			p := pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
			var clients sync.WaitGroup
			deadline := time.Now().Add(4 * time.Second)
			for range 4 {
				clients.Go(func() {
					for time.Now().Before(deadline) && !t.Failed() {
						c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p, CompressionMode: comp})
						if err != nil {
							if cut && strings.Contains(err.Error(), "INTERNAL_ERROR") {
								continue
							}
							t.Error(err)
							return
						}
						r := rand.New(rand.NewPCG(3, rand.Uint64()))
						var o outcome
						var both sync.WaitGroup
						both.Go(func() { o.read, o.rerr = readAll(t, rand.New(rand.NewPCG(4, rand.Uint64())), c, "client") })
						o.written, o.werr = writeAll(t, r, c, 40, false, "client")
						if o.werr == nil {
							_ = c.BeginClose(context.Background(), websocket.StatusNormalClosure, "")
						}
						both.Wait()
						cerr := c.Close(websocket.StatusNormalClosure, "")
						var s outcome
						select {
						case s = <-outcomes:
						case <-time.After(20 * time.Second):
							t.Errorf("no outcome: client %+v", o)
						}
						if !cut {
							if o.werr != nil || s.read != 40 {
								t.Errorf("client %+v, %v; server %+v", o, cerr, s)
							}
							if s.werr == nil && s.written == 40 && o.read != 40 && errors.Is(o.rerr, io.EOF) {
								t.Errorf("client %+v; server %+v", o, s)
							}
						}
					}
				})
			}
			clients.Wait()
		}
	}
}

var _ = http.StatusOK

package http3_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// user writes numbered messages on one end while it reads those of the other, both with contexts
// that end at random moments, and closes after a while.
type user struct {
	t       *testing.T
	c       *websocket.Conn
	written int // the last number whose Write succeeded
	got     int // the last number that has come
}

// talk returns when the connection has ended.
func (u *user) talk(seed uint64, messages int) {
	var both sync.WaitGroup
	both.Go(func() { u.write(rand.New(rand.NewPCG(seed, 1)), messages) })
	both.Go(func() { u.read(rand.New(rand.NewPCG(seed, 2))) })
	both.Wait()
}

// brief returns a context that mostly lasts long enough.
func brief(r *rand.Rand) (context.Context, context.CancelFunc) {
	d := patience
	if r.IntN(4) == 0 {
		d = time.Duration(r.IntN(2000)) * time.Microsecond
	}
	return context.WithTimeout(context.Background(), d)
}

func (u *user) write(r *rand.Rand, messages int) {
	for n := 1; n <= messages; n++ {
		size := 8 + r.IntN(200)
		if r.IntN(20) == 0 {
			size += r.IntN(300_000)
		}
		p := make([]byte, size)
		binary.BigEndian.PutUint64(p, uint64(n))
		ctx, cancel := brief(r)
		err := u.c.Write(ctx, websocket.MessageBinary, p)
		cancel()
		if errors.As(err, new(*websocket.ClosedError)) {
			return
		}
		if err == nil {
			u.written = n
		}
	}
	_ = u.c.BeginClose(context.Background(), websocket.StatusNormalClosure, "")
}

func (u *user) read(r *rand.Rand) {
	for {
		ctx, cancel := brief(r)
		_, p, err := u.c.Read(ctx)
		cancel()
		switch {
		case errors.As(err, new(*websocket.ClosedError)):
			return
		case err != nil:
			continue
		}
		n := int(binary.BigEndian.Uint64(p))
		if n <= u.got {
			u.t.Errorf("message %d after %d", n, u.got)
		}
		for _, b := range p[8:] {
			if b != 0 {
				u.t.Errorf("message %d is not as it was written", n)
				break
			}
		}
		u.got = n
	}
}

// Users at random: no message comes twice, out of order or changed, and after a clean end all that
// was written has come.
func TestWorld(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		servers := make(chan *user, 20)
		url := serve(t, wrap(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
			_, p, err := c.Read(ctx)
			if err != nil || c.Write(ctx, websocket.MessageText, p) != nil {
				t.Error(err)
			}
			_, _, _ = c.Read(ctx) // else a reset may overtake what was sent
			u := &user{t: t, c: c}
			u.talk(seed+1, 40)
			servers <- u
			return nil
		}, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}, CompressionMode: websocket.CompressionContextTakeover})))
		p := pool(t, &http3.Pool{})
		const pairs = 10
		for i := range pairs { // one after the other: each end knows its other
			mode := websocket.CompressionDisabled
			if i%2 == 1 {
				mode = websocket.CompressionContextTakeover
			}
			client := &user{t: t, c: dial(t, url, &websocket.DialOptions{HTTP3: p, CompressionMode: mode})}
			say(t, client.c, "hello")
			if err := client.c.Write(within(t), websocket.MessageText, []byte("begin")); err != nil {
				t.Fatal(err)
			}
			client.talk(seed+uint64(i), 40)
			_ = client.c.CloseNow()
			server := await(t, servers)
			if client.got > 40 || server.got > 40 {
				t.Errorf("got %d and %d", client.got, server.got)
			}
			clean := func(u *user) bool {
				closed, ok := errors.AsType[*websocket.ClosedError](context.Cause(u.c.Context()))
				return ok && closed.Clean()
			}
			if clean(client) && clean(server) && (client.written > server.got || server.written > client.got) {
				t.Errorf("written %d and %d, got %d and %d", client.written, server.written, server.got, client.got)
			}
		}
	})
}

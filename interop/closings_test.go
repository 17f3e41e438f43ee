package interop

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
)

var (
	times   = flag.Int("closings", 1, "how often each end closes a WebSocket over HTTP/2 and HTTP/3, for the times in the log")
	sockets = flag.Int("sockets", 5, "how many WebSockets the page opens at a time over HTTP/2 and HTTP/3; each second one is closed by the server")
)

// closeOften has each end of connections to a server begin the closing.
func closeOften(t *testing.T, ctx context.Context, dial dialFunc, base string) {
	t.Helper()
	for range *times {
		for path, begun := range map[string]func(p party) error{
			"/echo": func(p party) error { return p.close(4001, "bye") },
			"/close?code=4002&reason=bye": func(p party) error {
				if err := p.send(websocket.MessageText, []byte("close me")); err != nil {
					return err
				}
				return p.arrivals().answered(4002)
			},
		} {
			p, err := dial(ctx, base+path)
			if err != nil {
				t.Fatal(err)
			}
			if err := begun(p); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			p.drop()
		}
	}
}

// closings notes how long our ends take from the first Close frame until the other one has come or
// gone, and until the stream has ended. The first is what a caller of Close waits for, the second
// includes what only frees the stream. The log of the test has both (go test -v); nothing asserts a
// time. A peer that waits for more than our Close frame waits longer than the test may take,
// because Timeouts.Close is that long.
type closings struct {
	whose string
	mu    sync.Mutex
	open  map[*websocket.Conn]*closing // begun and not ended
	done  map[string][]closing         // the orderly ones, by who began
	ended *sync.Cond
}

// closing is one of them.
type closing struct {
	by             conn.State
	since          time.Time
	answered, took time.Duration // since then; answered is 0 before that
}

// patient is longer than any test may take.
var patient = websocket.Timeouts{Close: 2 * bound}

// newClosings notes the closings of the connections that have its Trace. At the end of the test
// they must have ended.
func newClosings(t *testing.T, whose string) *closings {
	c := &closings{
		whose: whose,
		open:  map[*websocket.Conn]*closing{}, done: map[string][]closing{},
	}
	c.ended = sync.NewCond(&c.mu)
	t.Cleanup(func() {
		c.settle(t)
		for _, who := range slices.Sorted(maps.Keys(c.done)) {
			var answered, took []time.Duration
			for _, one := range c.done[who] {
				answered, took = append(answered, one.answered), append(took, one.took)
			}
			t.Logf("%s, %s: %s; both Close frames: %s", whose, who, spread(took), spread(answered))
		}
	})
	return c
}

// settle waits until all connections that are closing have ended. When the test is over, so are
// its programs, and what they have left open ends with them or, over UDP, does not. A test calls
// settle before that, or its times are those of its own end.
func (c *closings) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended.Broadcast()
	})()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) > 0 && ctx.Err() == nil {
		c.ended.Wait()
	}
	if len(c.open) > 0 {
		t.Errorf("%s: %d connections have exchanged Close frames and do not end", c.whose, len(c.open))
	}
}

func (c *closings) trace() *websocket.Trace {
	return &websocket.Trace{StateChanged: func(of *websocket.Conn, from, to conn.State) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if from == conn.Open && (to == conn.ClosedByUs || to == conn.ClosedByPeer) {
			c.open[of] = &closing{by: to, since: time.Now()}
		}
		one := c.open[of]
		switch {
		case one == nil:
		case to == conn.Acknowledged:
			one.answered = time.Since(one.since)
		case to == conn.Terminated:
			if from == conn.Acknowledged { // an orderly one
				one.took = time.Since(one.since)
				c.done[one.by.String()] = append(c.done[one.by.String()], *one)
			}
			delete(c.open, of)
			c.ended.Broadcast()
		}
	}}
}

// spread describes durations.
func spread[T cmp.Ordered](of []T) string {
	slices.Sort(of)
	return fmt.Sprintf("%v to %v, median %v of %d", of[0], of[len(of)-1], of[len(of)/2], len(of))
}

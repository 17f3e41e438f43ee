package cancel_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Frames leave in the order in which their callers came, also that of the caller that
// writes for the others.
func TestWritersShareTheConnection(t *testing.T) {
	const writers, rounds, size = 8, 40, 48 << 10
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 4<<10)
		ended := make(chan error, writers)
		for id := range writers {
			go func() {
				message := []byte(strings.Repeat(string(rune('a'+id)), size))
				var err error
				for err == nil {
					err = c.Write(context.Background(), websocket.MessageBinary, message)
				}
				ended <- err
			}()
		}
		var counts [writers]int
		for range writers * rounds {
			time.Sleep(time.Millisecond) // while everybody waits for this peer
			f, err := p.Next()
			if err != nil {
				t.Fatal(err)
			}
			counts[f.Payload[0]-'a']++
		}
		c.CloseNow()
		for range writers {
			<-ended
		}
		sorted := slices.Sorted(slices.Values(counts[:]))
		if sorted[0] < sorted[writers/2]/3 {
			t.Errorf("the writers sent %v messages", counts)
		}
	})
}

// What waits behind a stuck write leaves in the order in which it came, and a Close
// frame behind all that was submitted before it. A ping goes in front: RFC 6455 §5.5:
// "Control frames can be interjected in the middle of a fragmented message."
func TestOrderOfWhatWaits(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		stuck := strings.Repeat("s", 100<<10)
		wsplay.StartWrite(t, c, stuck)
		for _, text := range []string{"one", "two", "three"} {
			wsplay.StartWrite(t, c, text)
		}
		go c.Ping(context.Background())
		wsplay.Pending(t, "BeginClose", wsplay.Go(func() error {
			return c.BeginClose(wsplay.Patience(t), websocket.StatusNormalClosure, "")
		}))
		late := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageText, []byte("late")) })
		wsplay.Pending(t, "a write behind the Close frame", late)

		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("the stuck write", wsplay.OpText, stuck)
		if f, err := p.Next(); err != nil || f.Opcode != wsplay.OpPing {
			t.Fatalf("got opcode %d %q, %v; want the ping in front of what waits", f.Opcode, f.Payload, err)
		}
		for _, text := range []string{"one", "two", "three"} {
			p.Want("in order", wsplay.OpText, text)
		}
		p.WantClose("behind them", websocket.StatusNormalClosure)
		wsplay.WantEnding(t, "the write behind the Close frame", <-late, 1000, 0, websocket.SideLocal, nil)
	})
}

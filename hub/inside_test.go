package hub

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

// The ring gives back what was put in, in order, wherever it begins and while it grows,
// and has no more memory than its limit asks for.
func TestQueue(t *testing.T) {
	for _, limit := range []int{1, 2, 5, 64} {
		var q queue
		var want []*websocket.PreparedMessage
		for i := range 5_000 {
			if len(want) < limit && rand.IntN(2) == 0 {
				m := websocket.Prepare(websocket.MessageText, []byte(fmt.Sprint(i)))
				q.push(m, limit)
				want = append(want, m)
			} else if len(want) > 0 {
				if got := q.pop(); got != want[0] {
					t.Fatalf("limit %d: message %d is not the oldest", limit, i)
				}
				want = want[1:]
			}
			if q.n != len(want) || len(q.ring) > limit {
				t.Fatalf("limit %d: %d wait in a ring of %d, want %d", limit, q.n, len(q.ring), len(want))
			}
		}
		for range want {
			q.pop()
		}
		for i, m := range q.ring {
			if m != nil {
				t.Errorf("limit %d: an empty queue keeps a message alive, at %d", limit, i)
			}
		}
		if q.shrink(); len(q.ring) > smallRing {
			t.Errorf("limit %d: an empty queue has a ring of %d", limit, len(q.ring))
		}
	}
}

// The figure in SECURITY.md is that of the code.
func TestSecurityTable(t *testing.T) {
	page, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("| messages of a hub that wait for a connection | %d | `Hub.Queue`, `Hub.Slow` |", defaultQueue)
	if !strings.Contains(string(page), want) {
		t.Errorf("SECURITY.md does not have the row %q", want)
	}
}

// A message that comes when its member has just been removed waits for nobody.
func TestMemberThatHasLeft(t *testing.T) {
	var m member
	if waited, writing := m.leave(); waited != 0 || writing {
		t.Errorf("%d messages waited, writing %v", waited, writing)
	}
	if lost := m.push(websocket.Prepare(websocket.MessageText, nil), 1, CloseSlow); lost != nil || m.queue.n != 0 {
		t.Errorf("it was lost: %v; %d messages wait", lost, m.queue.n)
	}
}

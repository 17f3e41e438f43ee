package websocket

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/hawser-ws/websocket/internal/transport"
)

// sluggish is a transport whose writes time out with half of what they were given
// taken, although there is room for more.
type sluggish struct {
	transport.Transport
	room  int // for the next offer
	taken int
}

func (s *sluggish) Write(head, tail []byte) (int, error) {
	n := (len(head) + len(tail)) / 2
	s.taken += n
	return n, os.ErrDeadlineExceeded
}

func (s *sluggish) TryWrite(p []byte) int {
	n := min(len(p), s.room)
	s.taken += n
	return n
}

// A write whose time is over looks once more before the connection is given up.
func TestWriteTimeoutLooksForRoom(t *testing.T) {
	for _, role := range []Role{RoleServer, RoleClient} {
		for _, roomy := range []bool{true, false} {
			stream, _ := net.Pipe()
			c := NewConn(stream, role, nil)
			s := &sluggish{Transport: c.transport}
			c.transport = s
			c.out.pace = &pace{limit: 1}
			if roomy {
				s.room = 100 << 10
			}
			err := c.Write(context.Background(), MessageBinary, make([]byte, 100<<10))
			if roomy && (err != nil || s.taken < 100<<10) {
				t.Errorf("%v: with room: %v, %d bytes taken", role, err, s.taken)
			}
			if !roomy && !errors.Is(err, ErrWriteTimeout) {
				t.Errorf("%v: without: %v", role, err)
			}
			_ = c.CloseNow()
		}
	}
}

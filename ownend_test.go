package websocket

import (
	"context"
	"net"
	"testing"

	"github.com/hawser-ws/websocket/internal/transport"
)

// armed counts how often a transport is touched.
type armed struct {
	transport.Transport
	touched int
}

func (a *armed) InterruptRead(bool) { a.touched++ }

// The context of the connection's own end is not watched: nothing is registered that could
// interrupt, nor anything allocated.
func TestOwnEndIsNotWatched(t *testing.T) {
	near, other := net.Pipe()
	defer other.Close()
	c := NewConn(near, RoleServer, nil)
	a := &armed{Transport: c.transport}
	c.transport = a
	for name, ctx := range map[string]context.Context{
		"by its channel": endContext{context.Background(), c.done()},
		"by its type":    &serveContext{c: c},
		"with a value":   context.WithValue(&serveContext{c: c}, endContext{}, 1),
	} {
		allocs := testing.AllocsPerRun(10, func() {
			if err := arm(ctx, &c.in.canceler, c.in.host); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			c.in.canceler.Park()
		})
		if allocs != 0 || a.touched != 0 {
			t.Errorf("%s: %v allocations, touched %d times", name, allocs, a.touched)
		}
	}
	_ = c.CloseNow()
}

type endContext struct {
	context.Context
	done <-chan struct{}
}

func (c endContext) Done() <-chan struct{} { return c.done }

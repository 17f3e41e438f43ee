package fuzz_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A Loop is one more way to read: it takes what there is in turns, stops wherever the bytes do, and
// goes on in the next turn. On a socket an event loop tells when that is. On a net.Conn in memory
// the pieces of a delivery end the turns, and what can be written at once is cut as well. On
// any other stream a goroutine is in place of the loop.

// loops has the connections on sockets. It is one for all, as elsewhere.
var loops = sync.OnceValue(newLoop)

// ofLoops spares the goroutines that they share.
func ofLoops() []goleak.Option {
	const loop = "github.com/hawser-ws/websocket/internal/eventloop.(*Loop)."
	return []goleak.Option{goleak.IgnoreAnyFunction(loop + "lead"), goleak.IgnoreAnyFunction(loop + "watch")}
}

func newLoop() *websocket.Loop {
	return &websocket.Loop{
		Loops: 1,
		Closed: func(_ *websocket.Conn, r websocket.Receiver, err error) {
			on := r.(*onLoop)
			on.err = err
			close(on.over)
		},
		AcceptOptions: websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}},
	}
}

// onLoop is an application that a Loop calls.
type onLoop struct {
	*application
	over chan struct{} // closed when it is told of the end
}

// join has a Loop read. over is closed at the end.
func (a *application) join(over chan struct{}) {
	loop := newLoop()
	if a.beneath >= overUnix {
		loop = loops()
	}
	a.must(loop.Add(a.conn, &onLoop{a, over}))
}

// cuts are where the turns of a delivery end.
func (s setup) cuts(sizes []byte, d delivery) wsplay.Cuts {
	pieces, writes := 0, 0
	return wsplay.Cuts{
		Read: func() int { pieces++; return d.next(pieces-1, 1<<20) },
		Write: func() int {
			if len(sizes) == 0 {
				return 1 << 20
			}
			writes++
			return int(sizes[writes%len(sizes)]) + 1
		},
	}
}

// Receive takes a message in the manner of the application.
func (a *onLoop) Receive(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
	a.must(a.took(m.Type, m.Data, nil))
	switch a.manner {
	case byEcho:
		a.must(c.Write(ctx, m.Type, m.Data))
	case byBatch:
		a.must(c.Batch().Write(ctx, m.Type, slices.Clone(m.Data)))
	}
	return nil
}

// endedByPeer reports whether the peer's bytes ended the connection, and not the CloseNow that
// came then: Closed is called only when TCP has ended too.
func (a *application) endedByPeer() bool {
	closed, ok := errors.AsType[*websocket.ClosedError](a.err)
	return ok && closed.Began == websocket.SideRemote
}

// again asks a connection that has ended once more how that was.
func (a *application) again() error {
	if a.loop {
		<-a.conn.Context().Done()
		return a.conn.CloseNow()
	}
	_, _, err := a.conn.Read(a.patience())
	return err
}

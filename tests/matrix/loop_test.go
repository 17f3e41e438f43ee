package matrix_test

import (
	"context"
	"net"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Pipes on a Loop pass so many bytes before there seem to be no more.
const (
	readCut  = 700
	writeCut = 900
)

// reporting has the end of the connection that goes on a Loop driven in turns.
func (p *matrixPair) reporting(a, b net.Conn) (net.Conn, net.Conn) {
	cuts := wsplay.Cuts{Read: func() int { return readCut }, Write: func() int { return writeCut }}
	if p.role == websocket.RoleClient {
		return a, wsplay.Reporting(b, cuts)
	}
	return wsplay.Reporting(a, cuts), b
}

// toLoop has a Loop read the connection, and answer some of what comes.
func (p *matrixPair) toLoop(c *websocket.Conn, s *scene) {
	const answers = 20
	n := 0
	loop := &websocket.Loop{Loops: 1, AcceptOptions: websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}}}
	err := loop.Add(c, websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
		if n++; n > answers {
			return nil
		}
		return c.Write(ctx, m.Type, m.Data)
	}))
	if err != nil {
		p.t.Error(err)
	}
	s.stop = func() {
		if err := loop.Shutdown(context.Background()); err != nil {
			p.t.Error(err)
		}
	}
}

// ended returns how c has ended. Nobody reads on a Loop.
func (p *matrixPair) ended(c *websocket.Conn) error {
	if p.onLoop {
		<-c.Context().Done()
		return c.CloseNow()
	}
	_, _, err := c.Read(context.Background())
	return err
}

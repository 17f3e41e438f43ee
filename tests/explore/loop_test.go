package explore_test

import (
	"context"
	"net"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// onLoops says which ends are on a Loop: they are read in turns, whatever the script does.
type onLoops [2]bool

// read reports whether o is a read of an end on a Loop.
func (l onLoops) read(o op) bool { return o.what == doRead && l[o.end] }

// begin makes the connection of an end.
func (a *acted) begin(near net.Conn, role websocket.Role, onLoop bool) {
	if !onLoop {
		a.c = websocket.NewConn(near, role, a.options())
		return
	}
	a.c = websocket.NewConn(wsplay.Reporting(near, wsplay.Cuts{}), role, a.options())
	loop := &websocket.Loop{
		Closed: func(_ *websocket.Conn, _ websocket.Receiver, err error) { a.took(nil, err) },
	}
	_ = loop.Add(a.c, websocket.ReceiverFunc(func(_ context.Context, _ *websocket.Conn, m websocket.Message) error {
		a.took(m.Data, nil)
		return nil
	}))
}

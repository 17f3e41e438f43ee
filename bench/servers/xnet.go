package servers

import (
	"net"

	"golang.org/x/net/websocket"
)

// xnetLib is golang.org/x/net/websocket, which has no compression. Only a Codec keeps messages
// whole and distinguishes text from binary. With Read, and so with io.Copy, a long message
// arrives in several parts.
type xnetLib struct{}

func (xnetLib) Module() string { return "golang.org/x/net" }

func (xnetLib) Echo(l net.Listener, _ Settings) error {
	// A Server, because a Handler requires an Origin.
	return serveHTTP(l, websocket.Server{Handler: func(c *websocket.Conn) {
		var m xnetMessage
		for xnetCodec.Receive(c, &m) == nil && xnetCodec.Send(c, &m) == nil {
		}
	}})
}

type xnetMessage struct {
	typ  byte
	data []byte
}

var xnetCodec = websocket.Codec{
	Marshal: func(v any) ([]byte, byte, error) {
		m := v.(*xnetMessage)
		return m.data, m.typ, nil
	},
	Unmarshal: func(data []byte, typ byte, v any) error {
		*v.(*xnetMessage) = xnetMessage{typ, data}
		return nil
	},
}

package servers

import "net"

// tcpFloor is what a careful programmer writes with only net.Conn: one Read, all whole frames
// in it answered, one Write.
type tcpFloor struct{}

func (tcpFloor) Module() string { return "" }

func (tcpFloor) Echo(l net.Listener, _ Settings) error { return serveConns(l, echoTCP) }

func echoTCP(nc net.Conn) {
	rest, err := floorHandshake(nc)
	if err != nil {
		return
	}
	c := newFloorConn(rest)
	for {
		answers, used, err := c.answer()
		if err != nil {
			return
		}
		if used > 0 {
			if _, err := nc.Write(answers); err != nil {
				return
			}
			c.consume(used)
		}
		space, err := c.space()
		if err != nil {
			return
		}
		n, err := nc.Read(space)
		if err != nil {
			return
		}
		c.arrived(n)
	}
}

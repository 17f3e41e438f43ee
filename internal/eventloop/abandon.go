package eventloop

import (
	"log"
	"runtime/debug"
)

// abandon tells the Source that a turn of it did not return.
func (m *Member) abandon(p any, stack []byte) {
	done := false
	defer func() {
		if done {
			return
		}
		p := recover()
		m.Remove()
		log.Printf("websocket: a connection was abandoned: its Abandon panicked: %v\n%s", p, debug.Stack())
	}()
	m.source.Abandon(p, stack)
	done = true
	if !m.settle() {
		m.hand()
	}
}

package websocket

import (
	"context"
	"iter"
)

// Message is one data message, as [Conn.Messages] yields it.
type Message struct {
	Type MessageType
	// Data is valid until the next message is asked for.
	Data []byte
}

// Messages iterates over the messages that arrive. It ends silently when the
// connection is closed with StatusNormalClosure or StatusGoingAway, and yields one
// error otherwise, last.
//
// The memory of Data is borrowed while the loop's body runs, so that a connection
// that waits for a message holds none.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			if err := c.awaitMessage(ctx); err != nil {
				lastError(yield, err)
				return
			}
			p := messageBuffers.Get().(*[]byte)
			typ, data, err := c.takeMessage(ctx, (*p)[:0])
			ok := false
			if err != nil {
				lastError(yield, err)
			} else {
				ok = yield(Message{Type: typ, Data: data}, nil)
			}
			if cap(data) <= messageSize { // what it has grown to is kept, unless it is too large
				*p = data[:0]
			}
			messageBuffers.Put(p)
			if !ok {
				return
			}
		}
	}
}

// lastError yields err unless it is an orderly end.
func lastError(yield func(Message, error) bool, err error) {
	switch CloseStatus(err) {
	case StatusNormalClosure, StatusGoingAway:
	default:
		yield(Message{}, err)
	}
}

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
			p := messageBuffers.Get().(*[]byte)
			typ, data, err := c.ReadInto(ctx, (*p)[:0])
			if err != nil {
				returnMessageBuffer(p, data)
				switch CloseStatus(err) {
				case StatusNormalClosure, StatusGoingAway:
				default:
					yield(Message{}, err)
				}
				return
			}
			ok := yield(Message{Type: typ, Data: data}, nil)
			returnMessageBuffer(p, data)
			if !ok {
				return
			}
		}
	}
}

// returnMessageBuffer puts the memory that a message has grown to into the pool,
// unless it is too large to keep.
func returnMessageBuffer(p *[]byte, grown []byte) {
	if cap(grown) <= messageSize {
		*p = grown[:0]
	}
	messageBuffers.Put(p)
}

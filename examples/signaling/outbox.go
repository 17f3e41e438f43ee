package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/watch"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// outbox is the queue of messages to a member, with a goroutine while it is not empty. Senders
// do not wait. A member whose queue is full is closed.
//
// A Hub of package hub with one connection would do the same. Here messages are written one at
// a time, so that the trace knows which message a frame belongs to.
type outbox struct {
	conn  *websocket.Conn
	codec *wire.Codec
	trace *watch.Recorder
	limit int
	log   *slog.Logger

	mu       sync.Mutex
	state    outboxState
	queue    [][]byte
	farewell *websocket.CloseError // the Close frame that we send
	closing  func()                // called first, if not nil
}

type outboxState uint8

const (
	outboxIdle    outboxState = iota // nothing waits
	outboxWriting                    // a goroutine is writing
	outboxClosed                     // closed for further messages
)

func newOutbox(c *websocket.Conn, codec *wire.Codec, trace *watch.Recorder, limit int, log *slog.Logger) *outbox {
	return &outbox{conn: c, codec: codec, trace: trace, limit: limit, log: log}
}

// Send queues a message.
func (o *outbox) Send(m wire.ToPage) {
	p, err := o.codec.Encode(m)
	if err != nil {
		o.log.Error("message not encoded", "error", err) // for a message that was checked before
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.state == outboxClosed:
	case len(o.queue) >= o.limit:
		o.close(websocket.StatusTryAgainLater, fmt.Sprintf("you do not read: %d messages wait for you", o.limit))
	default:
		o.queue = append(o.queue, p)
		if o.state == outboxIdle {
			o.state = outboxWriting
			go o.write()
		}
	}
}

// Close closes the connection with a reason for the page.
func (o *outbox) Close(code websocket.StatusCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.close(code, reason)
}

func (o *outbox) close(code websocket.StatusCode, reason string) {
	if o.state == outboxClosed {
		return
	}
	o.drop()
	o.farewell = &websocket.CloseError{Code: code, Reason: reason}
	o.trace.Closing(*o.farewell)
	closing := o.closing
	go func() {
		if closing != nil {
			closing()
		}
		_ = o.conn.Close(code, reason) // the reader gets the result
	}()
}

// onClose makes the outbox call f when we close the connection, without waiting for the peer.
func (o *outbox) onClose(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closing = f
}

// stop drops the queue. It returns the value for [websocket.Handler]: the code and reason with
// which we closed, or else err.
func (o *outbox) stop(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop()
	if o.farewell != nil {
		return *o.farewell
	}
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		o.trace.Closing(ce)
	} else if err == nil {
		o.trace.Closing(websocket.CloseError{Code: websocket.StatusNormalClosure})
	}
	return err
}

// drop empties and closes the queue. The caller holds mu.
func (o *outbox) drop() { o.state, o.queue = outboxClosed, nil }

// write writes until the queue is empty.
func (o *outbox) write() {
	for p := o.next(); p != nil; p = o.next() {
		// Timeouts.Write limits this.
		o.trace.Sending(p, o.codec.Preview)
		if err := o.conn.Write(context.Background(), o.codec.MessageType, p); err != nil {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.drop() // the reader gets the error
			return
		}
		o.trace.Sent()
	}
}

// next removes the oldest message. Nil ends the goroutine that writes.
func (o *outbox) next() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		if o.state == outboxWriting {
			o.state = outboxIdle
		}
		o.queue = nil // an idle member uses no memory
		return nil
	}
	p := o.queue[0]
	o.queue = o.queue[1:]
	return p
}

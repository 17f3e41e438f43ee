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

// outbox is what goes to a member: a queue, and a goroutine while there is something in
// it. Who sends waits for nobody; a member that lets the queue run full is closed.
//
// A Hub of package hub with one connection would do the same. Here one message is written at
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
	farewell *websocket.CloseError // what we close with
	closing  func()                // called first, if it is there
}

type outboxState uint8

const (
	outboxIdle    outboxState = iota // nothing waits
	outboxWriting                    // there is a goroutine that writes
	outboxClosed                     // nothing is taken any more
)

func newOutbox(c *websocket.Conn, codec *wire.Codec, trace *watch.Recorder, limit int, log *slog.Logger) *outbox {
	return &outbox{conn: c, codec: codec, trace: trace, limit: limit, log: log}
}

// Send sends a message, after those before.
func (o *outbox) Send(m wire.ToPage) {
	p, err := o.codec.Encode(m)
	if err != nil {
		o.log.Error("message not encoded", "error", err) // of what was checked before
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

// Close closes the connection, for a reason that the page is told.
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
		_ = o.conn.Close(code, reason) // who reads is told how it ended
	}()
}

// onClose has f called when the connection is closed from here, without waiting for a
// peer that may not answer.
func (o *outbox) onClose(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closing = f
}

// stop drops what waits, and returns what is to be returned to [websocket.Handler]: err,
// or if it was closed from here, the code and reason of that.
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

// drop is called under mu.
func (o *outbox) drop() { o.state, o.queue = outboxClosed, nil }

// write writes until nothing waits.
func (o *outbox) write() {
	for p := o.next(); p != nil; p = o.next() {
		// Bounded by Timeouts.Write.
		o.trace.Sending(p, o.codec.Preview)
		if err := o.conn.Write(context.Background(), o.codec.MessageType, p); err != nil {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.drop() // who reads is told why
			return
		}
		o.trace.Sent()
	}
}

// next takes the oldest message out; nil ends the goroutine that writes.
func (o *outbox) next() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		if o.state == outboxWriting {
			o.state = outboxIdle
		}
		o.queue = nil // an idle member keeps nothing
		return nil
	}
	p := o.queue[0]
	o.queue = o.queue[1:]
	return p
}

package interop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
)

// party is one end of a connection: ours, or that of another Go library.
type party interface {
	// send writes one message, each part in a frame of its own.
	send(kind websocket.MessageType, parts ...[]byte) error
	// ping returns when the pong is here.
	ping() error
	// close begins the closing handshake; nil means that the answer came.
	close(code int, reason string) error
	// drop ends the connection without one.
	drop()
	// arrivals is what this end receives.
	arrivals() *inbox
}

// inbox holds what one end has received; a goroutine of its own fills it.
type inbox struct {
	messages chan message
	pongs    chan string
	ended    chan struct{}
	err      error // why it ended; valid once ended is closed
}

func newInbox() *inbox {
	return &inbox{make(chan message, 1024), make(chan string, 16), make(chan struct{}), nil}
}

func (in *inbox) end(err error) {
	in.err = err
	close(in.messages)
	close(in.ended)
}

func (in *inbox) arrivals() *inbox { return in }

// next returns the next message.
func (in *inbox) next(ctx context.Context) (message, error) {
	select {
	case m, ok := <-in.messages:
		if !ok {
			return message{}, fmt.Errorf("ended instead of a message: %w", in.err)
		}
		return m, nil
	case <-ctx.Done():
		return message{}, fmt.Errorf("waiting for a message: %w", ctx.Err())
	}
}

// ending returns why the connection ended.
func (in *inbox) ending(ctx context.Context) error {
	for {
		select {
		case <-in.messages: // left over
			select {
			case <-in.ended:
				return in.err
			default:
			}
		case <-in.ended:
			return in.err
		case <-ctx.Done():
			return fmt.Errorf("waiting for the end of the connection: %w", ctx.Err())
		}
	}
}

// pong waits for a pong with this payload.
func (in *inbox) pong(payload string) error {
	select {
	case <-time.After(bound):
		return errors.New("no pong")
	case got := <-in.pongs:
		if got != payload {
			return fmt.Errorf("pong %q, want %q", got, payload)
		}
		return nil
	case <-in.ended:
		return fmt.Errorf("ended instead of a pong: %w", in.err)
	}
}

// answered waits for the answer to a Close frame that this end has sent.
func (in *inbox) answered(code int) error {
	select {
	case <-in.ended:
	case <-time.After(bound):
		return errors.New("no answer to our Close frame")
	}
	if v := verdictOf(in.err); v.Code != code {
		return fmt.Errorf("closing with %d, this end saw %v (%w)", code, v, in.err)
	}
	return nil
}

// closed is the error of a peer that has received a Close frame.
type closed struct {
	code   int
	reason string
}

func (c closed) Error() string { return fmt.Sprintf("closed with %d %q", c.code, c.reason) }

// verdict is how a connection ended, as one end saw it.
type verdict struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Clean  *bool  `json:"clean"` // only browsers say
}

func (v verdict) String() string { return fmt.Sprintf("%d %q", v.Code, v.Reason) }

// verdictOf returns the received close code and reason in err; the code is -1
// when there is none.
func verdictOf(err error) verdict {
	var theirs closed
	if errors.As(err, &theirs) {
		return verdict{Code: theirs.code, Reason: theirs.reason}
	}
	var ours websocket.CloseError
	if errors.As(err, &ours) {
		return verdict{Code: int(ours.Code), Reason: ours.Reason}
	}
	return verdict{Code: -1}
}

// ours is our end of a connection.
type ours struct {
	*inbox
	ctx context.Context
	c   *websocket.Conn
}

func newOurs(ctx context.Context, c *websocket.Conn) *ours {
	c.SetReadLimit(readLimit)
	o := &ours{newInbox(), ctx, c}
	go func() {
		for {
			kind, data, err := c.Read(ctx)
			if err != nil {
				o.end(err)
				return
			}
			o.messages <- message{kind, data}
		}
	}()
	return o
}

func dialOurs(ctx context.Context, url string) (party, error) {
	return dialWith(nil)(ctx, url)
}

func dialWith(opts *websocket.DialOptions) dialFunc {
	return func(ctx context.Context, url string) (party, error) {
		c, _, err := websocket.Dial(ctx, url, opts)
		if err != nil {
			return nil, err
		}
		return newOurs(ctx, c), nil
	}
}

func acceptOurs(ctx context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
	return acceptWith(nil)(ctx, w, r)
}

func acceptWith(opts *websocket.AcceptOptions) acceptFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
		c, err := websocket.Accept(w, r, opts)
		if err != nil {
			return nil, err
		}
		return newOurs(ctx, c), nil
	}
}

func (o *ours) send(kind websocket.MessageType, parts ...[]byte) error {
	if len(parts) == 1 {
		return o.c.Write(o.ctx, kind, parts[0])
	}
	w, err := o.c.Writer(o.ctx, kind)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

func (o *ours) ping() error { return o.c.Ping(o.ctx) }
func (o *ours) drop()       { o.c.CloseNow() }

func (o *ours) close(code int, reason string) error {
	if err := o.c.Close(websocket.StatusCode(code), reason); err != nil {
		return fmt.Errorf("our Close: %w", err)
	}
	return o.answered(code)
}

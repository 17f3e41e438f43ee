package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

const (
	maxMessage   = 64 << 10         // bytes of a message from a page
	writeTimeout = 10 * time.Second // for one message to a page
)

// socket accepts the WebSocket of a member. The trace belongs to one connection, and so do the
// options.
func (s *service) socket(w http.ResponseWriter, r *http.Request) {
	trace, hooks := s.watch.Record(r)
	websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
		room := r.PathValue("room")
		if err := wire.ValidRoom(room); err != nil {
			return nil, &websocket.Refusal{Status: http.StatusNotFound, Reason: err.Error()}
		}
		if !speaks(r) {
			reason := "Sec-WebSocket-Protocol has neither of " + strings.Join(wire.Subprotocols, " and ")
			return nil, &websocket.Refusal{Status: http.StatusBadRequest, Reason: reason}
		}
		return func(ctx context.Context, c *websocket.Conn) error {
			codec := wire.BySubprotocol(c.Subprotocol())
			out := newOutbox(c, codec, trace, s.options.queue, s.log)
			return out.stop(s.attend(ctx, c, room, out))
		}, nil
	}, s.accept(hooks)).ServeHTTP(w, r)
}

// speaks reports whether the client offers one of our subprotocols. Without this check, the
// connection would be accepted without one.
func speaks(r *http.Request) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if wire.BySubprotocol(strings.TrimSpace(name)) != nil {
				return true
			}
		}
	}
	return false
}

func (s *service) accept(hooks *websocket.Trace) *websocket.AcceptOptions {
	return &websocket.AcceptOptions{
		Subprotocols:    wire.Subprotocols,
		OriginPatterns:  s.options.origins,
		CompressionMode: websocket.CompressionContextTakeover,
		Registry:        &s.members,
		Limits:          websocket.Limits{Message: maxMessage},
		Timeouts:        websocket.Timeouts{Write: writeTimeout},
		KeepAlive:       s.options.keepAlive,
		Trace:           hooks,
		OnError:         s.failed,
	}
}

// failed logs refused requests, and connections that ended badly.
func (s *service) failed(e *websocket.HandlerError) {
	level := slog.LevelWarn
	if e.Ordinary() {
		level = slog.LevelDebug
	}
	log := s.log
	if e.Stack != nil {
		log = log.With("stack", string(e.Stack))
	}
	log.Log(context.Background(), level, "websocket", "error", e)
}

// attend serves a member's connection, from the first message to the last. Its result decides
// how the connection is closed.
func (s *service) attend(ctx context.Context, c *websocket.Conn, room string, out *outbox) error {
	join, err := s.firstMessage(ctx, c, out)
	if err != nil {
		return err
	}
	out.trace.Own(join.Key)
	seat, err := s.rooms.Join(room, join, out.trace.ID(), out)
	if err != nil {
		return err
	}
	defer seat.Lose() // in any case; after Leave it has no effect
	out.onClose(seat.Lose)
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		m, err := decode(out, msg)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case wire.Signal:
			seat.Signal(m)
		case wire.Leave:
			seat.Leave()
			return nil
		case wire.Join:
			return wire.Refuse(errors.New("join: only once on a connection"))
		}
	}
	seat.Leave() // the page closed with 1000 or 1001 and will not come back
	return nil
}

// firstMessage waits for the join.
func (s *service) firstMessage(ctx context.Context, c *websocket.Conn, out *outbox) (wire.Join, error) {
	soon, cancel := context.WithTimeout(ctx, s.options.joinWithin)
	defer cancel()
	typ, p, err := c.Read(soon)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = websocket.CloseError{Code: wire.StatusNoJoin, Reason: "no join came in time"}
		}
		return wire.Join{}, err
	}
	m, err := decode(out, websocket.Message{Type: typ, Data: p})
	if err != nil {
		return wire.Join{}, err
	}
	join, ok := m.(wire.Join)
	if !ok {
		return wire.Join{}, wire.Refuse(errors.New("the first message must be a join"))
	}
	return join, nil
}

// decode returns a message from the page, or how to close because of it.
func decode(o *outbox, msg websocket.Message) (wire.FromPage, error) {
	o.trace.Received(msg.Data, o.codec.Preview)
	if msg.Type != o.codec.MessageType {
		return nil, websocket.CloseError{
			Code: websocket.StatusUnsupportedData, Reason: "the messages of " + o.codec.Subprotocol + " are of the other type",
		}
	}
	m, err := o.codec.Decode(msg.Data)
	if err != nil {
		return nil, wire.Refuse(err)
	}
	return m, nil
}

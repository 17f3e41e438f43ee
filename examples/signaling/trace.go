package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/examples/signaling/watch"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// readerTimeout limits one write to the reader of a trace.
const readerTimeout = 20 * time.Second

// trace streams the events of a connection, here or on another server, as server-sent events.
func (s *service) trace(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if err := wire.ValidKey(key); !ok || err != nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "Authorization is to be Bearer and the member's key", http.StatusUnauthorized)
		return
	}
	reading, err := s.watch.Read(r.PathValue("connection"), key)
	if err != nil {
		http.Error(w, err.Error(), traceStatus(err))
		return
	}
	events, ended, err := reading.Next(r.Context())
	if err != nil {
		http.Error(w, err.Error(), traceStatus(err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // make nginx pass on each event at once
	stream := stream{w, http.NewResponseController(w)}
	for {
		if err := stream.send(events); err != nil || ended {
			return // the reader is gone, or has read everything
		}
		if events, ended, err = reading.Next(r.Context()); err != nil {
			if !errors.Is(err, context.Canceled) {
				s.log.Info("trace given up", "error", err)
			}
			return // the page asks again
		}
	}
}

func traceStatus(err error) int {
	switch {
	case errors.Is(err, watch.ErrUnknown):
		return http.StatusNotFound
	case errors.Is(err, watch.ErrSilent):
		return http.StatusGatewayTimeout
	}
	return http.StatusServiceUnavailable
}

// stream is a response of server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send sends events. If there are none it sends a comment, which shows both ends that the
// connection is alive.
func (s stream) send(events [][]byte) error {
	var text []byte
	for _, e := range events {
		text = append(text, "data: "...)
		text = append(append(text, e...), "\n\n"...)
	}
	if len(events) == 0 {
		text = []byte(":\n\n")
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(readerTimeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}

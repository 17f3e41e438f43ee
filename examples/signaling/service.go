package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
	"github.com/hawser-ws/websocket/examples/signaling/rooms"
	"github.com/hawser-ws/websocket/examples/signaling/watch"
)

// endWithin limits the shutdown of the server, from the signal on.
const endWithin = 10 * time.Second

// service is the server: its rooms, its bus, and all connections.
type service struct {
	options options
	life    atomic.Uint32
	bus     bus.Bus
	rooms   *rooms.Rooms
	watch   *watch.Watch
	members websocket.Registry
	log     *slog.Logger
}

// The values of service.life.
const (
	serving uint32 = iota
	ending         // balancers should send no new requests
)

func newService(o options) (*service, error) {
	b, err := o.join()
	if err != nil {
		return nil, err
	}
	w := watch.New(o.traced, b)
	r, err := rooms.New(rooms.Options{
		Name: o.name, Capacity: o.capacity, Rooms: o.rooms, Grace: o.grace, Beat: o.beat, Log: o.log,
	}, b)
	if err != nil {
		b.Close()
		return nil, err
	}
	return &service{options: o, bus: b, rooms: r, watch: w, log: o.log}, nil
}

// join joins the bus selected by the flags.
func (o *options) join() (bus.Bus, error) {
	switch {
	case o.nats != "":
		return bus.DialNATS(o.nats, o.name, o.log)
	case o.cluster != "":
		var routes []string
		if o.routes != "" {
			routes = strings.Split(o.routes, ",")
		}
		return bus.ListenNATS(o.cluster, routes, o.name, o.log)
	}
	return new(bus.Exchange).Join(), nil
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	s.pages(mux)
	mux.HandleFunc("GET /rooms/{room}/socket", s.socket)
	mux.HandleFunc("GET /trace/{connection}", s.trace)
	mux.HandleFunc("GET /config.json", s.config)
	mux.HandleFunc("GET /healthz", s.healthz)
	return mux
}

// config serves what the page needs to know before it connects.
func (s *service) config(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	err := json.NewEncoder(w).Encode(struct {
		ICEServers json.RawMessage `json:"iceServers"`
		Capacity   int             `json:"capacity"`
	}{s.options.iceServers, s.options.capacity})
	if err != nil {
		s.log.Debug("config.json not sent", "error", err) // the browser is gone
	}
}

// healthz is for load balancers.
func (s *service) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if s.life.Load() != serving {
		http.Error(w, "ending", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// serve serves until ctx ends, and then shuts down in order.
func (s *service) serve(ctx context.Context, f front) error {
	requests, endRequests := context.WithCancel(context.Background())
	defer endRequests()
	server := &http.Server{
		Handler:           s.routes(),
		TLSConfig:         f.secure,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          log.New(debugWriter{s.log}, "", 0),
	}
	failed := make(chan error, 1)
	go func() {
		if f.secure != nil {
			failed <- server.ServeTLS(f.listener, "", "")
			return
		}
		failed <- server.Serve(f.listener)
	}()
	select {
	case err := <-failed:
		s.end(context.Background())
		return err
	case <-ctx.Done():
	}
	s.log.Info("ending")
	goodbye, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	s.end(goodbye)
	endRequests() // traces of connections on other servers
	if err := server.Shutdown(goodbye); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// end tells the balancer, the other servers and the members that the server ends.
func (s *service) end(ctx context.Context) {
	s.life.Store(ending)
	s.rooms.Shutdown()
	if err := s.members.Shutdown(ctx); err != nil {
		s.log.Warn("members did not close in time", "error", err)
	}
	s.bus.Close()
	s.watch.Close()
}

// debugWriter receives the log of net/http: mostly failed TLS handshakes of strangers.
type debugWriter struct{ log *slog.Logger }

func (d debugWriter) Write(p []byte) (int, error) {
	d.log.Debug("http", "problem", string(p))
	return len(p), nil
}

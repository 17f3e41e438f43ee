//go:build linux

package soak

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// servers take links in: one by net/http, one by Upgrade, one by a Loop, two by ServeHTTP2Requests.
// Of these one is impatient: see patience.
type servers struct {
	run      *run
	http     *http.Server
	byHTTP   net.Listener
	bare     net.Listener
	loop     *websocket.Loop
	onLoop   net.Listener
	streams  [2]net.Listener
	stations [hubs]*station
	all      sync.WaitGroup
	stop     context.CancelFunc
}

// startServers starts servers that listen by the function given.
func startServers(r *run, listen func() (net.Listener, error)) (*servers, error) {
	s := &servers{run: r}
	var err error
	if s.byHTTP, err = listen(); err != nil {
		return nil, err
	}
	if s.bare, err = listen(); err != nil {
		return nil, err
	}
	if s.onLoop, err = listen(); err != nil {
		return nil, err
	}
	for i := range s.streams {
		if s.streams[i], err = listen(); err != nil {
			return nil, err
		}
		s.all.Go(func() { s.takeIn(s.streams[i], i == impatient) })
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	for i := range s.stations {
		s.stations[i] = newStation(i)
		s.all.Go(func() { s.stations[i].broadcast(ctx, r.seed) })
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serveHTTP), ReadHeaderTimeout: overdue, Protocols: new(http.Protocols)}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetUnencryptedHTTP2(true)
	s.all.Go(func() { _ = s.http.Serve(s.byHTTP) })
	s.all.Go(func() { accept(s.bare, &s.all, s.upgrade) })
	s.loop = s.newLoop()
	s.all.Go(func() { _ = s.loop.Serve(s.onLoop) })
	return s, nil
}

// address is where links of this kind are taken in.
func (s *servers) address(l *link) string {
	at := s.byHTTP
	switch l.front {
	case byUpgrade, echoByUpgrade:
		at = s.bare
	case byLoop, echoByLoop, hubByLoop:
		at = s.onLoop
	case byStream, echoByStream, hubByStream:
		at = s.streams[0]
		if l.fault.silent() {
			at = s.streams[impatient]
		}
	}
	return at.Addr().String()
}

func (s *servers) close() {
	s.stop()
	for _, l := range append(s.streams[:], s.bare) {
		_ = l.Close()
	}
	_ = s.http.Close()
	s.endLoop()
	s.all.Wait()
}

// target is the path of a link: its number.
func target(l *link) string { return "/" + strconv.Itoa(int(l.id)) }

func (s *servers) find(target string) *link {
	id, err := strconv.ParseUint(strings.TrimPrefix(target, "/"), 10, 32)
	if err != nil {
		return nil
	}
	return s.run.link(uint32(id))
}

func acceptOptions(l *link) *websocket.AcceptOptions {
	o := &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover}
	o.Timeouts, o.KeepAlive = patience(l)
	return o
}

// patience is how long a link waits for its peer; nil: any link.
func patience(l *link) (websocket.Timeouts, websocket.KeepAlive) {
	if l == nil || !l.fault.silent() {
		return websocket.Timeouts{Handshake: overdue, Close: overdue},
			websocket.KeepAlive{Interval: 5 * time.Second, Timeout: overdue}
	}
	return websocket.Timeouts{Handshake: silenceFound, Close: silenceFound, Write: silenceFound},
		websocket.KeepAlive{Interval: 2 * time.Second, Timeout: silenceFound}
}

func (s *servers) serveHTTP(w http.ResponseWriter, r *http.Request) {
	l := s.find(r.URL.Path)
	if l == nil {
		http.NotFound(w, r) // it has ended
		return
	}
	if l.front == echoByHandler {
		o := acceptOptions(l)
		o.OnError = func(e *websocket.HandlerError) {
			if refusal, ok := e.Err.(*websocket.AcceptError); ok { // the rest is looked at where it is returned
				s.refused(l, refusal)
			}
		}
		websocket.Handler(func(ctx context.Context, c *websocket.Conn) (err error) {
			l.join(c, func(e *end, c *websocket.Conn) { err = e.serveEcho(ctx, c) })
			return err
		}, o).ServeHTTP(w, r)
		return
	}
	c, err := websocket.Accept(w, r, acceptOptions(l))
	if err != nil {
		s.refused(l, err)
		return
	}
	s.serve(l, c)
}

// accept takes connections in without net/http.
func accept(l net.Listener, all *sync.WaitGroup, serve func(net.Conn)) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		all.Go(func() { serve(nc) })
	}
}

func (s *servers) upgrade(nc net.Conn) {
	var l *link
	o := acceptOptions(nil)
	o.OnRequest = func(r *handshake.Request) error {
		if l = s.find(r.Target); l == nil {
			return errors.New("no such link")
		}
		return nil
	}
	c, err := websocket.Upgrade(nc, o)
	if err != nil {
		s.refused(l, err)
		return
	}
	s.serve(l, c)
}

// refused: what a client of ours asks for is not to be refused.
func (s *servers) refused(l *link, err error) {
	refusal, typed := errors.AsType[*websocket.AcceptError](err)
	if !typed {
		s.run.fail("the server's handshake returned "+err.Error(), "")
		return
	}
	if l != nil && refusal.Status != 0 && !l.struck.Load() {
		l.fail("refused: %v", err)
	}
}

func (s *servers) serve(l *link, c *websocket.Conn) {
	defer c.CloseNow()
	l.join(c, func(e *end, c *websocket.Conn) {
		switch l.front {
		case byHub, hubByStream:
			s.stations[l.hub].serve(e, c)
		case echoByUpgrade:
			_ = e.serveEcho(context.Background(), c)
		default:
			e.serve(c)
		}
	})
}

// connect performs the client's handshake on what dial connects, or on a stream of the pool.
func (r *run) connect(ctx context.Context, l *link, pool *websocket.HTTP2Pool, dial func(ctx context.Context) (net.Conn, error)) (*websocket.Conn, error) {
	o := &websocket.DialOptions{
		HTTP2:           pool,
		CompressionMode: l.mode,
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	o.Timeouts, o.KeepAlive = patience(l)
	c, _, err := websocket.Dial(context.WithoutCancel(ctx), "ws://"+r.servers.address(l)+target(l), o)
	return c, err
}

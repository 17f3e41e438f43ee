//go:build linux

package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// looped is the server end of a link on a Loop, which reads for it. What else the end does, it
// does on goroutines, as every other.
type looped struct {
	end     *end
	random  *rand.Rand
	receive func(c *websocket.Conn, m websocket.Message) error
	failed  bool // to send back: what comes is only looked at
}

// eventLoops is how many of them the Loop has; each has a descriptor.
const eventLoops = 2

// newLoop makes the Loop that has the links.
func (s *servers) newLoop() *websocket.Loop {
	loop := &websocket.Loop{
		Loops:   eventLoops,
		Prepare: s.prepareLoop,
		Closed: func(_ *websocket.Conn, r websocket.Receiver, err error) {
			e := r.(*looped).end
			e.final = err
			close(e.over)
		},
		AcceptOptions: *acceptOptions(nil),
	}
	loop.Limits.Message = maxMessage + 1<<10
	loop.OnError = func(e *websocket.HandlerError) {
		if refusal, ok := e.Err.(*websocket.AcceptError); ok {
			s.refused(nil, refusal)
		}
	}
	return loop
}

// prepareLoop finds the link of a request.
func (s *servers) prepareLoop(r *handshake.Request) (websocket.OpenFunc, error) {
	l := s.find(r.Target)
	if l == nil {
		return nil, errors.New("no such link")
	}
	return func(_ context.Context, c *websocket.Conn) (websocket.Receiver, error) { return s.open(l, c) }, nil
}

// open has the server end of a link join it.
func (s *servers) open(l *link, c *websocket.Conn) (websocket.Receiver, error) {
	entered := make(chan *end, 1)
	s.all.Go(func() {
		defer close(entered)
		l.join(c, func(e *end, c *websocket.Conn) {
			entered <- e
			if l.front == hubByLoop {
				s.stations[l.hub].serve(e, c)
			} else {
				e.serve(c)
			}
		})
	})
	e := <-entered
	if e == nil {
		return nil, errors.New("the link has ended")
	}
	o := &looped{end: e, random: randomFor(l.run.seed, l.id, useServer)}
	o.receive = o.take
	if l.front == echoByLoop {
		o.receive = o.sendBack
	}
	return o, nil
}

// Receive dawdles on slow links, which costs others on the same loop little.
func (o *looped) Receive(_ context.Context, c *websocket.Conn, m websocket.Message) error {
	if o.end.link.slow && o.random.IntN(10) == 0 {
		time.Sleep(pause(o.random, 20*time.Millisecond))
	}
	return o.receive(c, m)
}

func (o *looped) take(_ *websocket.Conn, m websocket.Message) error {
	o.end.received(m.Data)
	return nil
}

// sendBack is one round of serveEcho.
func (o *looped) sendBack(c *websocket.Conn, m websocket.Message) error {
	e, l := o.end, o.end.link
	if o.failed {
		if _, _, err := l.streams[client].receive(m.Data); err != nil {
			l.fail("the server read: %v", err)
		}
		return nil
	}
	if err := e.sendBack(c, m, o.random.IntN(4)); err != nil {
		o.failed = true
		return nil
	}
	if l.closer == server && l.ending == abrupt && l.finish.Err() != nil {
		e.called.Store(true)
		return websocket.CloseError{Code: l.code, Reason: l.reason}
	}
	return nil
}

// endLoop ends the Loop. No link is left.
func (s *servers) endLoop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.loop.Shutdown(ctx); err != nil {
		s.run.fail("Loop.Shutdown returned "+err.Error(), "")
	}
}

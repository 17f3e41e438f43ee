package http3

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
)

// conn is a connection of HTTP/3, as a client. Its goroutines: one that takes the server's
// streams, one for each of these, and one that waits for the end.
type conn struct {
	quic     *quic.Conn
	running  sync.WaitGroup
	received [streamQPACKDecoder + 1]atomic.Bool // streams of the server, by their kind

	settled   chan struct{} // closed when the settings have come
	extended  bool          // then: the server offers WebSockets
	maxFields uint64        // then: what a request may have

	mu      sync.Mutex
	streams int                       // WebSockets, and requests for them
	waiting map[*quic.Stream]struct{} // requests without an answer
	goAway  uint64                    // requests from this number on are not answered
	rest    restState
	idle    *time.Timer // runs while resting
	after   time.Duration
}

// restState says whether a connection has something to do.
type restState uint8

const (
	busy    restState = iota
	resting           // it has no streams: it ends when its time is up
	leaving           // it ends with its last stream
)

// newConn speaks HTTP/3 on a connection of QUIC. Without streams it ends after the time idle; 0 is
// no limit.
func newConn(q *quic.Conn, idle time.Duration) *conn {
	return &conn{
		quic: q, settled: make(chan struct{}), maxFields: math.MaxUint64, goAway: math.MaxUint64,
		waiting: make(map[*quic.Stream]struct{}), streams: 1, after: idle,
	}
}

// run speaks until the connection ends. The caller has a hold on a stream, which it releases.
func (c *conn) run() {
	if err := c.sendSettings(); err != nil {
		c.fail(h3.ErrCodeInternalError)
	}
	c.running.Go(c.accept)
	<-c.quic.Context().Done()
	c.running.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle != nil {
		c.idle.Stop()
	}
}

// fail ends the connection. Only the first reason counts.
func (c *conn) fail(code h3.ErrCode) {
	_ = c.quic.CloseWithError(quic.ApplicationErrorCode(code), "")
}

// ready waits until the server has said that it offers WebSockets.
func (c *conn) ready(ctx context.Context) error {
	select {
	case <-c.settled:
		if !c.extended {
			return ErrNoHTTP3
		}
		return nil
	case <-c.quic.Context().Done():
		return opError("waiting for the settings", context.Cause(c.quic.Context()))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ErrNoHTTP3 is in the error of a Dial to a server that has HTTP/3, but not for WebSockets.
var ErrNoHTTP3 = errors.New("the server does not offer WebSockets over HTTP/3: its settings have no SETTINGS_ENABLE_CONNECT_PROTOCOL of 1")

var errLeaves = errors.New("the server takes no more requests on this connection (GOAWAY)")

// open opens a stream, if there may be another beside those that there are: most at the most, 0
// for as many as the server allows.
func (c *conn) open(most int) (*quic.Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.quic.Context().Err() != nil:
		return nil, context.Cause(c.quic.Context())
	case c.goAway != math.MaxUint64 || c.rest == leaving:
		return nil, errLeaves
	case most > 0 && c.streams >= most:
		return nil, websocket.ErrPoolFull
	}
	s, err := c.quic.OpenStream()
	if err != nil {
		if _, ok := errors.AsType[*quic.StreamLimitReachedError](err); ok {
			err = websocket.ErrPoolFull
		}
		return nil, err
	}
	c.streams++
	c.waiting[s] = struct{}{}
	c.wake()
	return s, nil
}

// answered notes that a request has its answer, or needs none.
func (c *conn) answered(s *quic.Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, s)
}

// untouched reports whether the server has not looked at a request, which failed with err.
func (c *conn) untouched(s *quic.Stream, err error) bool {
	if reset, ok := errors.AsType[*quic.StreamError](err); ok && reset.Remote {
		return h3.ErrCode(reset.ErrorCode) == h3.ErrCodeRequestRejected // RFC 9114 §8.1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turnedAway(s)
}

// turnedAway reports whether a GOAWAY says that a request is not answered. It is called under mu.
func (c *conn) turnedAway(s *quic.Stream) bool { return uint64(s.StreamID()) >= c.goAway }

// release gives a stream back that open has counted.
func (c *conn) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams--
	c.restIfIdle()
}

// wake ends the rest. It is called under mu.
func (c *conn) wake() {
	if c.rest == resting {
		c.rest = busy
		c.idle.Stop()
	}
}

// restIfIdle has a connection without streams end, now or later. It is called under mu.
func (c *conn) restIfIdle() {
	if c.streams > 0 || c.rest == leaving {
		return
	}
	if c.goAway != math.MaxUint64 {
		c.leave()
		return
	}
	if c.after <= 0 || c.rest == resting {
		return
	}
	c.rest = resting
	c.idle = time.AfterFunc(c.after, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.rest == resting && c.streams == 0 {
			c.leave()
		}
	})
}

// leave ends a connection that has no streams. It is called under mu.
func (c *conn) leave() {
	c.rest = leaving
	go c.fail(h3.ErrCodeNoError)
}

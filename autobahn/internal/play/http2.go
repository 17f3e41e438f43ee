package play

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// HTTP2 returns the stream of HTTP/2, or nil on any other.
func (s *Session) HTTP2() *mux.Stream {
	x, _ := s.stream.(*mux.Stream)
	return x
}

// Fault fails the case because of what the peer did beneath the frames.
func (s *Session) Fault(err error) {
	if s.fault == nil {
		s.fault = err
	}
}

// Ended returns how the stream ended: what reading it returned. It is nil if the suite ended it.
func (s *Session) Ended() error { return s.ended }

// Closes ends our half of the stream together with what is sent next, which must be all.
func (s *Session) Closes() { s.HTTP2().Shape(mux.Shape{End: true}) }

// beforeHead makes of a new stream what the case wants.
func (s *Session) beforeHead(x *mux.Stream) {
	if s.wire == nil {
		return
	}
	x.Shape(s.wire.Shape)
	if s.wire.Window != nil && s.Judged == verdict.Client { // a connection with other streams
		x.Conn().Narrow(x, *s.wire.Window)
		leaving := s.Leaving
		s.Leaving = func() {
			x.Conn().Widen(x)
			if leaving != nil {
				leaving()
			}
		}
	}
	if s.wire.Before != nil {
		s.wire.Before(x)
	}
}

// awaitEnd gives a server time to end a stream of HTTP/2 after the Close frames.
//
// RFC 6455 section 7.1.1 leaves the end of TCP to the server because of TCP's TIME_WAIT, which a
// stream does not have. So the suite ends its half as soon as both Close frames have gone, as good
// clients do: some servers wait for that. Its own Close frame may be lost in a proxy if END_STREAM
// follows at once, so if the server began, the suite leaves it a moment. Case 21.7.1 waits longer.
func (s *Session) awaitEnd() {
	if s.Result.ClosedByMe {
		s.after(s.linger, s.Half)
	} else {
		s.after(endMoment, s.Half)
	}
	s.after(s.linger+2*DropTimeout, func() {
		s.whyNotClean("server did not end the stream (in time)")
		s.Result.DropTimeout = true
		s.Drop()
	})
}

// endMoment is what the suite leaves a server, which has begun the closing handshake, to end the
// stream first.
const endMoment = 20 * time.Millisecond

// whyLost says what the end of a stream without Close frames was.
func (s *Session) whyLost(err error) string {
	if s.HTTP2() == nil {
		return "peer dropped the TCP connection without previous WebSocket closing handshake"
	}
	if fault, ok := errors.AsType[*mux.FaultError](err); ok {
		s.Fault(fault)
	}
	return "peer ended the stream without previous WebSocket closing handshake: " + EndOf(err)
}

// inStreams puts what a result says of TCP in terms of the stream.
func (s *Session) inStreams() {
	if s.HTTP2() == nil {
		return
	}
	words := strings.NewReplacer("the TCP connection", "the stream", "ended TCP", "ended the stream", "the end of TCP", "the end of the stream", "ends TCP", "ends the stream")
	r := s.Result
	r.Result, r.ResultClose, r.Expectation = words.Replace(r.Result), words.Replace(r.ResultClose), words.Replace(r.Expectation)
}

// EndOf says in words how a stream of HTTP/2 ended. err is what reading it returned.
func EndOf(err error) string {
	switch {
	case err == nil:
		return "not at all"
	case errors.Is(err, io.EOF) && !isLost(err):
		return "END_STREAM"
	}
	if reset, ok := errors.AsType[*mux.ResetError](err); ok {
		return "RST_STREAM " + mux.Name(reset.Code)
	}
	return err.Error()
}

// isLost reports whether the stream ended with its connection.
func isLost(err error) bool {
	_, lost := errors.AsType[*mux.LostError](err)
	return lost
}

func outOfTime(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// Meanwhile calls do, which may wait, and then has the session call then with its result.
func (s *Session) Meanwhile(do func() error, then func(error)) {
	go func() {
		err := do()
		select {
		case s.calls <- func() { then(err) }:
		case <-s.gone:
		}
	}()
}

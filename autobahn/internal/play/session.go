package play

import (
	"math"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/autobahn/internal/deflate"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// state is the state of a session. Only Session.enter changes it.
type state int

const (
	opening state = iota // the opening handshake
	open                 // frames
	closing              // we have sent a Close frame
	closed               // the stream has ended, or we gave it up
)

// How long the suite waits for things that the RFC leaves to the peer: the values of the
// original, because verdicts depend on them.
const (
	CloseTimeout = time.Second // for a Close frame in reply to ours
	DropTimeout  = time.Second // for a server to close TCP after the Close frames
)

// shortestSilence is longer than any pause that a case makes.
const shortestSilence = 3 * time.Second

// noTurn is the allowed silence of a peer that need not reply.
const noTurn = time.Duration(math.MaxInt64)

// largest is the largest message that the suite accepts from a peer, in bytes: twice the
// largest that it sends.
const largest = 32 << 20

// A Session is the suite's end of one connection, on which it plays one case. All fields belong
// to the goroutine in run. Received data, timers and completed writes reach that goroutine as
// calls.
type Session struct {
	Judged verdict.Role // the role of the peer; the suite has the other one
	Result *verdict.Result

	// Entered is called after the opening handshake, and Leaving when we give up the connection,
	// before the peer can see it. Both may be nil. They are set before Play.
	Entered, Leaving func()

	stream Stream
	state  state
	play   Play
	door   *Door        // of the case; may be nil
	offer  *Negotiation // of the case; may be nil
	needs  Need         // of the case
	wire   *Wire        // of the case; may be nil

	begun   time.Time     // start of the connection, for the wire log
	linger  time.Duration // how long we delay our end of the stream after the Close frames
	timeout time.Duration // for the opening handshake
	silence time.Duration // the longest silence of a peer that has to reply
	alive   time.Time     // when the peer was last active

	calls  chan func()
	gone   chan struct{} // closed when calls are no longer accepted
	timers []*time.Timer
	sender *sender

	asked    []hpack.HeaderField // of a request of HTTP/2
	fault    error               // of the peer, in an opening handshake that succeeded or beneath the frames
	ended    error               // how the stream ended: what reading it returned
	in       incoming
	terms    *terms            // of permessage-deflate; nil if not agreed
	deflater *deflate.Deflater // for sent data
	traffic  verdict.Traffic
}

// incoming is the received part of the current frame and message.
type incoming struct {
	limit int // bytes of a message, both on the wire and inflated

	pending []byte       // the current frame, from its header on
	header  *naive.Frame // set once it is complete and was judged
	size    int          // of the header

	kind       byte // opcode of the current message, 0 outside of one
	compressed bool // RSV1 of its first frame
	message    []byte
	inflater   *deflate.Inflater // for received data; nil without permessage-deflate
	inflated   []byte            // buffer of the last message, reused for the next
}

// enter is the only place where the state changes.
func (s *Session) enter(next state) {
	if next > s.state {
		s.state = next
	}
}

// after calls do after d, unless the connection has ended by then.
func (s *Session) after(d time.Duration, do func()) {
	s.timers = append(s.timers, time.AfterFunc(d, func() {
		call := func() {
			if s.state != closed {
				do()
			}
		}
		select {
		case s.calls <- call:
		case <-s.gone:
		}
	}))
}

// moved returns when something last arrived or left.
func (s *Session) moved() time.Time {
	if progress := s.sender.progress(); progress.After(s.alive) {
		return progress
	}
	return s.alive
}

// WhenIdle calls do when nothing has arrived or left for d, unless the connection has ended by
// then. The time that a peer takes to read our data is not part of d.
func (s *Session) WhenIdle(d time.Duration, do func()) {
	var look func()
	look = func() {
		if left := d - time.Since(s.moved()); left > 0 {
			s.after(left, look)
			return
		}
		do()
	}
	s.after(d, look)
}

// Drop closes TCP from our side, after the queued data.
func (s *Session) Drop() {
	if s.state == closed {
		return
	}
	s.Result.DroppedByMe = true
	s.enter(closed)
}

// whyNotClean records the first reason why the connection did not end cleanly.
func (s *Session) whyNotClean(reason string) {
	s.Result.WasClean = false
	if s.Result.WhyNotClean == nil {
		s.Result.WhyNotClean = &reason
	}
}

// A Play is what a case does on an open connection. The goroutine of the session calls its
// methods, one at a time.
type Play interface {
	Open(s *Session)
	// Message is called with a whole message. It is valid until the call returns.
	Message(s *Session, payload []byte, binary bool)
	Pong(s *Session, e verdict.Event)
	// Judge sets Behavior and Result after TCP has ended. The end of the connection is judged
	// afterwards.
	Judge(r *verdict.Result)
}

// What a case may change.

// MayWait says that from now on the peer need not reply.
func (s *Session) MayWait() { s.silence = noTurn }

// Accept sets how large a message of the peer may be, in bytes.
func (s *Session) Accept(limit int) { s.in.limit = limit }

// DelayEnd has the suite, as a server or over HTTP/2, end its half only d after the Close frames.
func (s *Session) DelayEnd(d time.Duration) { s.linger = d }

// Half ends our half of the stream after what was sent.
func (s *Session) Half() { s.sender.half() }

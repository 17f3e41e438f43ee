package rtc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/livekit/protocol/livekit"
)

// ErrNotJoined is returned by [Session.Send] while the session has not joined.
var ErrNotJoined = errors.New("not joined")

// ErrNoPong is why a connection was given up: the server answers no pings.
var ErrNoPong = errors.New("no answer to the protocol's pings")

// LeaveError is the server's message that the session is over, for example because the room was
// closed or another client joined with the same identity.
type LeaveError struct{ Reason livekit.DisconnectReason }

// Error returns the reason.
func (e *LeaveError) Error() string { return "the server said leave: " + e.Reason.String() }

// State is the state of a session.
//
//	New ─▶ Connecting ─▶ Joined ─▶ Leaving ─▶ Ended
//	            ▲           │
//	            └── Lost ◀──┘
//
// Every state may change to Ended.
type State int

const (
	New        State = iota
	Connecting       // the opening handshake, and until the server has admitted the participant
	Joined           // signals may be sent
	Lost             // waiting before another attempt
	Leaving          // sending the last signal, and the closing handshake
	Ended
)

// Session is a participant's conversation with a server, over one connection after another. Run
// may be called once; the other methods may be called from any goroutine.
type Session struct {
	opts Options

	observing sync.Mutex // held while Observe runs

	mu    sync.Mutex
	state State
	conn  *websocket.Conn // nil unless Joined

	// Signals of the server may change these. Only the goroutine of Run uses them.
	server, token string
	sid           string // of the participant; empty until joined
	failed        int    // failed attempts in a row
	pingInterval  time.Duration
	pingTimeout   time.Duration
}

// NewSession returns a session that has not begun.
func NewSession(opts Options) *Session {
	return &Session{opts: opts, server: opts.Server, token: opts.Token}
}

// step is what to do after a connection has ended.
type step int

const (
	stop          step = iota
	joinAgain          // as a new participant
	resumeAgain        // as the same participant
	repeatAttempt      // like the last attempt
)

// Run joins, and stays until ctx ends, the server ends the session, or no connection can be
// made any more. It returns nil if ctx ended and the server was told. If the server refuses at
// once, for example because of a bad token, Run does not try again.
func (s *Session) Run(ctx context.Context) error {
	defer s.become(Ended, nil)
	how := join
	for {
		s.become(Connecting, nil)
		then, err := s.connect(ctx, how)
		switch then {
		case stop:
			return err
		case joinAgain:
			how = join
		case resumeAgain:
			how = resume
		}
		if s.failed++; s.failed > s.opts.attempts() {
			return fmt.Errorf("gave up reconnecting: %w", err)
		}
		s.become(Lost, nil)
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
}

// Send sends a signal, if the session has joined.
func (s *Session) Send(ctx context.Context, r *livekit.SignalRequest) error {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn == nil {
		return ErrNotJoined
	}
	return s.write(ctx, conn, r)
}

// State returns the state of the session.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// become is the only place where the state changes. conn is set for Joined only.
func (s *Session) become(next State, conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.conn = next, conn
}

// wait waits before another attempt.
func (s *Session) wait(ctx context.Context) error {
	w := Waiting{For: backoff(s.failed), Attempt: s.failed, Of: s.opts.attempts()}
	s.observe(w)
	select {
	case <-time.After(w.For):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff returns how long to wait after failed attempts in a row, at least one.
func backoff(failed int) time.Duration {
	full := firstWait
	for ; failed > 1 && full < lastWait; failed-- {
		full *= 2
	}
	full = min(full, lastWait)
	return full/2 + rand.N(full/2)
}

func (s *Session) observe(e Event) {
	if s.opts.Observe == nil {
		return
	}
	s.observing.Lock()
	defer s.observing.Unlock()
	s.opts.Observe(e)
}

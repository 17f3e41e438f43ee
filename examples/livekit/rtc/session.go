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

// ErrNotJoined is what [Session.Send] returns while there is nobody to send to.
var ErrNotJoined = errors.New("not joined")

// ErrNoPong is why a connection was given up whose server answers no ping.
var ErrNoPong = errors.New("no answer to the protocol's pings")

// LeaveError is the server's word that the session is over, such as that the room was
// closed or that somebody else came with the same identity.
type LeaveError struct{ Reason livekit.DisconnectReason }

// Error says why.
func (e *LeaveError) Error() string { return "the server said leave: " + e.Reason.String() }

// State is where a session stands.
//
//	New ─▶ Connecting ─▶ Joined ─▶ Leaving ─▶ Ended
//	            ▲           │
//	            └── Lost ◀──┘
//
// Every state may become Ended.
type State int

const (
	New        State = iota
	Connecting       // the opening handshake, and until the server has let the participant in
	Joined           // signals may be sent
	Lost             // waiting before another attempt
	Leaving          // the last signal, and the closing handshake
	Ended
)

// Session is a participant's conversation with a server, over as many connections as
// it takes. Methods may be called from any goroutine; Run once.
type Session struct {
	opts Options

	observing sync.Mutex // held while Observe runs

	mu    sync.Mutex
	state State
	conn  *websocket.Conn // nil unless Joined

	// What the server may change with a signal; of the goroutine of Run.
	server, token string
	sid           string // of the participant; empty until joined
	failed        int    // attempts in a row that came to nothing
	pingInterval  time.Duration
	pingTimeout   time.Duration
}

// NewSession returns a session that has not begun.
func NewSession(opts Options) *Session {
	return &Session{opts: opts, server: opts.Server, token: opts.Token}
}

// step is what to do when a connection has ended.
type step int

const (
	stop          step = iota
	joinAgain          // as somebody new
	resumeAgain        // as who we were
	repeatAttempt      // as tried last
)

// Run joins, and stays until ctx ends, the server says that it is over, or no
// connection can be had any more. It returns nil if ctx ended and the server was told;
// what the server refuses at once, such as a bad token, is not tried again.
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
			return fmt.Errorf("gave up coming back: %w", err)
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

// State returns where the session stands.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// become is the only place where the state changes. conn is there for Joined.
func (s *Session) become(next State, conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.conn = next, conn
}

// wait lets time pass before another attempt.
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

// backoff returns how long to wait after so many attempts in a row, at least one.
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

package autobahn

import (
	"context"
	"math"
	"net"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/deflate"
)

// state is where a session stands. Only session.enter changes it.
type state int

const (
	opening state = iota // TCP, and HTTP on it
	open                 // frames
	closing              // we have sent a Close frame
	closed               // TCP is gone, or we let go of it
)

// How long the suite waits for what the RFC leaves to the peer: the values of
// the original, which the verdicts depend on.
const (
	closeTimeout = time.Second // for a Close frame in reply to ours
	dropTimeout  = time.Second // for a server to close TCP once Close frames went both ways
)

// shortestSilence is longer than any pause that a case makes itself.
const shortestSilence = 3 * time.Second

// noTurn is the silence of a peer that owes nothing.
const noTurn = time.Duration(math.MaxInt64)

// A session is the suite's end of one connection, on which it plays one case.
// All its fields belong to the goroutine that is in run; what arrives, timers
// and the end of writes come to that goroutine as calls.
type session struct {
	judged Role // the role of the peer; the suite has the other one
	conn   net.Conn
	play   play
	result *Result
	state  state

	begun   time.Time     // of the TCP connection, for the wire log
	linger  time.Duration // for how long we, a server, do not end TCP after the Close frames
	timeout time.Duration // of the opening handshake
	silence time.Duration // the longest that the peer may stay silent while it is its turn
	alive   time.Time     // when it was last not silent

	calls  chan func()
	gone   chan struct{} // closed when nobody takes calls any more
	timers []*time.Timer
	sender *sender

	leaving func() // called when we let go, before the peer can see it; may be nil

	fault    error // what was wrong with an opening handshake that went through
	in       incoming
	terms    *terms            // of permessage-deflate, nil when it was not agreed
	deflater *deflate.Deflater // of what we send
	traffic  Traffic
}

// newSession is a session whose opening handshake is still to be done.
func newSession(judged Role, conn net.Conn, c *Case, timeout time.Duration) *session {
	s := &session{
		judged:  judged,
		conn:    conn,
		play:    c.begin(),
		result:  newResult(c, judged),
		begun:   time.Now(),
		timeout: timeout,
		silence: max(timeout, shortestSilence),
		calls:   make(chan func(), 16),
		gone:    make(chan struct{}),
		in:      incoming{limit: largest},
	}
	s.result.Started = s.begun.UTC()
	s.sender = newSender(conn)
	return s
}

// enter is the one place where the state changes.
func (s *session) enter(next state) {
	if next > s.state {
		s.state = next
	}
}

// run plays the case until TCP is gone, and judges. glued are bytes that came
// with the opening handshake.
func (s *session) run(ctx context.Context, glued []byte) {
	defer s.finish()
	s.enter(open)
	opened := time.Now()
	s.alive = opened
	arrived := make(chan []byte)
	taken := make(chan struct{}, 1)
	lost := make(chan struct{})
	go read(s.conn, arrived, taken, lost, s.gone)
	watch := time.NewTicker(s.silence / 4)
	defer watch.Stop()

	s.play.open(s)
	s.receive(glued)
	for s.state != closed {
		select {
		case p := <-arrived:
			s.receive(p)
			taken <- struct{}{}
		case call := <-s.calls:
			call()
		case <-lost:
			s.lost()
		case <-watch.C:
			s.listen()
		case <-ctx.Done():
			s.whyNotClean("the run was stopped")
			s.drop()
		}
	}
	s.result.Duration = time.Since(opened).Milliseconds()
}

// read passes on what arrives, a buffer at a time; taken gives the buffer back.
// When nobody listens any more it reads on for as long as sender.end allows,
// lest unread bytes make TCP reset what we sent last, and closes the connection.
func read(conn net.Conn, arrived chan<- []byte, taken <-chan struct{}, lost, gone chan struct{}) {
	defer conn.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			select {
			case arrived <- buf[:n]:
				select {
				case <-taken:
				case <-gone:
				}
			case <-gone:
			}
		}
		if err != nil {
			close(lost)
			return
		}
	}
}

// finish lets go of the connection and judges.
func (s *session) finish() {
	s.letGo()
	if s.result.ReportCompressionRatio {
		s.result.TrafficStats = s.traffic.summary()
	}
	judge(s.result, s.play)
	if s.fault != nil {
		s.result.Behavior, s.result.Result = Failed, s.fault.Error()
	}
}

// letGo ends our half of the connection. Timers hold the session and its
// buffers, some of them for minutes.
func (s *session) letGo() {
	if s.leaving != nil {
		s.leaving()
	}
	close(s.gone)
	for _, t := range s.timers {
		t.Stop()
	}
	s.sender.end()
}

// abandon lets go of a connection that was never open.
func (s *session) abandon() {
	s.letGo()
	s.conn.Close()
}

// after has do called in d, unless the connection is gone by then.
func (s *session) after(d time.Duration, do func()) {
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

// moved is when something last came, or left.
func (s *session) moved() time.Time {
	if progress := s.sender.progress(); progress.After(s.alive) {
		return progress
	}
	return s.alive
}

// whenIdle has do called once nothing has come or left for d, unless the
// connection is gone by then. How long a peer takes over what it is sent is not
// part of d.
func (s *session) whenIdle(d time.Duration, do func()) {
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

// listen ends a session whose peer has been silent for too long. Neither it nor
// we are, while bytes of ours are still on their way to it.
func (s *session) listen() {
	if time.Since(s.moved()) < s.silence {
		return
	}
	s.result.silent = true
	s.note("Nothing came for %v.", s.silence)
	s.whyNotClean("the peer was silent for " + s.silence.String())
	s.drop()
}

// lost records that TCP is gone, by the peer's doing or the network's.
func (s *session) lost() {
	if !s.result.WasClean && !s.result.DroppedByMe {
		s.whyNotClean("peer dropped the TCP connection without previous WebSocket closing handshake")
	}
	s.enter(closed)
}

// drop closes TCP from our side, after what is still to be written.
func (s *session) drop() {
	if s.state == closed {
		return
	}
	s.result.DroppedByMe = true
	s.enter(closed)
}

// whyNotClean keeps the first reason why the connection did not end cleanly.
func (s *session) whyNotClean(reason string) {
	s.result.WasClean = false
	if s.result.WhyNotClean == nil {
		s.result.WhyNotClean = &reason
	}
}

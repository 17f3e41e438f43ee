package autobahn

import (
	"context"
	"math"
	"net"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/deflate"
)

// state is the state of a session. Only session.enter changes it.
type state int

const (
	opening state = iota // TCP and the HTTP handshake
	open                 // frames
	closing              // we have sent a Close frame
	closed               // TCP has ended, or we gave it up
)

// How long the suite waits for things that the RFC leaves to the peer: the values of the
// original, because verdicts depend on them.
const (
	closeTimeout = time.Second // for a Close frame in reply to ours
	dropTimeout  = time.Second // for a server to close TCP after the Close frames
)

// shortestSilence is longer than any pause that a case makes.
const shortestSilence = 3 * time.Second

// noTurn is the allowed silence of a peer that need not reply.
const noTurn = time.Duration(math.MaxInt64)

// A session is the suite's end of one connection, on which it plays one case. All fields belong
// to the goroutine in run. Received data, timers and completed writes reach that goroutine as
// calls.
type session struct {
	judged Role // the role of the peer; the suite has the other one
	conn   net.Conn
	play   play
	result *Result
	state  state

	begun   time.Time     // start of the TCP connection, for the wire log
	linger  time.Duration // how long we, as a server, delay the end of TCP after the Close frames
	timeout time.Duration // for the opening handshake
	silence time.Duration // the longest silence of a peer that has to reply
	alive   time.Time     // when the peer was last active

	calls  chan func()
	gone   chan struct{} // closed when calls are no longer accepted
	timers []*time.Timer
	sender *sender

	leaving func() // called when we give up the connection, before the peer can see it; may be nil

	extra    []field // of the caller, for the request
	fault    error   // a fault in an opening handshake that succeeded
	in       incoming
	terms    *terms            // of permessage-deflate; nil if not agreed
	deflater *deflate.Deflater // for sent data
	traffic  Traffic
}

// newSession returns a session before its opening handshake.
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

// enter is the only place where the state changes.
func (s *session) enter(next state) {
	if next > s.state {
		s.state = next
	}
}

// run plays the case until TCP has ended, and judges it. glued are bytes that came with the
// opening handshake.
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

// read passes on data as it arrives, one buffer at a time; taken returns the buffer. When
// nobody listens any more it keeps reading for as long as sender.end allows, because unread
// bytes would make TCP reset our last data. Then it closes the connection.
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

// finish ends the connection and judges.
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

// letGo ends our half of the connection, and stops the timers: some would hold the session and
// its buffers for minutes.
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

// abandon ends a connection that was never open.
func (s *session) abandon() {
	s.letGo()
	s.conn.Close()
}

// after calls do after d, unless the connection has ended by then.
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

// moved returns when something last arrived or left.
func (s *session) moved() time.Time {
	if progress := s.sender.progress(); progress.After(s.alive) {
		return progress
	}
	return s.alive
}

// whenIdle calls do when nothing has arrived or left for d, unless the connection has ended by
// then. The time that a peer takes to read our data is not part of d.
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

// listen ends a session whose peer has been silent for too long. The peer is not silent while
// our data is still on its way to it.
func (s *session) listen() {
	if time.Since(s.moved()) < s.silence {
		return
	}
	s.result.silent = true
	s.note("Nothing came for %v.", s.silence)
	s.whyNotClean("the peer was silent for " + s.silence.String())
	s.drop()
}

// lost records that TCP has ended, by the peer or by the network.
func (s *session) lost() {
	if !s.result.WasClean && !s.result.DroppedByMe {
		s.whyNotClean("peer dropped the TCP connection without previous WebSocket closing handshake")
	}
	s.enter(closed)
}

// drop closes TCP from our side, after the queued data.
func (s *session) drop() {
	if s.state == closed {
		return
	}
	s.result.DroppedByMe = true
	s.enter(closed)
}

// whyNotClean records the first reason why the connection did not end cleanly.
func (s *session) whyNotClean(reason string) {
	s.result.WasClean = false
	if s.result.WhyNotClean == nil {
		s.result.WhyNotClean = &reason
	}
}

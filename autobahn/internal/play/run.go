package play

import (
	"context"
	"io"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// run plays the case until TCP has ended, and judges it. glued are bytes that came with the
// opening handshake.
func (s *Session) run(ctx context.Context, glued []byte) {
	defer s.finish()
	s.enter(open)
	opened := time.Now()
	s.alive = opened
	arrived := make(chan []byte)
	taken := make(chan struct{}, 1)
	lost := make(chan error, 1)
	go read(s.stream, arrived, taken, lost, s.gone)
	watch := time.NewTicker(s.silence / 4)
	defer watch.Stop()

	s.play.Open(s)
	s.receive(glued)
	for s.state != closed {
		select {
		case p := <-arrived:
			s.receive(p)
			taken <- struct{}{}
		case call := <-s.calls:
			call()
		case err := <-lost:
			s.lost(err)
		case <-watch.C:
			s.listen()
		case <-ctx.Done():
			s.whyNotClean("the run was stopped")
			s.Drop()
		}
	}
	s.Result.Duration = time.Since(opened).Milliseconds()
}

// read passes on data as it arrives, one buffer at a time; taken returns the buffer. When
// nobody listens any more it keeps reading for as long as sender.end allows, because unread
// bytes would make TCP reset our last data. Then it closes the connection.
func read(conn io.ReadCloser, arrived chan<- []byte, taken <-chan struct{}, lost chan<- error, gone <-chan struct{}) {
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
			lost <- err
			return
		}
	}
}

// finish ends the connection and judges.
func (s *Session) finish() {
	s.letGo()
	if s.Result.ReportCompressionRatio {
		s.Result.TrafficStats = verdict.Ratios(s.traffic)
	}
	Judge(s.Result, s.play)
	s.inStreams()
	if s.fault != nil {
		s.Result.Behavior, s.Result.Result = verdict.Failed, s.fault.Error()
	}
}

// letGo ends our half of the connection, and stops the timers: some would hold the session and
// its buffers for minutes.
func (s *Session) letGo() {
	if s.Leaving != nil {
		s.Leaving()
	}
	close(s.gone)
	for _, t := range s.timers {
		t.Stop()
	}
	s.sender.end()
}

// abandon ends a connection that was never open.
func (s *Session) abandon() {
	s.letGo()
	s.stream.Close()
}

// listen ends a session whose peer has been silent for too long. The peer is not silent while
// our data is still on its way to it.
func (s *Session) listen() {
	if time.Since(s.moved()) < s.silence {
		return
	}
	verdict.Silence(s.Result)
	s.Note("Nothing came for %v.", s.silence)
	s.whyNotClean("the peer was silent for " + s.silence.String())
	s.Drop()
}

// lost records that the stream has ended, by the peer or by the network. err is that of reading.
func (s *Session) lost(err error) {
	s.ended = err
	if !s.Result.WasClean && !s.Result.DroppedByMe {
		s.whyNotClean(s.whyLost(err))
	}
	s.enter(closed)
}

package play

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// NoCode stands for a Close frame without a code.
const NoCode = -1

// Close begins the closing handshake.
func (s *Session) Close(code int) { s.sendClose(code, "", true) }

// sendClose sends a Close frame with any code and reason, unless one was sent before. ours says
// that it begins the closing handshake.
func (s *Session) sendClose(code int, reason string, ours bool) {
	if s.state != open {
		return
	}
	var payload []byte
	if code != NoCode {
		payload = binary.BigEndian.AppendUint16(nil, uint16(code))
		s.Result.LocalCloseCode = &code
	}
	if reason != "" {
		s.Result.LocalCloseReason = &reason
	}
	s.Send(naive.Frame{FIN: true, Opcode: OpClose, Payload: append(payload, reason...)}, 0, false)
	s.enter(closing)
	s.Result.ClosedByMe = ours
	if ours {
		s.after(CloseTimeout, func() {
			if !s.Result.WasClean {
				s.whyNotClean("peer did not respond (in time) in closing handshake")
				s.Result.CloseTimeout = true
				s.Drop()
			}
		})
	}
}

// closeChopped begins the closing handshake with a Close frame that is written byte by byte.
func (s *Session) closeChopped(code int) {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	s.Result.LocalCloseCode = &code
	s.Send(naive.Frame{FIN: true, Opcode: OpClose, Payload: payload}, 1, true)
	s.enter(closing)
	s.Result.ClosedByMe = true
	s.killAfter(CloseTimeout)
}

// fail fails the connection (RFC 6455 section 7.1.7), with a Close frame unless one was sent
// before.
func (s *Session) fail(code int, reason string) {
	switch s.state {
	case open:
		s.Result.FailedByMe = true
		s.sendClose(code, reason[:min(len(reason), 123)], true)
	case closing:
		s.Result.FailedByMe = true
		if !s.Result.WasClean {
			s.whyNotClean("peer did not respond (in time) in closing handshake")
		}
		s.Drop()
	}
}

// violation fails the connection because of what the peer sent.
func (s *Session) violation(format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	s.Note("The peer's %s.", reason)
	s.fail(1002, reason)
}

// Note adds a sentence to the result.
func (s *Session) Note(format string, args ...any) {
	verdict.Note(s.Result, fmt.Sprintf(format, args...))
}

// killAfter fails the connection if it still exists after d.
func (s *Session) killAfter(d time.Duration) {
	s.log(verdict.Entry{Kind: verdict.LogKillAfter, Delay: d.Seconds()})
	s.after(d, func() {
		s.log(verdict.Entry{Kind: verdict.LogKill})
		s.fail(1001, "Going Away")
	})
}

// KillWhenIdle fails the connection when nothing has moved on it for d.
func (s *Session) KillWhenIdle(d time.Duration) {
	s.log(verdict.Entry{Kind: verdict.LogKillAfter, Delay: d.Seconds()})
	s.WhenIdle(d, func() {
		s.log(verdict.Entry{Kind: verdict.LogKill})
		s.fail(1001, "Going Away")
	})
}

// closeWhenIdle begins the closing handshake when nothing has moved for d.
func (s *Session) closeWhenIdle(d time.Duration) {
	s.log(verdict.Entry{Kind: verdict.LogCloseAfter, Delay: d.Seconds()})
	s.WhenIdle(d, func() {
		s.log(verdict.Entry{Kind: verdict.LogCloseNow})
		s.Close(NoCode)
	})
}

// closeAfter begins the closing handshake if the connection still exists after d.
func (s *Session) closeAfter(d time.Duration) {
	s.log(verdict.Entry{Kind: verdict.LogCloseAfter, Delay: d.Seconds()})
	s.after(d, func() {
		s.log(verdict.Entry{Kind: verdict.LogCloseNow})
		s.Close(NoCode)
	})
}

package autobahn

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// noCode stands for a Close frame without a code.
const noCode = -1

// close begins the closing handshake.
func (s *session) close(code int) { s.sendClose(code, "", true) }

// sendClose sends a Close frame with any code and reason, unless one was sent before. ours says
// that it begins the closing handshake.
func (s *session) sendClose(code int, reason string, ours bool) {
	if s.state != open {
		return
	}
	var payload []byte
	if code != noCode {
		payload = binary.BigEndian.AppendUint16(nil, uint16(code))
		s.result.LocalCloseCode = &code
	}
	if reason != "" {
		s.result.LocalCloseReason = &reason
	}
	s.send(naive.Frame{FIN: true, Opcode: opClose, Payload: append(payload, reason...)}, 0, false)
	s.enter(closing)
	s.result.ClosedByMe = ours
	if ours {
		s.after(closeTimeout, func() {
			if !s.result.WasClean {
				s.whyNotClean("peer did not respond (in time) in closing handshake")
				s.result.CloseTimeout = true
				s.drop()
			}
		})
	}
}

// closeChopped begins the closing handshake with a Close frame that is written byte by byte.
func (s *session) closeChopped(code int) {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	s.result.LocalCloseCode = &code
	s.send(naive.Frame{FIN: true, Opcode: opClose, Payload: payload}, 1, true)
	s.enter(closing)
	s.result.ClosedByMe = true
	s.killAfter(closeTimeout)
}

// fail fails the connection (RFC 6455 section 7.1.7), with a Close frame unless one was sent
// before.
func (s *session) fail(code int, reason string) {
	switch s.state {
	case open:
		s.result.FailedByMe = true
		s.sendClose(code, reason[:min(len(reason), 123)], true)
	case closing:
		s.result.FailedByMe = true
		if !s.result.WasClean {
			s.whyNotClean("peer did not respond (in time) in closing handshake")
		}
		s.drop()
	}
}

// violation fails the connection because of what the peer sent.
func (s *session) violation(format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	s.note("The peer's %s.", reason)
	s.fail(1002, reason)
}

// note adds a sentence to the result.
func (s *session) note(format string, args ...any) {
	note(s.result, fmt.Sprintf(format, args...))
}

// killAfter fails the connection if it still exists after d.
func (s *session) killAfter(d time.Duration) {
	s.log(Entry{Kind: logKillAfter, Delay: d.Seconds()})
	s.after(d, func() {
		s.log(Entry{Kind: logKill})
		s.fail(1001, "Going Away")
	})
}

// killWhenIdle fails the connection when nothing has moved on it for d.
func (s *session) killWhenIdle(d time.Duration) {
	s.log(Entry{Kind: logKillAfter, Delay: d.Seconds()})
	s.whenIdle(d, func() {
		s.log(Entry{Kind: logKill})
		s.fail(1001, "Going Away")
	})
}

// closeWhenIdle begins the closing handshake when nothing has moved for d.
func (s *session) closeWhenIdle(d time.Duration) {
	s.log(Entry{Kind: logCloseAfter, Delay: d.Seconds()})
	s.whenIdle(d, func() {
		s.log(Entry{Kind: logCloseNow})
		s.close(noCode)
	})
}

// closeAfter begins the closing handshake if the connection still exists after d.
func (s *session) closeAfter(d time.Duration) {
	s.log(Entry{Kind: logCloseAfter, Delay: d.Seconds()})
	s.after(d, func() {
		s.log(Entry{Kind: logCloseNow})
		s.close(noCode)
	})
}

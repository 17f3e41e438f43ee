package play

import (
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/internal/naive"
)

// Send sends frames together.
func Send(frames ...naive.Frame) Step {
	return func(s *Session) (time.Duration, string) {
		for _, f := range frames {
			s.Send(f, 0, false)
		}
		return 0, ""
	}
}

// SendSync sends frames one by one, each in its own segment if TCP allows.
func SendSync(frames ...naive.Frame) Step {
	return func(s *Session) (time.Duration, string) {
		for _, f := range frames {
			s.Send(f, 0, true)
		}
		return 0, ""
	}
}

// SendChopped sends frames in pieces of n bytes.
func SendChopped(n int, frames ...naive.Frame) Step {
	return func(s *Session) (time.Duration, string) {
		for _, f := range frames {
			s.Send(f, n, false)
		}
		return 0, ""
	}
}

// SendFragments sends a message in frames of at most n bytes. As in the original, the last one
// is empty if n divides the length.
func SendFragments(n int, f naive.Frame) Step {
	return func(s *Session) (time.Duration, string) {
		s.SendFragments(n, f)
		return 0, ""
	}
}

// SendRaw sends bytes that need not be a frame.
func SendRaw(p []byte) Step {
	return func(s *Session) (time.Duration, string) {
		s.write(p, 0, true)
		return 0, ""
	}
}

// Pause waits.
func Pause(d time.Duration) Step {
	return func(*Session) (time.Duration, string) { return d, "" }
}

// Timeout waits. If the connection is still open afterwards, that is an event.
func Timeout(d time.Duration, tag string) Step {
	return func(*Session) (time.Duration, string) { return d, tag }
}

// SendClose begins the closing handshake, with any code and reason.
func SendClose(code int, reason string) Step {
	return func(s *Session) (time.Duration, string) {
		s.sendClose(code, reason, true)
		return 0, ""
	}
}

// KillIn fails a connection that still exists after d.
func KillIn(d time.Duration) Step {
	return func(s *Session) (time.Duration, string) {
		s.killAfter(d)
		return 0, ""
	}
}

// If a peer has not failed the connection after probeAfter, and nothing else moves, the suite
// sends a Ping. A peer that answers has read past what it had to refuse, and gets lastGrace
// more. A peer that does not answer may just be slow, and has the usual time to reply.
const (
	probeAfter = time.Second
	lastGrace  = time.Second
	stillThere = "still there?"
)

// Fence waits for a peer to fail the connection, however slow it is.
func Fence(s *Session) (time.Duration, string) {
	s.WhenIdle(probeAfter, func() {
		if s.state == open {
			s.Send(Whole(OpPing, stillThere), 0, false)
		}
	})
	return 0, ""
}

// MayWait says that from now on the peer need not reply.
func MayWait(s *Session) (time.Duration, string) {
	s.MayWait()
	return 0, ""
}

// KillWhenIdle fails a connection on which nothing has moved for d.
func KillWhenIdle(d time.Duration) Step {
	return func(s *Session) (time.Duration, string) {
		s.KillWhenIdle(d)
		return 0, ""
	}
}

// CloseIn closes a connection that still exists after d.
func CloseIn(d time.Duration) Step {
	return func(s *Session) (time.Duration, string) {
		s.closeAfter(d)
		return 0, ""
	}
}

// CloseWhenIdle closes a connection on which nothing has moved for d.
func CloseWhenIdle(d time.Duration) Step {
	return func(s *Session) (time.Duration, string) {
		s.closeWhenIdle(d)
		return 0, ""
	}
}

// CloseChopped sends the first Close frame byte by byte.
func CloseChopped(s *Session) (time.Duration, string) {
	s.closeChopped(1000)
	return 0, ""
}

// OnStream does something to the stream of HTTP/2, at once: what was sent may still be waiting.
func OnStream(do func(x *mux.Stream)) Step {
	return func(s *Session) (time.Duration, string) {
		do(s.HTTP2())
		return 0, ""
	}
}

// A Step does something on the connection, and returns how long to wait before the next.
type Step func(s *Session) (pause time.Duration, tag string)

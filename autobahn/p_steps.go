package autobahn

import (
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// send sends frames together.
func send(frames ...naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		for _, f := range frames {
			s.send(f, 0, false)
		}
		return 0, ""
	}
}

// sendSync sends frames one by one, each in its own segment if TCP allows.
func sendSync(frames ...naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		for _, f := range frames {
			s.send(f, 0, true)
		}
		return 0, ""
	}
}

// sendChopped sends frames in pieces of n bytes.
func sendChopped(n int, frames ...naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		for _, f := range frames {
			s.send(f, n, false)
		}
		return 0, ""
	}
}

// sendFragments sends a message in frames of at most n bytes. As in the original, the last one
// is empty if n divides the length.
func sendFragments(n int, f naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		s.sendFragments(n, f)
		return 0, ""
	}
}

// sendRaw sends bytes that need not be a frame.
func sendRaw(p []byte) step {
	return func(s *session) (time.Duration, string) {
		s.write(p, 0, true)
		return 0, ""
	}
}

// pause waits.
func pause(d time.Duration) step {
	return func(*session) (time.Duration, string) { return d, "" }
}

// timeout waits. If the connection is still open afterwards, that is an event.
func timeout(d time.Duration, tag string) step {
	return func(*session) (time.Duration, string) { return d, tag }
}

// sendClose begins the closing handshake, with any code and reason.
func sendClose(code int, reason string) step {
	return func(s *session) (time.Duration, string) {
		s.sendClose(code, reason, true)
		return 0, ""
	}
}

// killIn fails a connection that still exists after d.
func killIn(d time.Duration) step {
	return func(s *session) (time.Duration, string) {
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

// fence waits for a peer to fail the connection, however slow it is.
func fence(s *session) (time.Duration, string) {
	s.whenIdle(probeAfter, func() {
		if s.state == open {
			s.send(whole(opPing, stillThere), 0, false)
		}
	})
	return 0, ""
}

// mayWait says that from now on the peer need not reply.
func mayWait(s *session) (time.Duration, string) {
	s.mayWait()
	return 0, ""
}

// killWhenIdle fails a connection on which nothing has moved for d.
func killWhenIdle(d time.Duration) step {
	return func(s *session) (time.Duration, string) {
		s.killWhenIdle(d)
		return 0, ""
	}
}

// closeIn closes a connection that still exists after d.
func closeIn(d time.Duration) step {
	return func(s *session) (time.Duration, string) {
		s.closeAfter(d)
		return 0, ""
	}
}

// closeWhenIdle closes a connection on which nothing has moved for d.
func closeWhenIdle(d time.Duration) step {
	return func(s *session) (time.Duration, string) {
		s.closeWhenIdle(d)
		return 0, ""
	}
}

// closeChopped sends the first Close frame byte by byte.
func closeChopped(s *session) (time.Duration, string) {
	s.closeChopped(1000)
	return 0, ""
}

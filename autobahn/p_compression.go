package autobahn

import "github.com/hawser-ws/websocket/autobahn/internal/deflate"

// agree applies the agreed terms to the session.
func (s *session) agree(t *terms) {
	s.terms = t
	if t == nil {
		return
	}
	if s.judged == Server {
		s.in.inflater = deflate.NewInflater(window(t.serverBits), !t.serverNoTakeover)
	} else {
		s.in.inflater = deflate.NewInflater(window(t.clientBits), !t.clientNoTakeover)
	}
	s.renewDeflater()
}

// renewDeflater makes the following messages independent of earlier ones.
func (s *session) renewDeflater() {
	if s.judged == Server {
		s.deflater = deflate.NewDeflater(window(s.terms.clientBits), !s.terms.clientNoTakeover)
	} else {
		s.deflater = deflate.NewDeflater(window(s.terms.serverBits), !s.terms.serverNoTakeover)
	}
}

// ownWindow returns the bits of the agreed window for what the suite sends.
func (s *session) ownWindow() int {
	if s.judged == Server {
		return window(s.terms.clientBits)
	}
	return window(s.terms.serverBits)
}

// compresses reports whether both sides agreed to permessage-deflate.
func (s *session) compresses() bool { return s.terms != nil }

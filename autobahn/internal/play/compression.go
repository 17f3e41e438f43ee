package play

import (
	"github.com/hawser-ws/websocket/autobahn/internal/deflate"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// agree applies the agreed terms to the session.
func (s *Session) agree(t *terms) {
	s.terms = t
	if t == nil {
		return
	}
	if s.Judged == verdict.Server {
		s.in.inflater = deflate.NewInflater(Window(t.serverBits), !t.serverNoTakeover)
	} else {
		s.in.inflater = deflate.NewInflater(Window(t.clientBits), !t.clientNoTakeover)
	}
	s.renewDeflater()
}

// renewDeflater makes the following messages independent of earlier ones.
func (s *Session) renewDeflater() {
	if s.Judged == verdict.Server {
		s.deflater = deflate.NewDeflater(Window(s.terms.clientBits), !s.terms.clientNoTakeover)
	} else {
		s.deflater = deflate.NewDeflater(Window(s.terms.serverBits), !s.terms.serverNoTakeover)
	}
}

// OwnWindow returns the bits of the agreed window for what the suite sends.
func (s *Session) OwnWindow() int {
	if s.Judged == verdict.Server {
		return Window(s.terms.clientBits)
	}
	return Window(s.terms.serverBits)
}

// Compresses reports whether both sides agreed to permessage-deflate.
func (s *Session) Compresses() bool { return s.terms != nil }

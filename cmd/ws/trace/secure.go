package trace

import (
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/cmd/ws/trace/tlsrecord"
)

// secured is the TLS of a connection.
type secured struct {
	conv    *Conversation
	session *tlsrecord.Session
	inner   *exchange
	offsets [2]int64 // in the plaintext
	stopped [2]bool
}

func (s *secured) weight() int { return s.session.Weight() }

// secure processes bytes of a connection that carries TLS.
func (t *tracker) secure(c *connection, side int, ch reassembly.Chunk) {
	if c.secured == nil {
		s := &secured{conv: &c.conv}
		s.inner = &exchange{client: c.tcp.client, conv: &c.conv, log: c.record, mode: detecting}
		s.inner.frames.engines = &t.engines
		s.inner.multiplex = c.tcp.multiplex
		s.session = tlsrecord.New(&t.keys, s.plain)
		c.secured, c.inner = s, s.inner
		c.conv.Kind = TLS
	}
	s := c.secured
	dir := int(s.inner.dir(side))
	if ch.Lost > 0 {
		s.session.Lost(dir)
	} else {
		s.session.Feed(dir, ch.Data, ch.Packet, ch.Time)
	}
	if why := s.session.Stopped(dir); why != "" && !s.stopped[dir] {
		s.stopped[dir] = true
		s.inner.stop(Dir(dir), why, Mark{ch.Packet, ch.Time})
	}
}

// plain processes application data.
func (s *secured) plain(dir int, d tlsrecord.Data) {
	ch := reassembly.Chunk{Data: d.Plain, Offset: s.offsets[dir], Packet: d.Packet, Time: d.Time, Start: true}
	s.offsets[dir] += int64(len(d.Plain))
	s.inner.feed(s.inner.side(Dir(dir)), ch)
}

// end records what is known about the TLS.
func (s *secured) end() {
	i := s.session
	if s.conv.Kind == TLS && i.Chosen && i.ALPN[0] == "h2" {
		s.conv.Kind = HTTP2
	}
	s.conv.TLS = &Secured{
		Version: i.VersionName(), Name: i.Name, ALPN: i.ALPN, Cipher: i.CipherName(),
		Records: i.Records, Decrypted: i.Decrypted, Why: i.Why,
	}
}

package trace

import (
	"encoding/json"
	"net/netip"

	"github.com/hawser-ws/websocket/cmd/ws/trace/capture"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/cmd/ws/trace/spool"
)

// flow identifies a TCP connection or a UDP flow by its addresses, the smaller one first.
type flow struct{ a, b netip.AddrPort }

func flowOf(src, dst netip.AddrPort) (f flow, side int) {
	if src.Compare(dst) <= 0 {
		return flow{src, dst}, 0
	}
	return flow{dst, src}, 1
}

// connection is one TCP connection. Its sides are numbered like the addresses of its flow.
type connection struct {
	flow flow
	conv Conversation
	// By side.
	streams [2]*reassembly.Stream
	syn     [2]bool
	isn     [2]uint32
	fin     [2]bool // a FIN was seen
	rst     [2]bool

	tcp     *exchange // over TCP
	inner   *exchange // over the TLS inside it
	secured *secured
	reused  bool // another connection between the same ports follows
	t       *tracker
	events  *spool.Log

	older, newer *connection // in order of activity
	weighs       int
}

func (t *tracker) newConnection(f flow, stream int) *connection {
	c := &connection{flow: f, t: t, events: t.store.NewLog()}
	c.conv.Stream = stream
	c.tcp = &exchange{client: -1, conv: &c.conv, log: c.record, mode: amid}
	c.tcp.frames = frames{unknown: true, engines: &t.engines}
	c.tcp.multiplex = func(x *exchange) *multiplex { return t.newMultiplex(c, x) }
	c.tcp.tls = func(side int, ch reassembly.Chunk) { t.secure(c, side, ch) }
	for side := range c.streams {
		c.streams[side] = reassembly.New(func(ch reassembly.Chunk) { c.tcp.feed(side, ch) })
	}
	return c
}

func (c *connection) record(e Event) { c.t.record(c.events, Announced{Stream: c.conv.Stream}, e) }

// record stores an event, preceded by a byte for its type: see [Kept]. in is where it was.
func (t *tracker) record(events *spool.Log, in Announced, e Event) {
	of := ofNote
	if e.Frame != nil {
		of = byte(e.Frame.Dir)
	}
	if e.Frame != nil && e.Frame.Message != nil {
		in.Mark = e.Frame.Mark
		t.media.announce(e.Frame.Message.ICE, in)
	}
	p, err := json.Marshal(e)
	if err != nil {
		panic(err) // every Event can be written as JSON
	}
	events.Append([]byte{of}, p)
}

// segment processes a segment sent by a side.
func (c *connection) segment(s *capture.Segment, side int) {
	at := Mark{s.Number, s.Time}
	c.conv.Packets++
	if c.conv.Packets == 1 {
		c.conv.First = at
	}
	c.conv.Last = at
	seq := s.Seq
	switch {
	case s.SYN:
		seq++
		c.synchronise(s, side, at)
	case s.ACK && c.conv.SYNACK != nil && c.conv.ACK == nil && side == c.tcp.client:
		c.conv.ACK = &at
	}
	if !s.SYN {
		c.streams[side].Reached(seq, s.Number, s.Time)
	}
	if s.ACK {
		c.streams[1-side].Reached(s.Ack, s.Number, s.Time)
	}
	if s.RST || s.FIN {
		c.end(s, side, at)
	}
	if s.RST {
		return // text for people (RFC 9293 §3.5.3)
	}
	c.streams[side].Segment(seq, s.Payload, s.Missing, s.FIN, s.Number, s.Time)
}

// synchronise processes a SYN.
func (c *connection) synchronise(s *capture.Segment, side int, at Mark) {
	if c.syn[side] {
		return // retransmitted
	}
	c.syn[side], c.isn[side] = true, s.Seq
	client := side
	if s.ACK {
		client = 1 - side
		c.conv.SYNACK = &at
	} else {
		c.conv.SYN = &at
	}
	if c.tcp.mode == amid && c.tcp.client < 0 && c.tcp.back[0].empty() && c.tcp.back[1].empty() {
		c.tcp.client, c.tcp.mode = client, detecting
	}
	c.streams[side].Begin(s.Seq + 1)
	if s.ACK { // it also shows where the other side begins
		c.streams[1-side].Begin(s.Ack)
	}
}

// end records the first FIN and the first RST of a side.
func (c *connection) end(s *capture.Segment, side int, at Mark) {
	what, seen := "FIN", &c.fin[side]
	if s.RST {
		what, seen = "RST", &c.rst[side]
	}
	if *seen {
		return
	}
	*seen = true
	c.conv.Ends = append(c.conv.Ends, End{By: Dir(side), What: what, Mark: at, ack: s.Ack})
}

// over reports whether both sides have ended the connection.
func (c *connection) over() bool {
	return c.rst[0] || c.rst[1] || c.fin[0] && c.fin[1]
}

// weight is the memory that the connection uses, in bytes.
func (c *connection) weight() int {
	n := 4096 + c.tcp.weight() + c.streams[0].Held() + c.streams[1].Held()
	if c.inner != nil {
		n += c.inner.weight() + c.secured.weight()
	}
	return n + c.conv.Request.weight() + c.conv.Response.weight()
}

// finish ends the connection. It stores it if there is something to report.
func (t *tracker) finish(c *connection) {
	for _, s := range c.streams {
		s.Flush()
	}
	c.orderEnds()
	c.tcp.end()
	x := c.tcp
	if c.inner != nil {
		c.secured.end()
		c.inner.end()
		x = c.inner
	}
	if c.conv.Kind == Refused && c.conv.Response == nil {
		c.conv.Kind = Unanswered
	}
	t.count(c)
	if c.conv.Kind == NoHandshake {
		return
	}
	t.keep(c, x)
}

// orderEnds finds out which FIN acknowledges the other side's FIN, see [End.Answers].
func (c *connection) orderEnds() {
	for i := range c.conv.Ends {
		e := &c.conv.Ends[i]
		e.Answers = e.What == "FIN" && c.streams[1-e.By].AcksFIN(e.ack)
	}
}

// keep stores the results of a connection for printing. x is what went over it.
func (t *tracker) keep(c *connection, x *exchange) {
	client := x.client
	if client < 0 {
		client = c.likelyClient()
	}
	v := &c.conv
	c.orient(v, x.client, client)
	v.C2S.Counts, v.S2C.Counts = c.streams[client].Counts(), c.streams[1-client].Counts()
	t.putAway(c, x, v, c.events)
}

// keepStream stores the results of a stream of HTTP/2. If its request is not known and no
// WebSocket could be proven in it, it is only counted.
func (t *tracker) keepStream(m *multiplex, s *stream) {
	v := &s.conv
	if s.early != nil {
		v.Response = s.early.head()
	}
	s.x.end()
	switch v.Kind {
	case Refused:
		if v.Response == nil {
			v.Kind = Unanswered
		}
	case NoHandshake, Unsynchronised, TLS:
		m.c.conv.HTTP2.Unknown++
		m.note(FromClient, v.Last, s.unknown())
		return
	}
	m.c.conv.HTTP2.WebSockets++
	v.Violations = append(v.Violations, m.judgeAnnounced(v.Request)...)
	client := s.x.client
	if client < 0 {
		client = m.x.client
	}
	m.c.orient(v, s.x.client, client)
	if s.events == nil {
		s.events = t.store.NewLog()
	}
	t.putAway(m.c, s.x, v, s.events)
}

// orient sets who is who in the results. settled is the side of the client, or -1 if client is a
// guess.
func (c *connection) orient(v *Conversation, settled, client int) {
	ends := [2]netip.AddrPort{c.flow.a, c.flow.b}
	v.Client, v.Server = ends[client].String(), ends[1-client].String()
	for i := range v.Ends {
		if v.Ends[i].By == Dir(client) {
			v.Ends[i].By = FromClient
		} else {
			v.Ends[i].By = FromServer
		}
	}
	if settled < 0 && client == 1 { // see unread
		v.C2S, v.S2C = v.S2C, v.C2S
	}
}

// putAway judges the end of a conversation and stores it.
func (t *tracker) putAway(c *connection, x *exchange, v *Conversation, events *spool.Log) {
	if v.Kind == WebSocket {
		t.Conversations++
		for _, d := range []Dir{FromClient, FromServer} {
			if v.Direction(d).Unread = x.hidden(d); v.Direction(d).Unread == "" && c.reused && !v.Ended(d) {
				v.Direction(d).Unread = "the end of the connection is missing"
			}
		}
		v.Outcome = v.outcome()
	}
	summary, err := json.Marshal(v)
	if err != nil {
		panic(err) // as in record
	}
	t.done = append(t.done, finished{int32(v.Stream), v.HTTP2Stream, t.store.PutAway(summary, events)})
}

// likelyClient guesses who opened a connection whose beginning was not seen: the side with the
// higher port.
func (c *connection) likelyClient() int {
	if c.tcp.client >= 0 {
		return c.tcp.client
	}
	if c.flow.a.Port() < c.flow.b.Port() {
		return 1
	}
	return 0
}

package h2

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// pair is two endpoints, the bytes on their way, and a simple model of what has to come.
type pair struct {
	t    *testing.T
	now  time.Time
	side [2]*side
	seen map[string]int // how often things have happened
}

// side is one end, and what its application knows.
type side struct {
	*Endpoint
	name    string
	wire    []byte // on its way to this side
	links   map[uint32]*link
	chunks  []*sent
	refused map[uint32]bool
}

// link is a stream as one side's application sees it. The lane is what it sends.
type link struct {
	st       *Stream
	owing    bool // it is to respond
	over     bool // reset by somebody
	released bool
	held     int // received and not consumed
	lane     lane
}

// lane is what one side has said on a stream: parts, of which the last may still be taken
// back, and how much the other has heard.
type lane struct {
	parts    []*sent
	made     int // bytes ever made up, for their content
	heard    int
	ended    bool // End was called
	heardEnd bool
}

// sent is what one call has sent. chunk is nil for TrySend.
type sent struct {
	data  []byte
	chunk *Chunk
	link  *link
	fate  string // "", "done", "taken back", "dropped"
}

func (l *lane) all() (p []byte) {
	for _, part := range l.parts {
		p = append(p, part.data...)
	}
	return p
}

func (l *lane) make(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte((l.made + i) * 31 >> 3)
	}
	l.made += n
	return p
}

func newPair(t *testing.T, client, server Config) *pair {
	p := &pair{t: t, now: noon, seen: make(map[string]int)}
	for i, cfg := range []Config{client, server} {
		s := &side{Endpoint: new(Endpoint), name: Role(i).String(), links: make(map[uint32]*link), refused: make(map[uint32]bool)}
		s.Init(Role(i), cfg, noon)
		p.side[i] = s
	}
	return p
}

func (p *pair) fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf(format, args...)
}

// write moves up to n bytes from a side to the wire.
func (p *pair) write(who, n int) {
	s, other := p.side[who], p.side[1-who]
	out := s.Pending()
	n = min(n, len(out))
	other.wire = append(other.wire, out[:n]...)
	s.Advance(n)
	for _, c := range s.Done() {
		part := c.Owner.(*sent)
		if part.fate != "" || c.Sent() != c.Size() || c.Framed() != c.Size() {
			p.fail("%s: a chunk is done that is %q, %d of %d", s.name, part.fate, c.Sent(), c.Size())
		}
		part.fate = "done"
		p.seen["done"]++
	}
	for _, part := range s.chunks {
		if c := part.chunk; c.Sent() > c.Framed() || c.Framed() > c.Size() || part.fate == "" && c.Sent() == c.Size() {
			p.fail("%s: %d of %d are sent, %d framed", s.name, c.Sent(), c.Size(), c.Framed())
		}
	}
	s.chunks = slices.DeleteFunc(s.chunks, func(part *sent) bool { return part.fate != "" })
}

// read shows a side up to n bytes of the wire, and looks at what happens.
func (p *pair) read(who, n int) {
	s := p.side[who]
	n = min(n, len(s.wire))
	in := slices.Clone(s.wire[:n])
	s.wire = s.wire[n:]
	for {
		ev, n, err := s.Receive(in, p.now)
		in = in[n:]
		if err != nil {
			p.fail("%s: %v", s.name, err)
		}
		if ev.Kind == Nothing {
			return
		}
		p.seen[ev.Kind.String()]++
		p.happens(who, ev)
	}
}

func (p *pair) happens(who int, ev Event) {
	s, other := p.side[who], p.side[1-who]
	var l *link
	if ev.Stream != nil {
		if l = s.links[ev.Stream.id]; l != nil && l.released {
			p.fail("%s: %v for a stream that was released", s.name, ev.Kind)
		}
	}
	switch ev.Kind {
	case Requested:
		s.links[ev.Stream.id] = &link{st: ev.Stream, owing: true}
		if ev.Head.Protocol != "websocket" {
			p.fail("the request is %+v", ev.Head)
		}
	case Answered:
		if (ev.Head.Status == 200) != (len(ev.Head.Fields) == 0) {
			p.fail("the response is %+v", ev.Head)
		}
	case Received:
		from := other.links[ev.Stream.id]
		if l == nil || l.over {
			p.fail("%s: DATA for a stream that is over", s.name)
		}
		all := from.lane.all()
		if end := from.lane.heard + len(ev.Data); end > len(all) || string(all[from.lane.heard:end]) != string(ev.Data) || from.lane.heardEnd {
			p.fail("%s: stream %d: %d bytes at %d are not what was sent", s.name, ev.Stream.id, len(ev.Data), from.lane.heard)
		}
		from.lane.heard += len(ev.Data)
		if l.held += len(ev.Data); l.held > int(max(s.cfg.StreamWindow, initialWindow)) {
			p.fail("%s: %d bytes of stream %d are held", s.name, l.held, ev.Stream.id)
		}
	case Ended:
		from := other.links[ev.Stream.id]
		if !from.lane.ended || from.lane.heard != len(from.lane.all()) || from.lane.heardEnd {
			p.fail("%s: stream %d ends after %d bytes", s.name, ev.Stream.id, from.lane.heard)
		}
		from.lane.heardEnd = true
	case ResetByPeer:
		if from := other.links[ev.Stream.id]; (from == nil || !from.over) && !other.refused[ev.Stream.id] {
			p.fail("%s: stream %d was reset by nobody", s.name, ev.Stream.id)
		}
		p.drop(s, l)
	case NotProcessed:
		if other.links[ev.Stream.id] != nil {
			p.fail("%s: stream %d was processed", s.name, ev.Stream.id)
		}
		p.drop(s, l)
	case Refused:
		if ev.Err.Code != RefusedStream || s.InUse() < int(s.cfg.MaxStreams) {
			p.fail("%s: %v", s.name, ev.Err)
		}
		s.refused[ev.Err.Stream] = true
	case Settled, Pong, GoingAway:
	default:
		p.fail("%s: %v: %v", s.name, ev.Kind, ev.Err)
	}
}

// drop is the end of a stream by a reset: its chunks are nobody's.
func (p *pair) drop(s *side, l *link) {
	l.over, l.held = true, 0
	for _, part := range s.chunks {
		if part.link == l && part.fate == "" {
			part.fate = "dropped"
			part.data = part.data[:part.chunk.Framed()]
		}
	}
	s.chunks = slices.DeleteFunc(s.chunks, func(part *sent) bool { return part.fate != "" })
}

// usable are the links of a side that may send, or all that it has.
func (s *side) usable(all bool) (links []*link) {
	for id := uint32(1); id <= max(s.table.local, s.table.remote); id += 2 {
		if l := s.links[id]; l != nil && !l.released && (all || l.st.CanSend()) {
			links = append(links, l)
		}
	}
	return links
}

// waits reports whether a chunk of a link is on its way.
func (s *side) waits(l *link) bool {
	return slices.ContainsFunc(s.chunks, func(part *sent) bool { return part.link == l })
}

// act lets an application or the network do something.
func (p *pair) act(op byte, who, which, size int) {
	s := p.side[who]
	p.now = p.now.Add(50 * time.Millisecond)
	pick := func(all bool) *link {
		links := s.usable(all)
		if len(links) == 0 {
			return nil
		}
		return links[which%len(links)]
	}
	switch op % 16 {
	case 0:
		if p.side[0].table.local > maxReplies {
			return // each may be refused while nobody reads
		}
		if st, err := p.side[0].Open(requestHead(), nil); err == nil {
			p.side[0].links[st.id] = &link{st: st}
		} else if err != p.side[0].CanOpen() {
			p.fail("Open says %v", err)
		}
	case 1:
		p.respond(pick(true), size)
	case 2, 3:
		if l := pick(false); l != nil {
			data := l.lane.make(size + 1)
			cut := which % (len(data) + 1)
			n := s.TrySend(l.st, data[:cut], data[cut:])
			l.lane.parts = append(l.lane.parts, &sent{data: data[:n]})
			p.seen[fmt.Sprint("TrySend sent all: ", n == len(data))]++
		}
	case 4, 5:
		if l := pick(false); l != nil {
			part := &sent{data: l.lane.make(size + 1), link: l}
			cut := which % (size + 1)
			part.chunk = &Chunk{Head: part.data[:cut], Tail: part.data[cut:], Owner: part}
			if !s.Send(l.st, part.chunk) {
				p.fail("Send says no")
			}
			l.lane.parts = append(l.lane.parts, part)
			s.chunks = append(s.chunks, part)
		}
	case 6:
		if len(s.chunks) > 0 {
			part := s.chunks[which%len(s.chunks)]
			n := s.Retract(part.chunk)
			if n != part.chunk.Framed() || part.fate != "" {
				p.fail("%d bytes are framed, of what is %q", n, part.fate)
			}
			part.data, part.fate = part.data[:n], "taken back"
			s.chunks = slices.DeleteFunc(s.chunks, func(o *sent) bool { return o == part })
			p.seen[fmt.Sprint("taken back, some framed: ", n > 0)]++
		}
	case 7:
		if l := pick(false); l != nil && which%3 == 0 {
			l.lane.ended = true
			s.End(l.st)
		}
	case 8:
		if l := pick(true); l != nil && which%5 == 0 && !l.st.state.Over() {
			s.Reset(l.st, Cancel)
			p.drop(s, l)
		}
	case 9:
		if l := pick(true); l != nil && (l.st.state.Over() || l.lane.ended && l.held == 0 && !s.waits(l)) {
			l.released = true
			s.Release(l.st)
			p.seen[fmt.Sprint("released while it is over: ", l.st.state.Over())]++
		}
	case 10, 11:
		if l := pick(true); l != nil {
			p.consume(s, l, min(l.held, size))
		}
	case 12, 13:
		p.write(who, size*2)
	case 14:
		p.read(who, size*3)
	case 15:
		p.rare(s, which)
	}
}

func (p *pair) respond(l *link, size int) {
	if l == nil || !l.owing || l.st.state.Over() {
		return
	}
	l.owing = false
	head := &Head{Status: 200}
	if size%7 == 0 {
		head = &Head{Status: 404, Fields: []Field{{"X", "y"}}}
	}
	if err := p.side[1].Respond(l.st, head); err != nil {
		p.fail("%v", err)
	}
	if head.Status != 200 {
		l.lane.ended = p.side[1].End(l.st)
	}
}

func (p *pair) rare(s *side, which int) {
	switch which % 32 {
	case 0:
		s.GoAway(NoError, "")
	case 1:
		s.Warn()
	default:
		if s.going.pings > maxReplies/4 {
			return // each is answered while nobody reads
		}
		s.Ping([8]byte{byte(which)})
	}
}

func (p *pair) consume(s *side, l *link, n int) {
	l.held -= n
	s.Consumed(l.st, n)
}

// finish lets everything arrive, and looks whether it has.
func (p *pair) finish() {
	for quiet := 0; quiet < 2; {
		quiet++
		for who := range 2 {
			s := p.side[who]
			if len(s.Pending()) > 0 || len(s.wire) > 0 {
				quiet = 0
			}
			p.write(who, 1<<30)
			p.read(who, 1<<30)
			for _, l := range s.links {
				if l.held > 0 {
					p.consume(s, l, l.held)
				}
			}
		}
		p.now = p.now.Add(time.Second)
	}
	for who := range 2 {
		s, other := p.side[who], p.side[1-who]
		if own, others := s.Account(), other.Account(); own.Out != others.In || others.In+others.Owed != others.Size {
			p.fail("%s may send %d, the other takes %d, owes %d", s.name, own.Out, others.In, others.Owed)
		}
		if len(s.chunks) > 0 || s.ring.front != nil || len(s.outbox.pieces) > 0 || s.outbox.sent != s.outbox.encoded {
			p.fail("%s: %d chunks wait, %d pieces", s.name, len(s.chunks), len(s.outbox.pieces))
		}
		active := 0
		for id, l := range s.links {
			peer := other.links[id]
			if !l.st.state.Over() {
				active++
			}
			if l.over || peer == nil || peer.over || peer.released {
				continue
			}
			if all := l.lane.all(); l.lane.heard != len(all) || l.lane.heardEnd != l.lane.ended {
				p.fail("%s: stream %d: %d of %d bytes have come, the end %v of %v", s.name, id, l.lane.heard, len(all), l.lane.heardEnd, l.lane.ended)
			}
			if peer.st.state.CanReceive() && l.st.CanSend() && (l.st.out != outflow(peer.st.in.left) || peer.st.in.left+peer.st.in.owed != int64(other.cfg.StreamWindow)) {
				p.fail("%s: stream %d: may send %d, the other takes %+v", s.name, id, l.st.out, peer.st.in)
			}
		}
		if active != int(s.table.active) {
			p.fail("%s: %d streams are active, it says %d", s.name, active, s.table.active)
		}
	}
}

// play runs a script: four bytes an act.
func play(t *testing.T, script []byte) map[string]int {
	if len(script) < 4 {
		return nil
	}
	windows := []uint32{0, 100, 5000, 70000, 1 << 20}
	at := func(i int) int { return int(script[i]) }
	p := newPair(t, Config{StreamWindow: windows[at(0)%5], ConnWindow: windows[at(0)/5%5]},
		Config{StreamWindow: windows[at(1)%5], ConnWindow: windows[at(1)/5%5], MaxStreams: uint32(at(2)%9 + 1)})
	if at(3)%4 > 0 { // else acts come before the settings
		for range 2 {
			for who := range 2 {
				p.write(who, 1<<20)
				p.read(who, 1<<20)
			}
		}
		p.act(0, 0, 0, 0)
	}
	for script = script[4:]; len(script) >= 4; script = script[4:] {
		size := int(script[3])
		if script[1]&2 != 0 {
			size *= 150
		}
		p.act(script[0], int(script[1]&1), int(script[2]), size)
	}
	p.finish()
	return p.seen
}

// FuzzPair joins two endpoints. Whatever their applications do, and however the bytes are cut:
// nothing is lost, comes twice or in another order; no window is exceeded, and no byte of one
// is missing in the end; and what was taken back has not come.
func FuzzPair(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(randomScript(random))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		play(t, script[:min(len(script), 4000)])
	})
}

func randomScript(random *rand.Rand) []byte {
	script := make([]byte, 4*(1+random.IntN(600)))
	for i := range script {
		script[i] = byte(random.Uint32())
	}
	return script
}

// Some hundred scripts reach everything.
func TestPair(t *testing.T) {
	seen := make(map[string]int)
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		for what, n := range play(t, randomScript(random)) {
			seen[what] += n
		}
	}
	for _, what := range []string{
		"requested", "refused", "answered", "received", "ended", "reset by peer", "not processed", "settled", "pong", "going away",
		"done", "TrySend sent all: true", "TrySend sent all: false", "taken back, some framed: true", "taken back, some framed: false",
		"released while it is over: true", "released while it is over: false",
	} {
		if seen[what] < 20 {
			t.Errorf("%s: %d times", what, seen[what])
		}
	}
	t.Log(seen)
}

package fuzz_test

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/internal/naive"
)

// receiver is what one end holds the bytes against that the other sends: the oracle,
// slow and obvious. RFC 6455 and RFC 7692 are its only measure, and the options of the
// connection: of our own code it uses nothing but package naive.
type receiver struct {
	fromClient bool // the bytes come from a client
	deflate    bool // permessage-deflate is agreed on
	takeover   bool // by the sender
	window     int  // bytes of the sender's window

	frame, message int64 // limits; 0: none
	fragments      int

	// unread: the application wants no message, and the first is answered with 1008.
	// From then on only control frames and the order of frames count.
	unread bool
}

// message is what an application is given.
type message struct {
	typ  int // opcode
	data string
}

func (m message) String() string { return fmt.Sprintf("%d %.80s", m.typ, m.data) }

// farewell is what a Close frame says.
type farewell struct {
	code   int // 1005: it has none
	reason string
}

// verdict is what has to come of a stream.
type verdict struct {
	messages     []message
	partial      []byte // what is known of a message that has not ended
	pings, pongs []string
	due          int       // so many of the pings are answered
	received     *farewell // the Close frame that ended it
	fail         int       // or the code with which it is refused; 0: it is not
	limit        string    // for 1009: which
	unwanted     bool      // the first message was met by an end that wants none
	at           int       // how many bytes it takes to refuse it, or to know the Close frame
	packed       bool      // the message in which it ends is compressed
	midway       bool      // what is left is the beginning of a frame or of a message

	final, unsure bool // of compressed messages: see deflated, and excused
}

// over reports whether nothing that follows can change anything.
func (v *verdict) over() bool { return v.fail != 0 || v.received != nil }

// underway is the message that has begun and not ended.
type underway struct {
	opcode     int
	compressed bool
	size       uint64 // as declared
	fragments  int
	wire, said []byte // compressed; what it says
	judged     int    // said[:judged] is whole characters
}

// judge reads a stream.
func (r receiver) judge(p []byte) verdict {
	v := &verdict{}
	var (
		m    *underway
		dict []byte
	)
	for v.at = 0; !v.over(); {
		begin := v.at
		f, n := naive.DecodeHeader(p[begin:])
		if len(p)-begin >= 2 && len(r.brokenPrefix(p[begin:begin+2])) > 0 {
			v.refuse(1002, begin+2)
			break
		}
		if n == 0 {
			break
		}
		body := begin + n
		if len(naive.Broken(f, r.fromClient, r.deflate)) > 0 {
			v.refuse(1002, body)
			break
		}
		there := p[body:]
		complete := uint64(len(there)) >= f.Length
		if complete {
			there = there[:f.Length]
		}
		payload := slices.Clone(there)
		if f.Masked {
			naive.Mask(payload, f.Key, 0)
		}
		if f.Opcode >= 8 {
			if !complete {
				break
			}
			v.at = body + len(payload)
			v.control(f.Opcode, payload)
			continue
		}
		if m = r.begin(v, m, f, body); v.over() {
			break
		}
		switch {
		case v.unwanted:
		case m.compressed:
			r.inflated(v, m, dict, payload, body, complete && f.FIN)
		default:
			m.said = append(m.said, payload...)
			r.text(v, m, body+len(payload))
		}
		if v.over() {
			break
		}
		if !complete {
			break
		}
		v.at = body + len(payload)
		if !f.FIN {
			continue
		}
		if m.opcode == 1 && m.judged < len(m.said) && !v.unwanted { // half a character
			v.refuse(1007, v.at)
			break
		}
		if m.compressed && r.takeover {
			dict = append(dict, m.said...)
			dict = dict[max(0, len(dict)-r.window):]
		}
		if !v.unwanted {
			v.messages = append(v.messages, message{m.opcode, string(m.said)})
		}
		m = nil
	}
	if m != nil && !v.unwanted {
		v.partial, v.packed = m.said, m.compressed
	}
	v.midway = !v.over() && (m != nil || v.at < len(p))
	return *v
}

func (v *verdict) refuse(code, at int) { v.fail, v.at = code, at }

// brokenPrefix names the rules that two bytes are enough to see broken. The mask and
// the length that follow are made up.
func (r receiver) brokenPrefix(two []byte) []string {
	f, _ := naive.DecodeHeader(append(slices.Clone(two), make([]byte, 12)...))
	return slices.DeleteFunc(naive.Broken(f, r.fromClient, r.deflate), func(rule string) bool {
		return rule == "length not minimal" || rule == "length top bit"
	})
}

func (v *verdict) control(opcode byte, payload []byte) {
	switch opcode {
	case 9:
		v.pings = append(v.pings, string(payload))
		if !v.unwanted {
			v.due++
		}
	case 10:
		v.pongs = append(v.pongs, string(payload))
	case 8:
		code, reason, fail := naive.Close(payload)
		if v.fail = fail; fail == 0 {
			v.received = &farewell{code, reason}
		}
	}
}

// begin judges the header of a data frame, which ends at body, by what came before it
// (RFC 6455 §5.4) and by the limits.
func (r receiver) begin(v *verdict, m *underway, f naive.Frame, body int) *underway {
	if (f.Opcode == 0) == (m == nil) {
		v.refuse(1002, body)
		return m
	}
	if m == nil {
		m = &underway{opcode: int(f.Opcode), compressed: f.RSV1}
	}
	if v.unwanted {
		return m
	}
	m.fragments++
	m.size += f.Length // what came before it is there, and so is far below 1<<63
	over := func(what string) {
		v.refuse(1009, body)
		v.limit = what
	}
	wire := uint64(r.message) + uint64(r.message)/8 + 64<<10 + 64*uint64(m.fragments) // as Limits.Frame says
	switch {
	case r.frame > 0 && f.Length > uint64(r.frame):
		over("frame")
	case r.fragments > 0 && m.fragments > r.fragments:
		over("fragments")
	case r.message > 0 && !m.compressed && m.size > uint64(r.message):
		over("message")
	case r.message > 0 && m.compressed && m.size > wire:
		over("compressed message")
	case r.unread:
		v.unwanted = true
	}
	return m
}

// text judges what has been added to a text; all of it has come with byte number end
// of the stream. RFC 6455 §8.1: the first byte that cannot stand there ends it.
func (r receiver) text(v *verdict, m *underway, end int) {
	if m.opcode != 1 {
		return
	}
	if bad := naive.FirstBad(m.said[m.judged:]); bad >= 0 {
		v.refuse(1007, end-len(m.said)+m.judged+bad+1)
		return
	}
	m.characters()
}

// characters moves judged behind the last whole character.
func (m *underway) characters() {
	for m.judged < len(m.said) && utf8.FullRune(m.said[m.judged:]) {
		_, size := utf8.DecodeRune(m.said[m.judged:])
		m.judged += size
	}
}

// inflated takes a frame's part of a compressed message. Byte by byte of what the
// message says, the limit counts and then the text is judged; what it is compressed
// with comes last.
func (r receiver) inflated(v *verdict, m *underway, dict, payload []byte, body int, fin bool) {
	from := len(m.wire)
	m.wire = append(m.wire, payload...)
	d := inflate(dict, m.wire, fin)
	v.final, v.unsure = v.final || d.final, v.unsure || d.unsure
	bad := -1
	if m.opcode == 1 {
		if bad = naive.FirstBad(d.said[m.judged:]); bad >= 0 {
			bad += m.judged
		}
	}
	tooBig := r.message > 0 && int64(len(d.said)) > r.message
	at := func(wrong func(deflated) bool) int { return body + first(dict, m.wire, from, wrong) }
	switch {
	case bad >= 0 && (!tooBig || int64(bad) < r.message):
		v.refuse(1007, at(func(d deflated) bool { return len(d.said) > bad }))
	case tooBig:
		v.refuse(1009, at(func(d deflated) bool { return int64(len(d.said)) > r.message }))
		v.limit = "message"
	case d.corrupt:
		v.refuse(1007, at(func(d deflated) bool { return d.corrupt }))
	}
	m.said = d.said
	if !v.over() {
		m.characters()
	}
}

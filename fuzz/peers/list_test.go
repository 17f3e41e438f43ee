package peers_test

import (
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/internal/naive"
)

// difference is an entry of a list: what another library sees otherwise.
type difference struct {
	name    string
	section string // of RFC 6455
	why     string
	// about reports whether a frame is such, in its place.
	about func(f placed) bool
	used  bool // by a seed
}

// placed is a frame where it stands in a stream.
type placed struct {
	naive.Frame        // with what has come of its payload, unmasked
	begun       bool   // its header is not complete, and Frame has the first two bytes
	complete    bool   // all of its payload has come
	opcode      byte   // of the message under way; 0: none
	text        []byte // what the message says, with this frame, if it is text
	size        uint64 // what it has said before this frame
	from        websocket.Role
}

// broken tells that one of the rules on headers is, which any two bytes may show.
func (p placed) broken() []string {
	return naive.Broken(p.Frame, p.from == websocket.RoleClient, false)
}

// find looks for the first frame that an entry is about, and where it begins. It follows
// the stream no further than somebody would who takes everything.
func find(list []*difference, from websocket.Role, stream []byte) (d *difference, at int) {
	p := placed{from: from}
	for at < len(stream) {
		rest := stream[at:]
		f, n := naive.DecodeHeader(rest)
		if n == 0 {
			if len(rest) < 2 {
				return nil, at
			}
			f, _ = naive.DecodeHeader(append(append([]byte{}, rest[:2]...), make([]byte, 12)...))
			p.begun, n = true, len(rest)
			f.Length = 0
		}
		p.Frame = f
		there := rest[n:]
		if p.complete = !p.begun && uint64(len(there)) >= f.Length; p.complete {
			there = there[:f.Length]
		}
		p.Payload = append([]byte{}, there...)
		if f.Masked {
			naive.Mask(p.Payload, f.Key, 0)
		}
		text := p.text
		if f.Opcode == 1 || f.Opcode == 0 && p.opcode == 1 {
			p.text = append(p.text, p.Payload...)
		}
		for _, d := range list {
			if d.about(p) {
				return d, at
			}
		}
		if !p.complete {
			return nil, at
		}
		switch {
		case f.Opcode >= 8:
			p.text = text
		case f.FIN:
			p.opcode, p.text, p.size = 0, nil, 0
		default:
			if f.Opcode != 0 {
				p.opcode = f.Opcode
			}
			p.size += f.Length
		}
		at += n + len(there)
	}
	return nil, at
}

// opinion is what a library makes of a stream that comes to the end with this role.
type opinion func(t *testing.T, role websocket.Role, data []byte) account

// agree compares two opinions on a stream: on all of it, or on what stands before the
// first frame that the list is about. It returns the entry that is made use of.
func agree(t *testing.T, list []*difference, theirs opinion, fromClient bool, stream []byte) {
	t.Helper()
	role, from := websocket.RoleClient, websocket.RoleServer
	if fromClient {
		role, from = from, role
	}
	we, they := ours(t, role, stream), theirs(t, role, stream)
	if we.equal(they) {
		return
	}
	d, at := find(list, from, stream)
	if d == nil {
		t.Fatalf("the stream for a %v: %x\nours:   %v\ntheirs: %v", role, stream, we, they)
	}
	d.used = true
	we, they = ours(t, role, stream[:at]), theirs(t, role, stream[:at])
	if !we.equal(they) {
		t.Fatalf("before the frame at %d (%s), the stream for a %v: %x\nours:   %v\ntheirs: %v", at, d.name, role, stream[:at], we, they)
	}
}

// fuzz runs a target on the streams there are, which come to both roles.
func fuzz(f *testing.F, list []*difference, theirs opinion) {
	for _, s := range starts(f) {
		f.Add(s.FromClient, s.Data)
	}
	f.Fuzz(func(t *testing.T, fromClient bool, stream []byte) {
		agree(t, list, theirs, fromClient, stream[:min(len(stream), 8<<10)])
	})
}

// testList fails for the entries that no seed makes use of.
func testList(t *testing.T, list []*difference, theirs opinion) {
	for _, s := range starts(t) {
		agree(t, list, theirs, s.FromClient, s.Data[:min(len(s.Data), 8<<10)])
	}
	for _, d := range list {
		if !d.used {
			t.Errorf("%s (RFC 6455 §%s): no seed shows this difference", d.name, d.section)
		}
		t.Logf("%s (RFC 6455 §%s): %s", d.name, d.section, d.why)
	}
}

// starts are the streams without compression, which the two are asked about, and some
// that few would send.
func starts(tb testing.TB) (streams []seeds.Stream) {
	for _, s := range seeds.Streams() {
		if !s.Deflate {
			streams = append(streams, s)
		}
	}
	seeds.Need(tb, streams, 100)
	for _, odd := range []naive.Frame{
		{FIN: true, Opcode: 1, Extended: 2, Payload: []byte("long for its length")},
		{FIN: true, Opcode: 2, Length: 1<<63 + 5},
		{FIN: true, Opcode: 1, Payload: []byte("no\xfftext")},
		{FIN: true, Opcode: 8, Payload: []byte("\x03")},
		{FIN: true, Opcode: 8, Payload: []byte("\x03\xf6gateway")},
		{FIN: true, Opcode: 8, Payload: []byte("\x03\xf4restart")},
		{FIN: true, Opcode: 8, Payload: []byte("\x13\x88")},
		{FIN: true, Opcode: 8, Payload: []byte("\x03\xe8\xff")},
		{Opcode: 2, Payload: []byte("begun, and not ended")},
		{FIN: true, Opcode: 2, Payload: make([]byte, limit+1)},
		{Opcode: 0, Length: 1<<63 - 1},
		{Opcode: 3},
	} {
		for _, client := range []bool{true, false} {
			odd.Masked = client
			wire := naive.Encode(odd)
			begun := naive.Encode(naive.Frame{Opcode: 2, Masked: client, Payload: []byte("begun")})
			for _, data := range [][]byte{wire, append(begun, wire...), append(begun, wire[:2]...), wire[:2]} {
				streams = append(streams, seeds.Stream{Name: "odd", FromClient: client, Data: data})
			}
		}
	}
	return streams
}

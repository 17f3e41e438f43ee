package reassembly

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// segment is one that a test sends.
type segment struct {
	at   int // offset
	data []byte
}

// sink checks what a stream delivers.
type sink struct {
	t      *testing.T
	next   int64
	data   []byte // lost ones are zero
	lost   int64
	from   []int // packet of each byte
	starts map[int64]bool
}

func (k *sink) take(c Chunk) {
	k.t.Helper()
	if c.Offset != k.next {
		k.t.Fatalf("offset %d after %d", c.Offset, k.next)
	}
	if (c.Lost > 0) == (len(c.Data) > 0) {
		k.t.Fatalf("%d bytes, %d lost", len(c.Data), c.Lost)
	}
	if c.Start {
		k.starts[c.Offset] = true
	}
	k.data = append(k.data, c.Data...)
	k.data = append(k.data, make([]byte, c.Lost)...)
	for range len(c.Data) + int(c.Lost) {
		k.from = append(k.from, c.Packet)
	}
	k.lost += c.Lost
	k.next = int64(len(k.data))
}

func newSink(t *testing.T) *sink { return &sink{t: t, starts: map[int64]bool{}} }

// Whatever a network does to segments, as long as each byte comes once it is
// delivered once, in its place, and from a packet that brought it.
func TestShuffled(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1))
		whole := make([]byte, 1+r.IntN(20_000))
		for i := range whole {
			whole[i] = byte(r.Uint32() | 1)
		}
		var sent []segment
		for at := 0; at < len(whole); {
			n := min(1+r.IntN(600), len(whole)-at)
			sent = append(sent, segment{at: at, data: whole[at : at+n]})
			at += n
		}
		for range r.IntN(len(sent) + 1) { // retransmissions, cut elsewhere
			at := r.IntN(len(whole))
			sent = append(sent, segment{at: at, data: whole[at:min(len(whole), at+1+r.IntN(900))]})
		}
		for range len(sent) { // a little out of order
			i := r.IntN(len(sent))
			j := min(len(sent)-1, i+r.IntN(8))
			sent[i], sent[j] = sent[j], sent[i]
		}
		isn := r.Uint32()
		if seed%3 == 0 {
			isn = -uint32(r.IntN(len(whole) + 1)) // wraps on the way
		}
		k := newSink(t)
		s := New(k.take)
		synAt := 0
		if seed%4 == 1 {
			synAt = r.IntN(min(len(sent), maxEarly-1) + 1) // the SYN comes late, too
		}
		for i, g := range sent {
			if i == synAt {
				s.Begin(isn)
			}
			s.Segment(isn+uint32(g.at), bytes.Clone(g.data), 0, false, i, time.Time{})
		}
		s.Begin(isn)
		s.Flush()
		if !bytes.Equal(k.data, whole) || k.lost > 0 {
			t.Fatalf("seed %d: %d bytes, %d lost, want %d", seed, len(k.data), k.lost, len(whole))
		}
		for i, packet := range k.from {
			if g := sent[packet]; i < g.at || i >= g.at+len(g.data) {
				t.Fatalf("seed %d: byte %d is said to be of packet %d", seed, i, packet)
			}
		}
		c := s.Counts()
		total := 0
		for _, g := range sent {
			total += len(g.data)
		}
		if c.Delivered != int64(len(whole)) || c.Delivered+c.Repeated != int64(total) || c.Conflicts != 0 || s.Held() != 0 {
			t.Fatalf("seed %d: %+v, held %d, %d were sent", seed, c, s.Held(), total)
		}
	}
}

// With segments missing, cut short or told twice differently, every byte up to the
// last is still delivered or lost, once.
func TestHoles(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 2))
		size := 1 + r.IntN(30_000)
		isn := r.Uint32()
		k := newSink(t)
		s := New(k.take)
		begun := seed%2 == 0
		if begun {
			s.Begin(isn)
		}
		there := make([]bool, size)
		first, last := size, 0
		for i := range 1 + r.IntN(200) {
			at := r.IntN(size)
			n := min(1+r.IntN(1500), size-at)
			missing := 0
			if r.IntN(4) == 0 {
				missing = r.IntN(n)
			}
			data := bytes.Repeat([]byte{byte(1 + r.IntN(255))}, n-missing)
			for j := range data {
				there[at+j] = true
			}
			first, last = min(first, at), max(last, at+n)
			s.Segment(isn+uint32(at), data, missing, false, i, time.Time{})
			if s.Held() > MaxHeld+1500 {
				t.Fatalf("seed %d: %d bytes held", seed, s.Held())
			}
		}
		s.Flush()
		c := s.Counts()
		if c.Delivered+c.Lost != k.next || s.Held() != 0 {
			t.Fatalf("seed %d: %+v, %d in all", seed, c, k.next)
		}
		if begun && k.next != int64(last) {
			t.Fatalf("seed %d: it ends at %d, want %d", seed, k.next, last)
		}
		for i, b := range k.data {
			if b != 0 && begun && !there[i] {
				t.Fatalf("seed %d: byte %d was never sent", seed, i)
			}
		}
	}
}

// What waits is bounded, and given up from the front.
func TestHeldIsBounded(t *testing.T) {
	k := newSink(t)
	s := New(k.take)
	s.Begin(0)
	data := bytes.Repeat([]byte{1}, 1000)
	for i := range 5000 {
		s.Segment(uint32(1+i*1000), data, 0, false, i, time.Time{})
		if s.Held() > MaxHeld {
			t.Fatal(s.Held())
		}
	}
	if k.lost != 1 || k.next != 1+5000*1000 {
		t.Errorf("%d lost, %d in all", k.lost, k.next)
	}
}

// A stream whose beginning was not seen begins with its earliest byte.
func TestMiddle(t *testing.T) {
	k := newSink(t)
	s := New(k.take)
	s.Segment(1010, []byte("klm"), 0, false, 1, time.Time{})
	s.Segment(1000, []byte("abcdefghij"), 0, false, 2, time.Time{})
	s.Segment(1013, nil, 0, true, 3, time.Time{})
	if len(k.data) > 0 || s.Finished() {
		t.Error("too early")
	}
	s.Flush()
	if string(k.data) != "abcdefghijklm" || !s.Finished() || k.from[9] != 2 || k.from[10] != 1 || !k.starts[10] || k.starts[5] {
		t.Errorf("%q, finished %v, packets %v, starts %v", k.data, s.Finished(), k.from, k.starts)
	}
}

// Bytes that come twice and differ are counted; the first are delivered.
func TestConflict(t *testing.T) {
	k := newSink(t)
	s := New(k.take)
	s.Begin(0)
	s.Segment(2, []byte("cd"), 0, false, 1, time.Time{})
	s.Segment(1, []byte("bXd"), 0, false, 2, time.Time{})
	s.Segment(0, []byte("a"), 0, false, 3, time.Time{})
	if c := s.Counts(); string(k.data) != "abcd" || c.Conflicts != 2 || c.Repeated != 2 {
		t.Errorf("%q, %+v", k.data, c)
	}
}

// What is missing at the end is told as well: before a FIN, and before the place that the
// receiver has acknowledged or the sender goes on from.
func TestHoleAtTheEnd(t *testing.T) {
	isn := uint32(0xfffffffe) // sequence numbers wrap
	for _, test := range []struct {
		name string
		then func(s *Stream)
		lost int64
	}{
		{"nothing", func(*Stream) {}, 0},
		{"FIN", func(s *Stream) { s.Segment(isn+3, nil, 0, true, 9, time.Time{}) }, 0},
		{"FIN, some bytes on", func(s *Stream) { s.Segment(isn+10, nil, 0, true, 9, time.Time{}) }, 7},
		{"FIN with data, some bytes on", func(s *Stream) { s.Segment(isn+10, []byte("xyz"), 0, true, 9, time.Time{}) }, 7},
		{"FIN with data that was cut off", func(s *Stream) { s.Segment(isn+3, nil, 5, true, 9, time.Time{}) }, 5},
		{"acknowledged", func(s *Stream) { s.Reached(isn+3, 9, time.Time{}) }, 0},
		{"a FIN that is not there acknowledged", func(s *Stream) { s.Reached(isn+4, 9, time.Time{}) }, 0},
		{"more acknowledged", func(s *Stream) { s.Reached(isn+11, 9, time.Time{}) }, 7},
		{"more acknowledged, then less", func(s *Stream) { s.Reached(isn+11, 9, time.Time{}); s.Reached(isn+2, 10, time.Time{}) }, 7},
		{"acknowledged before it comes", func(s *Stream) {
			s.Reached(isn+6, 8, time.Time{})
			s.Segment(isn+3, []byte("def"), 0, false, 9, time.Time{})
		}, 0},
		{"more acknowledged than there can be", func(s *Stream) { s.Reached(isn+1<<30+3, 9, time.Time{}) }, 0},
	} {
		k := newSink(t)
		s := New(k.take)
		s.Begin(isn)
		s.Segment(isn, []byte("abc"), 0, false, 1, time.Time{})
		test.then(s)
		s.Flush()
		if k.lost != test.lost || s.Counts().Lost != test.lost || test.lost > 0 && k.from[3] != 9 {
			t.Errorf("%s: %d lost, want %d", test.name, k.lost, test.lost)
		}
	}
}

package fuzz_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
)

// decoderEnd is an end of a connection that has nothing but a Decoder.
type decoderEnd struct {
	d       conn.Decoder
	in      conn.Inflater
	limits  conn.Limits
	rooms   []byte // for output of decompression, in turn
	general bool   // it does not look for messages of one frame
	discard bool   // it wants no messages

	buf          []byte
	engine       *conn.InflateEngine
	partial      []byte
	packed       bool
	messages     []message
	pings, pongs []string
	received     *farewell
	refused      error
	turns        int
}

func (s setup) decoder(sizes []byte) *decoderEnd {
	e := &decoderEnd{
		limits:  conn.Limits{Frame: s.receiver.frame, Message: s.receiver.message, Fragments: s.receiver.fragments},
		rooms:   sizes,
		general: s.trace,
		discard: s.receiver.unread,
	}
	e.d.Init(frame.Expectation{Masked: s.receiver.fromClient, RSV1: s.receiver.deflate})
	bits := 0
	for 1<<bits < s.receiver.window {
		bits++
	}
	e.in = conn.NewInflater(conn.Terms{WindowBits: bits, Takeover: s.receiver.takeover})
	if e.discard {
		e.d.Discard()
	}
	return e
}

// events are what has come of the bytes.
func (e *decoderEnd) events() string {
	return fmt.Sprintf("%v %q %q %v %d %.20s", e.messages, e.pings, e.pongs, e.received, e.code(), what(e.refused))
}

// count is how many events there were.
func (e *decoderEnd) count() int {
	n := len(e.messages) + len(e.pings) + len(e.pongs)
	if e.over() {
		n++
	}
	return n
}

func (e *decoderEnd) over() bool { return e.refused != nil || e.received != nil }

func (e *decoderEnd) code() int {
	if v, ok := errors.AsType[*frame.Violation](e.refused); ok {
		return int(v.Code)
	} else if e.refused != nil {
		return int(conn.CodeTooBig)
	}
	return 0
}

// what names the limit that was exceeded.
func what(err error) string {
	if exceeded, ok := errors.AsType[*conn.Exceeded](err); ok {
		return exceeded.What
	}
	return ""
}

func (e *decoderEnd) refuse(v *frame.Violation) {
	if v != nil {
		e.refused = v
	}
}

// feed takes the next bytes of the stream. They are a copy: what is beyond them, or was
// taken, must not matter.
func (e *decoderEnd) feed(t *testing.T, p []byte) {
	e.buf = slices.Concat(e.buf, p)
	for e.turns = 0; !e.over(); e.turns++ {
		if e.turns > 1<<17 {
			t.Fatal("it does not end")
		}
		if !e.step() {
			return
		}
	}
}

// step does what comes next. It reports false when more bytes are needed.
func (e *decoderEnd) step() bool {
	switch {
	case e.d.AtHeader() || e.discard:
		return e.single() || e.next()
	case e.d.Compressed():
		return e.inflate()
	}
	p := e.buf[:min(e.d.Left(), uint64(len(e.buf)))]
	e.buf = e.buf[len(p):]
	if e.refuse(e.d.Open(p)); e.refused == nil {
		e.partial = append(e.partial, p...)
	}
	return e.refused == nil && e.d.Left() == 0 && e.endFrame()
}

func (e *decoderEnd) endFrame() bool {
	op := e.d.Message()
	last, v := e.d.EndFrame()
	if e.refuse(v); v == nil && last {
		e.deliver(op)
	}
	return v == nil
}

func (e *decoderEnd) deliver(op frame.Opcode) {
	e.messages = append(e.messages, message{int(op), string(e.partial)})
	e.partial, e.packed = nil, false
}

func (e *decoderEnd) single() bool {
	if e.general || e.discard {
		return false
	}
	op, p, n := e.d.Single(e.buf, e.limits)
	if n == 0 {
		return false
	}
	e.buf = e.buf[n:]
	out, v := e.d.AppendSingle([]byte{1, 2, 3}, op, p)
	if e.refuse(v); v == nil {
		e.partial = out[3:]
		e.deliver(op)
	}
	return true
}

func (e *decoderEnd) next() bool {
	f, n, err := e.d.Next(e.buf, e.limits)
	e.buf = e.buf[n:]
	if e.refused = err; err != nil || n == 0 {
		return false
	}
	switch payload := string(f.Payload); f.Opcode {
	case frame.Ping:
		e.pings = append(e.pings, payload)
	case frame.Pong:
		e.pongs = append(e.pongs, payload)
	case frame.Close:
		code, reason, v := frame.ParseClose(f.Payload)
		if e.refuse(v); v == nil {
			e.received = &farewell{int(code), string(reason)}
		}
	}
	return true
}

func (e *decoderEnd) inflate() bool {
	if !e.packed {
		e.packed, e.engine = true, new(conn.InflateEngine)
		e.d.Lend(e.engine, &e.in)
	}
	room := max(1<<10, len(e.partial))
	if len(e.rooms) > 0 && e.turns < 1<<8 {
		room = 1 + int(e.rooms[e.turns%len(e.rooms)])
	}
	n := len(e.partial)
	e.partial = slices.Grow(e.partial, room)
	out, used, status, err := e.d.Inflate(e.partial[:n:n+room], 0, e.buf, e.limits)
	e.partial, e.buf = e.partial[:len(out)], e.buf[used:]
	if e.refused = err; err != nil {
		return false
	}
	switch status {
	case conn.InflateEnd:
		op := e.d.Message()
		if e.refuse(e.d.EndInflated(out)); e.refused == nil {
			e.deliver(op)
		}
	case conn.InflateInput:
		return e.d.Left() == 0 && !e.d.AtHeader() && e.endFrame() || e.d.AtHeader() && e.d.Compressed() && e.next()
	}
	return true
}

// check compares what came of the bytes with what has to.
func (e *decoderEnd) check(t *testing.T, s setup, v verdict, how string) (excused bool) {
	t.Helper()
	violation, _ := errors.AsType[*frame.Violation](e.refused)
	if violation != nil && explained(v, violation, s.receiver.window) {
		if n := len(e.messages); n > len(v.messages) || !slices.Equal(e.messages, v.messages[:n]) || violation.Code != 1007 {
			t.Errorf("%v, %s: %v, messages %.200q, want the beginning of %.200q", s, how, violation, e.messages, v.messages)
		}
		return true
	}
	want := decoderEnd{messages: v.messages, pings: v.pings, pongs: v.pongs, received: v.received}
	got := fmt.Sprintf("%s%d %s", want.events(), v.fail, v.limit)
	mine := *e
	mine.refused = nil
	if have := fmt.Sprintf("%s%d %s", mine.events(), e.code(), what(e.refused)); have != got {
		t.Errorf("%v, %s: %s, want %s (%v)", s, how, have, got, e.refused)
	}
	// compress/flate may need a byte more to say the same.
	if !v.over() && !e.discard && !bytes.Equal(e.partial, v.partial) && !(v.packed && bytes.HasPrefix(e.partial, v.partial)) {
		t.Errorf("%v, %s: of a message without its end %.100q, want %.100q", s, how, e.partial, v.partial)
	}
	return false
}

// FuzzDecoder: a Decoder makes of a stream what the oracle makes of it, however the stream
// is cut, at once and byte by byte, by its fast path and without, with any room for output.
// Of every prefix it makes what it has made by then of the bytes one by one; and it
// refuses a stream with the byte that shows what is wrong, not before and not later.
func FuzzDecoder(f *testing.F) {
	streams := seeds.Streams()
	seeds.Need(f, streams, 100)
	for i, stream := range streams {
		bits := uint32(i%manners)<<bitsManner | uint32(i%2)<<bitTrace
		if i%5 == 0 {
			bits |= uint32(i/5%64) << bitsFrame
		}
		if !stream.FromClient {
			bits |= 1 << bitClient
		}
		if stream.Deflate {
			bits |= 1 << bitDeflate
		}
		f.Add(bits, []byte{byte(i % 11), 0, byte(i)}, []byte{byte(i), 6, 1}, stream.Data)
	}
	for i, recipe := range recipes {
		for bits := range uint32(4) { // role, compression
			f.Add(bits|1<<bitRecipe|uint32(i)<<bitsManner, []byte{4, 1}, []byte{20, 1}, []byte(recipe))
		}
	}
	f.Fuzz(func(t *testing.T, bits uint32, pieces, sizes, stream []byte) {
		s := setUp(bits)
		if s.receiver.unread { // the Decoder discards from the beginning, and knows no limit
			s.receiver.frame, s.receiver.message, s.receiver.fragments = 0, 0, 0
		}
		if s.recipe {
			stream = cook(stream, s.receiver.fromClient)
		}
		s.decodes(t, stream[:min(len(stream), longest)], pieces, sizes)
		if t.Failed() {
			t.Logf("the stream: %x", stream)
		}
	})
}

// decodes is what FuzzDecoder says of a stream.
func (s setup) decodes(t *testing.T, stream, pieces, sizes []byte) {
	v := s.receiver.judge(stream)
	if v.unsure {
		return
	}
	play := func(how string, v verdict, sizes []byte, parts func(yield func([]byte) bool)) bool {
		e := s.decoder(sizes)
		for p := range parts {
			e.feed(t, p)
		}
		return e.check(t, s, v, how)
	}
	explained := play("at once", v, nil, cut(stream, nil))
	if play("in pieces", v, sizes, cut(stream, pieces)) != explained {
		t.Errorf("%v: an explained refusal in one way only", s)
	}
	byByte := s.decoder(sizes)
	// Every prefix, but of long streams and of those that say much some do.
	size := len(stream) + len(v.partial)
	for _, m := range v.messages {
		size += len(m.data)
	}
	every := 1 + len(stream)*size>>18
	for i := range stream {
		before := byByte.count()
		byByte.feed(t, stream[i:i+1])
		if i%every == 0 || byByte.count() != before {
			prefix := s.decoder(nil)
			if prefix.feed(t, stream[:i+1]); prefix.events() != byByte.events() {
				t.Errorf("%v: of %d bytes %s at once, %s one by one", s, i+1, prefix.events(), byByte.events())
			}
		}
	}
	if byByte.check(t, s, v, "byte by byte"); explained || !v.over() {
		return
	}
	play("no more than it takes", v, nil, cut(stream[:v.at], nil))
	if !v.packed { // compress/flate may need a byte more
		play("one byte less than it takes", s.receiver.judge(stream[:v.at-1]), nil, cut(stream[:v.at-1], nil))
	}
}

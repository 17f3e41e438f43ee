package h2

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Streams take turns by the frame, and a single one may use all of them.
func TestTurns(t *testing.T) {
	r := settled(t, Client, Config{}, uint32(SettingMaxFrameSize), 20000)
	r.hears("a window", update(0, 1<<20))
	a, b, c := r.opened(), r.opened(), r.opened()
	big := bytes.Repeat([]byte("a"), 30000)
	r.Send(a, &Chunk{Head: big})
	sizes := func() (line string) {
		for _, f := range r.output() {
			at := strings.Index(f, ` "`)
			line += fmt.Sprintf("%s:%d ", f[5:at], len(strings.Trim(f[at:], ` "`)))
		}
		return line
	}
	if got := sizes(); got != "1:20000 1:10000 " {
		t.Errorf("alone: %s", got)
	}
	r.Send(a, &Chunk{Head: big[:10000]})
	r.Send(b, &Chunk{Head: big[:5000]})
	r.Send(c, &Chunk{Head: big[:10]})
	r.Send(c, &Chunk{Head: big[:20]})
	if got := sizes(); got != "1:4096 3:4096 5:10 1:4096 3:904 5:20 1:1808 " {
		t.Errorf("together: %s", got)
	}
}

// TrySend does not overtake what waits for room, however little it has.
func TestTrySendWaitsItsTurn(t *testing.T) {
	r := settled(t, Client, Config{})
	a, b := r.opened(), r.opened()
	if n := r.TrySend(a, make([]byte, dataLimit-3*FrameHeaderSize-100), nil); n != dataLimit-3*FrameHeaderSize-100 {
		t.Fatal(n)
	}
	r.Send(a, &Chunk{Head: make([]byte, 1000)})
	if n := r.TrySend(b, []byte("a few bytes"), nil); n != 0 || r.outbox.room(11) != 11 {
		t.Errorf("%d bytes overtake", n)
	}
	r.flush()
	if n := r.TrySend(b, []byte("a few bytes"), nil); n != 11 {
		t.Errorf("%d bytes are sent", n)
	}
	r.output()
}

// Of every chunk it is known how much of it is framed and how much is on the wire.
func TestChunkOffsets(t *testing.T) {
	r := settled(t, Client, Config{}, uint32(SettingInitialWindow), 1<<20)
	r.hears("a window", update(0, 1<<20))
	a := r.opened()
	big := bytes.Repeat([]byte("a"), 50000)
	chunks := []*Chunk{{Head: big[:3], Tail: big[:7]}, {Tail: big}, {Head: []byte("last")}}
	for _, c := range chunks {
		r.Send(a, c)
	}
	where := func() (line string) {
		for _, c := range chunks {
			line += fmt.Sprintf("%d/%d/%d ", c.Sent(), c.Framed(), c.Size())
		}
		return line
	}
	advance := func(n int) {
		t.Helper()
		p := r.Pending()
		r.wire.Write(p[:n])
		r.Advance(n)
	}
	want := func(why, line string, done ...*Chunk) {
		t.Helper()
		if got := r.Done(); !slices.Equal(got, done) || where() != line {
			t.Errorf("%s: %s, want %s; %d are done", why, where(), line, len(got))
		}
	}
	want("queued", "0/0/10 0/0/50000 0/0/4 ")
	size := len(r.Pending())
	if size > dataLimit || size < dataLimit-minRoom {
		t.Errorf("%d bytes are pending", size)
	}
	framed := size - 3*FrameHeaderSize - 10
	want("framed", fmt.Sprintf("0/10/10 0/%d/50000 0/0/4 ", framed))
	advance(FrameHeaderSize)
	want("a header", fmt.Sprintf("0/10/10 0/%d/50000 0/0/4 ", framed))
	advance(4)
	want("four bytes", fmt.Sprintf("4/10/10 0/%d/50000 0/0/4 ", framed))
	p := r.Pending()
	r.wire.Write(p[:6])
	r.Advance(6)
	if chunks[0].Sent() != 10 {
		t.Errorf("all of the first: %s", where())
	}
	if done := r.Done(); len(done) != 1 || done[0] != chunks[0] {
		t.Errorf("done: %v", done)
	}
	for len(r.Pending()) > 0 {
		n := min(len(r.Pending()), 777)
		advance(n)
	}
	want("everything", "10/10/10 50000/50000/50000 4/4/4 ", chunks[1:]...)
	total := 0
	for _, line := range r.output() {
		total += strings.Count(line, "a") + strings.Count(line, "last")*3
	}
	if total < 50014-4 {
		t.Errorf("%d bytes have come", total)
	}
}

// What is not framed is taken back; what is framed is counted.
func TestRetract(t *testing.T) {
	r := settled(t, Client, Config{}, uint32(SettingInitialWindow), 5)
	a := r.opened()
	c := []*Chunk{{Head: []byte("0123456789")}, {Head: []byte("second")}, {Head: []byte("third")}, {Head: []byte("fourth")}}
	for _, c := range c {
		r.Send(a, c)
	}
	p := r.Pending() // five bytes of the first
	r.Advance(FrameHeaderSize + 2)
	r.wire.Write(p)
	if n := r.Retract(c[2]); n != 0 {
		t.Errorf("the third: %d", n)
	}
	if n := r.Retract(c[0]); n != 5 || c[0].Sent() != 2 {
		t.Errorf("the first: %d, %d", n, c[0].Sent())
	}
	if n := r.Retract(c[0]); n != 5 {
		t.Errorf("again: %d", n)
	}
	if n := r.Retract(c[3]); n != 0 {
		t.Errorf("the last: %d", n)
	}
	r.Send(a, &Chunk{Head: []byte("fifth")})
	r.Advance(len(p) - FrameHeaderSize - 2)
	r.hears("a window", update(1, 100))
	r.writes("the others", `DATA 1 "01234"`, `DATA 1 "second"`, `DATA 1 "fifth"`)
	if done := r.Done(); len(done) != 2 || done[0] != c[1] || c[0].Sent() != 2 {
		t.Errorf("done: %d", len(done))
	}
	if n := r.Retract(c[1]); n != 6 {
		t.Errorf("what is done: %d", n)
	}

	// The end does not wait for what was taken back.
	r.hears("no window", settingsOf(4, 0), "settled")
	b := r.opened()
	last := &Chunk{Head: []byte("x")}
	r.Send(b, last)
	r.End(b)
	r.writes("nothing")
	r.Retract(last)
	r.writes("the end", `DATA 3 "" end`)

	d := r.opened()
	r.Send(d, last)
	r.End(d)
	r.hears("a violation", raw(TypePing, 0, 5, make([]byte, 8)...), "broken PROTOCOL_ERROR 6.7")
	r.Retract(last)
	r.writes("nothing behind the last words", "GOAWAY 0 PROTOCOL_ERROR")
}

// A stream that is over leaves its chunks to nobody.
func TestResetDropsChunks(t *testing.T) {
	for _, byPeer := range []string{"peer", "us", "peer, with an end that waits"} {
		r := settled(t, Client, Config{}, uint32(SettingInitialWindow), 12)
		a, b := r.opened(), r.opened()
		c := []*Chunk{{Head: []byte("0123456")}, {Head: []byte("789abcdef")}, {Head: []byte("x")}}
		for _, c := range c {
			r.Send(a, c)
		}
		other := &Chunk{Head: []byte("of b")}
		r.Send(b, other)
		p := r.Pending()
		r.wire.Write(p[:FrameHeaderSize+3])
		r.Advance(FrameHeaderSize + 3)
		switch byPeer {
		case "peer":
			r.hears("a reset", resetOf(1, Cancel), "reset by peer 1 CANCEL")
		case "us":
			r.Reset(a, Cancel)
		default:
			r.End(a)
			r.hears("a reset", resetOf(1, Cancel), "reset by peer 1 CANCEL")
		}
		r.flush()
		if done := r.Done(); len(done) != 1 || done[0] != other {
			t.Errorf("%s: done %d", byPeer, len(done))
		}
		if got := fmt.Sprint(c[0].Sent(), c[0].Framed(), c[1].Framed(), r.Retract(c[1]), r.Retract(c[0]), r.Retract(c[2])); got != "3 7 5 5 7 0" {
			t.Errorf("%s: %s", byPeer, got)
		}
		if len(r.outbox.pieces) != 0 || r.ring.front != nil || a.first != nil {
			t.Errorf("%s: something is left", byPeer)
		}
		want := []string{`DATA 1 "0123456"`, `DATA 3 "of b"`, `DATA 1 "789ab"`}
		if byPeer == "us" {
			want = append(want, "RST_STREAM 1 CANCEL")
		}
		r.writes(byPeer, want...)
	}
}

// Chunks that are framed when both have ended are still reported.
func TestDoneAfterTheEnd(t *testing.T) {
	r := settled(t, Client, Config{})
	a := r.opened()
	c := &Chunk{Head: []byte("x")}
	r.Send(a, c)
	r.End(a)
	r.Pending()
	r.hears("the peer's end", dataFrame(1, FlagEndStream, ""), "ended 1")
	if a.State() != Closed {
		t.Fatal(a.State())
	}
	r.Release(a)
	r.flush()
	if done := r.Done(); len(done) != 1 || done[0] != c || r.InUse() != 0 {
		t.Errorf("done: %d", len(done))
	}
}

// The order of the calls of a shell with a write under way: what Pending has returned stays.
func TestPendingStays(t *testing.T) {
	r := settled(t, Client, Config{})
	a := r.opened()
	r.TrySend(a, []byte("first"), nil)
	p := r.Pending()
	was := bytes.Clone(p)
	r.TrySend(a, bytes.Repeat([]byte("x"), 5000), nil)
	r.Ping([8]byte{1})
	if !bytes.Equal(p, was) || cap(p) != len(p) {
		t.Error("it has changed")
	}
	r.wire.Write(p)
	r.Advance(len(p))
	if out := r.output(); len(out) != 3 {
		t.Errorf("%.300q", out)
	}
	// A buffer that is never empty does not grow.
	for range 100 {
		r.hears("windows", slices.Concat(update(0, 20000), update(1, 20000)))
		r.TrySend(a, bytes.Repeat([]byte("y"), 20000), nil)
		r.Pending()
		r.Advance(min(r.outbox.pending()-1, 19000))
	}
	if cap(r.outbox.buf) > 4*dataLimit {
		t.Errorf("a buffer of %d bytes", cap(r.outbox.buf))
	}
	// Nor does the list of what is in it.
	r.flush()
	r.Ping([8]byte{})
	for range 1000 {
		r.hears("windows", slices.Concat(update(0, 10), update(1, 10)))
		r.Send(a, &Chunk{Head: make([]byte, 10)})
		r.Pending()
		r.Advance(min(r.outbox.pending()-1, 10+FrameHeaderSize))
		r.now = r.now.Add(1e9)
	}
	if cap(r.outbox.pieces) > 16 {
		t.Errorf("%d pieces are kept", cap(r.outbox.pieces))
	}
}

func TestBufferIsLent(t *testing.T) {
	r := settled(t, Client, Config{})
	r.Ping([8]byte{})
	if r.TakeBuffer() != nil {
		t.Error("a buffer that is in use was taken")
	}
	r.GiveBuffer(make([]byte, 10)) // has one
	r.flush()
	buf := r.TakeBuffer()
	if buf == nil || r.outbox.buf != nil {
		t.Fatal("it has no buffer, or keeps it")
	}
	r.GiveBuffer(buf)
	r.Ping([8]byte{})
	r.flush()
	if again := r.TakeBuffer(); &again[:1][0] != &buf[:1][0] {
		t.Error("it is another one")
	}
	r.wire.Reset()
}

package fuzz_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/naive"
)

// FuzzOutbox: frames in any order, written in any pieces, held, claimed and taken back by
// any of their callers. What package naive reads from the wire is what a list of frames
// says: each that was not dropped, whole, once, in order, and never two messages mixed.
// A frame that is done is on the wire; one that is dropped is not, not even in part.
func FuzzOutbox(f *testing.F) {
	for _, ops := range [][]byte{
		{0, 5, 9, 0, 8, 3, 9, 255},
		{0, 5, 0, 200, 8, 7, 10, 2, 9, 255},
		{1, 3, 4, 4, 1, 9, 9, 255, 2, 7, 8, 255},
		{3, 0, 3, 255, 5, 1, 9, 40, 10, 1, 3, 3},
		{6, 4, 6, 4, 7, 4, 8, 3, 10, 255, 4, 0},
		{11, 200, 9, 100, 10, 3, 8, 255, 12, 0, 9, 1},
	} {
		f.Add(ops, true)
		f.Add(ops, false)
	}
	f.Fuzz(func(t *testing.T, ops []byte, masked bool) {
		if len(ops) > 400 {
			return
		}
		b := newOutboxModel(t, masked)
		for ; len(ops) >= 2 && !b.lost; ops = ops[2:] {
			b.do(ops[0]%13, int(ops[1]))
		}
		b.finish()
	})
}

// outboxModel is an Outbox with its oracle: the frames in order.
type outboxModel struct {
	t    *testing.T
	role conn.Role
	box  conn.Outbox
	wire []byte
	keys uint32

	list    []*modelFrame // those with a place in the stream, in order
	waiting []*modelFrame // those that were taken back
	pongs   conn.PongQueue
	message uint32 // whose first fragment is in list and whose last is not
	number  uint32 // of the last fragmented message
	closed  bool
	lost    bool
	made    int
}

// modelFrame is a frame, and what became of it. Its size is in bytes on the wire.
type modelFrame struct {
	conn.OutFrame
	size    int
	claimed bool // somebody waits for it
	fixed   bool // it cannot be taken back
}

func newOutboxModel(t *testing.T, masked bool) *outboxModel {
	b := &outboxModel{t: t, role: conn.Server}
	if masked {
		b.role = conn.Client
	}
	b.box.Init(b.role, 0)
	return b
}

func (b *outboxModel) key() frame.Key {
	if !b.role.Masks() {
		return 0
	}
	b.keys++
	return frame.Key(b.keys * 0x9E3779B1)
}

// frame makes a frame whose payload tells it from the others. How long it is grows with
// the cube of n, up to 80,000 bytes.
func (b *outboxModel) frame(op frame.Opcode, fin bool, n int) *modelFrame {
	b.made++
	payload := []byte(fmt.Sprintf("%d.", b.made))
	if n = n * n * n / 200; op.IsControl() {
		n = min(n, frame.MaxControlPayload-len(payload))
	}
	payload = append(payload, bytes.Repeat([]byte{byte(b.made)}, n)...)
	f := &modelFrame{OutFrame: conn.OutFrame{Header: frame.Header{Opcode: op, FIN: fin}, Payload: payload}, claimed: true}
	f.size = len(naive.Encode(f.naive(b.role.Masks())))
	return f
}

func (f *modelFrame) naive(masked bool) naive.Frame {
	return naive.Frame{Opcode: byte(f.Header.Opcode), FIN: f.Header.FIN, RSV1: f.Header.RSV1, Masked: masked, Payload: f.Payload}
}

// do plays one operation.
func (b *outboxModel) do(op byte, n int) {
	switch op {
	case 0:
		b.append(b.frame(frame.Binary, true, n))
	case 1: // a fragment: the first, or one more
		b.append(b.fragment(false, n))
	case 2:
		b.append(b.fragment(true, n))
	case 3:
		b.append(b.frame(frame.Ping, true, n))
	case 4: // pongs wait for their room
		for range n%20 + 1 {
			f := b.frame(frame.Pong, true, n)
			b.pongs.Add(f.Payload)
		}
	case 5:
		b.appendPongs()
	case 6:
		b.single(n, true)
	case 7:
		b.single(n, false)
	case 8, 9:
		b.write(n * n)
	case 10:
		b.retract(n)
	case 11:
		if !b.role.Masks() {
			f := b.frame(frame.Binary, true, n)
			f.Framed = naive.Encode(f.naive(false))
			b.append(f)
		}
	case 12:
		if n == 0 && !b.closed { // Close, once
			f := b.frame(frame.Close, true, 0)
			f.Payload = nil
			f.size = len(naive.Encode(f.naive(b.role.Masks())))
			b.append(f)
		} else {
			b.hold()
		}
	}
}

func (b *outboxModel) fragment(fin bool, n int) *modelFrame {
	op := frame.Continuation
	if b.message == 0 {
		b.number++
		op = frame.Text
	}
	f := b.frame(op, fin, n)
	f.Message = b.number
	if f.Header.FIN && op == frame.Text {
		f.Message = 0 // whole
	}
	return f
}

// append encodes what was taken back, and then f, as far as that may go.
func (b *outboxModel) append(f *modelFrame) {
	if b.closed {
		return
	}
	b.waiting = append(b.waiting, f)
	b.encode()
	if i := slices.Index(b.waiting, f); i >= 0 { // there is no room, or it would be in the middle of another message
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
}

func (b *outboxModel) encode() {
	for len(b.waiting) > 0 && b.box.HasRoom() {
		f := b.waiting[0]
		want := b.message == 0 || f.Message == b.message || f.Header.Opcode.IsControl()
		if b.box.Admits(&f.OutFrame) != want {
			b.t.Fatalf("%v of message %d, in message %d, is admitted: %t", f.Header, f.Message, b.message, !want)
		}
		if !want {
			return
		}
		b.waiting = b.waiting[1:]
		b.box.Append(&f.OutFrame, b.key())
		b.place(f)
		if f.Header.Opcode == frame.Close {
			b.closed = true
			b.fix()
		}
	}
}

// place puts f behind the others.
func (b *outboxModel) place(f *modelFrame) {
	b.list = append(b.list, f)
	b.message = messageBehind(b.list)
}

func messageBehind(list []*modelFrame) uint32 {
	for _, f := range slices.Backward(list) {
		if f.Message != 0 && !f.Header.FIN {
			return f.Message
		}
		if f.Message != 0 {
			return 0
		}
	}
	return 0
}

// fix says that what is encoded cannot be taken back.
func (b *outboxModel) fix() {
	for _, f := range b.list {
		f.fixed = true
	}
}

func (b *outboxModel) appendPongs() {
	for b.pongs.Len() > 0 && !b.closed && b.box.HasRoom() {
		payload := bytes.Clone(b.pongs.Next())
		h := b.box.AppendPong(payload, b.key())
		f := &modelFrame{OutFrame: conn.OutFrame{Header: h, Payload: payload}}
		f.size = len(naive.Encode(f.naive(b.role.Masks())))
		b.place(f)
		b.fix()
	}
}

// single is the short way. Its message is held, or somebody waits for it.
func (b *outboxModel) single(n int, hold bool) {
	if b.closed || len(b.waiting) > 0 {
		return
	}
	f := b.frame(frame.Binary, true, n)
	size := b.box.AppendSingle(frame.Binary, f.Payload, b.key())
	if size == 0 {
		return
	}
	if size != f.size {
		b.t.Fatalf("%d bytes for %d", size, f.size)
	}
	if b.message != 0 || slices.ContainsFunc(b.unsent(), func(f *modelFrame) bool { return f.claimed }) {
		b.t.Fatal("a message went past others")
	}
	b.place(f)
	if hold && b.box.Hold(nil) {
		f.claimed = false
		b.fix()
		return
	}
	b.box.Claim(&f.OutFrame, size)
}

// hold has the last frame be held, if it may.
func (b *outboxModel) hold() {
	frames := b.box.Frames()
	if len(frames) == 0 {
		return
	}
	last := b.list[len(b.list)-1]
	if !b.box.Hold(&last.OutFrame) {
		return
	}
	if !b.box.Holding() || len(frames) != 1 {
		b.t.Fatal("held, and it does not hold")
	}
	if at := b.bytesBefore(last); slices.ContainsFunc(b.unsent(), func(f *modelFrame) bool { return f.Header.Opcode == frame.Pong }) || at < len(b.wire) {
		b.t.Fatal("a pong or half a frame is held")
	}
	last.claimed = false
	b.fix()
}

// unsent are the frames that are not on the wire whole.
func (b *outboxModel) unsent() []*modelFrame {
	at := 0
	for i, f := range b.list {
		if at += f.size; at > len(b.wire) {
			return b.list[i:]
		}
	}
	return nil
}

func (b *outboxModel) write(n int) {
	head, tail := b.box.Pending()
	inHead := min(n, len(head))
	inTail := min(n-inHead, len(tail))
	b.wire = append(append(b.wire, head[:inHead]...), tail[:inTail]...)
	b.box.Advance(inHead + inTail)
	b.done()
}

// done has every frame that is on the wire be done, and no other.
func (b *outboxModel) done() {
	var want []*conn.OutFrame
	at := 0
	for _, f := range b.list {
		if at += f.size; at <= len(b.wire) && f.claimed {
			want = append(want, &f.OutFrame)
			f.claimed = false
		}
	}
	if got := b.box.Done(); !slices.Equal(got, want) {
		b.t.Fatalf("%d frames are done, want %d", len(got), len(want))
	}
	var waits []*conn.OutFrame
	for _, f := range b.list {
		if f.claimed {
			waits = append(waits, &f.OutFrame)
		}
	}
	if !slices.Equal(b.box.Frames(), waits) {
		b.t.Fatalf("%d frames are waited for, want %d", len(b.box.Frames()), len(waits))
	}
}

// retract has the callers of some frames give up.
func (b *outboxModel) retract(who int) {
	frames := slices.Clone(b.box.Frames())
	gone := func(f *conn.OutFrame) bool { return who&(1<<(slices.Index(frames, f)%8)) != 0 }
	unsent := b.unsent()
	keep := len(b.list)
	at := len(b.wire)
	for begin := b.bytes(); keep > 0; keep-- {
		f := b.list[keep-1]
		if begin -= f.size; begin < at || f.fixed {
			break
		}
	}
	var lost *conn.OutFrame
	for _, f := range unsent {
		if f.claimed && (b.bytesBefore(f) < at || f.Header.Opcode == frame.Close) && gone(&f.OutFrame) {
			lost = &f.OutFrame
			break
		}
	}
	dropped, again, gotLost := b.box.Retract(gone)
	if gotLost != lost {
		b.t.Fatalf("lost %p, want %p", gotLost, lost)
	}
	if b.lost = lost != nil; b.lost {
		return
	}
	var wantDropped, wantAgain []*conn.OutFrame
	var wait []*modelFrame
	broken := false
	for _, f := range b.list[keep:] {
		if gone(&f.OutFrame) {
			wantDropped = append(wantDropped, &f.OutFrame)
			broken = broken || f.Message != 0
		} else {
			wantAgain = append(wantAgain, &f.OutFrame)
			wait = append(wait, f)
		}
	}
	if !slices.Equal(dropped, wantDropped) || !slices.Equal(again, wantAgain) {
		b.t.Fatalf("%d dropped and %d again, want %d and %d", len(dropped), len(again), len(wantDropped), len(wantAgain))
	}
	b.list = b.list[:keep]
	b.message = messageBehind(b.list)
	if b.lost = broken; !broken { // a message that lost a fragment cannot be finished
		b.waiting = append(wait, b.waiting...)
	}
}

func (b *outboxModel) bytes() (n int) {
	for _, f := range b.list {
		n += f.size
	}
	return n
}

func (b *outboxModel) bytesBefore(before *modelFrame) (n int) {
	for _, f := range b.list {
		if f == before {
			return n
		}
		n += f.size
	}
	return n
}

// finish writes the rest, and reads the wire.
func (b *outboxModel) finish() {
	if b.lost {
		b.box.Clear()
	}
	for b.box.Unsent() {
		b.write(1 << 20)
	}
	if !b.box.Empty() {
		b.t.Fatal("all is on the wire, and somebody waits")
	}
	rest := b.wire
	for i, f := range b.list {
		got, n := naive.Decode(rest)
		if n == 0 && b.lost {
			return // it ended in the middle
		}
		want := f.naive(b.role.Masks())
		want.Key = got.Key
		if n == 0 || !bytes.Equal(rest[:n], naive.Encode(want)) {
			b.t.Fatalf("frame %d of %d, %v %.20q, is not on the wire: %.40x", i, len(b.list), f.Header, f.Payload, rest)
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		b.t.Fatalf("%d bytes that no frame accounts for: %.40x", len(rest), rest)
	}
}

package conn

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/naive"
)

// outgoing is a shell without anything that a shell has: it encodes what waits, and
// puts as many bytes on the wire as it is told.
type outgoing struct {
	Outbox
	t     *testing.T
	queue []*OutFrame // not encoded
	wire  []byte
	keys  uint32
}

func newOutgoing(t *testing.T, role Role) *outgoing {
	p := &outgoing{t: t}
	p.Init(role, 0)
	return p
}

func (p *outgoing) key() frame.Key {
	p.keys += 0x01020305
	return frame.Key(p.keys)
}

// encode encodes what waits, as far as it goes.
func (p *outgoing) encode() {
	for len(p.queue) > 0 && p.HasRoom() && p.Admits(p.queue[0]) {
		p.Append(p.queue[0], p.key())
		p.queue = p.queue[1:]
	}
}

// write puts up to n bytes on the wire.
func (p *outgoing) write(n int) {
	p.t.Helper()
	for n > 0 && p.Unsent() {
		head, tail := p.Pending()
		if len(head)+len(tail) == 0 {
			p.t.Fatal("something is unsent, and nothing pending")
		}
		fromHead := min(n, len(head))
		fromTail := min(n-fromHead, len(tail))
		p.wire = append(append(p.wire, head[:fromHead]...), tail[:fromTail]...)
		p.Advance(fromHead + fromTail)
		n -= fromHead + fromTail
	}
}

// finish writes all that is encoded or waits.
func (p *outgoing) finish() {
	p.t.Helper()
	for {
		p.encode()
		if !p.Unsent() {
			break
		}
		p.write(1 << 20)
		p.Done()
	}
	if len(p.queue) > 0 || !p.Empty() {
		p.t.Fatalf("%d frames wait, and nothing is unsent", len(p.queue))
	}
}

// sent is a frame as the peer reads it.
type sent struct {
	op      frame.Opcode
	fin     bool
	rsv1    bool
	payload string
}

func (s sent) String() string {
	return fmt.Sprintf("%v fin=%t rsv1=%t %d bytes %.20q", s.op, s.fin, s.rsv1, len(s.payload), s.payload)
}

func frameOf(op frame.Opcode, fin bool, payload string) *OutFrame {
	return &OutFrame{Header: frame.Header{Opcode: op, FIN: fin}, Payload: []byte(payload)}
}

func whole(payload string) *OutFrame { return frameOf(frame.Text, true, payload) }

// fragment returns a frame of the message with a number.
func fragment(number uint32, op frame.Opcode, fin bool, payload string) *OutFrame {
	f := frameOf(op, fin, payload)
	f.Message = number
	return f
}

// prebuilt returns a frame that is made already.
func prebuilt(payload string) *OutFrame {
	f := whole(payload)
	f.Framed = naive.Encode(naive.Frame{FIN: true, Opcode: byte(frame.Text), Payload: []byte(payload)})
	return f
}

func asSent(frames ...*OutFrame) (all []sent) {
	for _, f := range frames {
		all = append(all, sent{f.Header.Opcode, f.Header.FIN, f.Header.RSV1, string(f.Payload)})
	}
	return all
}

// read decodes what is on the wire, and fails the test if it breaks a rule.
func (p *outgoing) read() (all []sent) {
	p.t.Helper()
	keys := make(map[[4]byte]bool)
	for rest := p.wire; len(rest) > 0; {
		f, n := naive.Decode(rest)
		if n == 0 {
			p.t.Fatalf("the wire ends within a frame: %.40x", rest)
		}
		if rules := naive.Broken(f, p.role.Masks(), true); len(rules) > 0 {
			p.t.Fatalf("%+v breaks %q", f.Opcode, rules)
		}
		if f.Masked && keys[f.Key] {
			p.t.Fatalf("the key %x is used twice", f.Key)
		}
		keys[f.Key] = true
		all = append(all, sent{frame.Opcode(f.Opcode), f.FIN, f.RSV1, string(f.Payload)})
		rest = rest[n:]
	}
	return all
}

// want compares what is on the wire.
func (p *outgoing) want(why string, frames ...sent) {
	p.t.Helper()
	got := p.read()
	for i := range max(len(got), len(frames)) {
		switch {
		case i >= len(frames):
			p.t.Fatalf("%s: frame %d is %v, want no more", why, i, got[i])
		case i >= len(got):
			p.t.Fatalf("%s: frame %d is missing, want %v", why, i, frames[i])
		case got[i] != frames[i]:
			p.t.Fatalf("%s: frame %d is %v, want %v", why, i, got[i], frames[i])
		}
	}
}

// wantFrames compares frames by identity.
func wantFrames(t *testing.T, why string, got []*OutFrame, want ...*OutFrame) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d frames, want %d", why, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: frame %d is %v, want %v", why, i, asSent(got[i]), asSent(want[i]))
		}
	}
}

func bothRoles(t *testing.T, test func(t *testing.T, p *outgoing)) {
	t.Helper()
	for _, role := range []Role{Server, Client} {
		t.Run(role.String(), func(t *testing.T) { test(t, newOutgoing(t, role)) })
	}
}

// letters returns a payload of n bytes.
func letters(n int) string {
	return string(bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz 0123456789"), n/37+1)[:n])
}

// Payloads of every size that is treated in its own way come out as they were, in any
// pieces, and are not modified.
func TestOutboxSizes(t *testing.T) {
	for _, n := range []int{
		0, 1, 125, 126, MaxCopiedPayload - 1, MaxCopiedPayload, MaxCopiedPayload + 1,
		OutboxSize - 15, OutboxSize - 14, OutboxSize - 8, OutboxSize, OutboxSize + 1, 65535, 65536, 2*OutboxSize + 100, 100000,
	} {
		for _, piece := range []int{1 << 20, 8191, 100} {
			bothRoles(t, func(t *testing.T, p *outgoing) {
				f := whole(letters(n))
				p.queue = []*OutFrame{whole("before"), f, whole("behind")}
				for len(p.queue) > 0 || p.Unsent() {
					p.encode()
					p.write(piece)
					p.Done()
				}
				p.want("in pieces", asSent(whole("before"), f, whole("behind"))...)
				if string(f.Payload) != letters(n) {
					t.Error("the payload was modified")
				}
			})
		}
	}
}

// A server writes a large payload from where it is; a client has to mask it.
func TestOutboxPending(t *testing.T) {
	f := whole(letters(OutboxSize))
	server := newOutgoing(t, Server)
	server.Append(f, 0)
	head, tail := server.Pending()
	if len(head) != 4 || &tail[0] != &f.Payload[0] || len(tail) != OutboxSize {
		t.Errorf("server: %d bytes, and %d of the payload", len(head), len(tail))
	}
	if server.HasRoom() {
		t.Error("server: a frame can be encoded within another")
	}
	client := newOutgoing(t, Client)
	client.Append(f, client.key())
	if !server.Borrows() || !client.Borrows() {
		t.Error("the rest of the payload is where its caller has it")
	}
	if head, tail := client.Pending(); len(head) != OutboxSize || tail != nil {
		t.Errorf("client: %d bytes, and %d not masked", len(head), len(tail))
	}
	client.write(OutboxSize)
	if head, _ := client.Pending(); len(head) != 8 {
		t.Errorf("client: %d bytes are left", len(head))
	}
	if client.Borrows() {
		t.Error("client: all of the payload is in the buffer")
	}
	if sent, encoded := client.Offsets(); sent != OutboxSize || encoded != OutboxSize+8 {
		t.Errorf("client: %d of %d bytes", sent, encoded)
	}
}

// RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the
// fragments of another message". "Control frames MAY be injected in the middle of a
// fragmented message."
func TestOutboxAdmits(t *testing.T) {
	bothRoles(t, func(t *testing.T, p *outgoing) {
		control := []*OutFrame{frameOf(frame.Ping, true, ""), frameOf(frame.Pong, true, ""), frameOf(frame.Close, true, "")}
		admits := func(why string, want bool, frames ...*OutFrame) {
			t.Helper()
			for _, f := range frames {
				if p.Admits(f) != want {
					t.Errorf("%s: %v", why, asSent(f))
				}
			}
		}
		first := fragment(7, frame.Text, false, "a")
		admits("between messages", true, append(control, whole(""), first)...)
		p.Append(first, p.key())
		if p.Message() != 7 {
			t.Errorf("message %d is under way", p.Message())
		}
		last := fragment(7, frame.Continuation, true, "b")
		admits("in a message", true, append(control, last)...)
		admits("in a message", false, whole(""), fragment(8, frame.Text, false, ""))
		if size := p.AppendSingle(frame.Text, nil, p.key()); size != 0 {
			t.Error("in a message: another message was encoded")
		}
		// The buffer goes back between the fragments.
		p.write(1 << 20)
		p.Done()
		role, message := p.role, p.Message()
		p.Reset()
		p.Init(role, message)
		admits("with another buffer", false, whole(""))
		p.Append(last, p.key())
		admits("behind a message", true, append(control, whole(""), fragment(8, frame.Text, false, ""))...)
		p.finish()
		p.want("", asSent(first, last)...)
	})
}

// Done gives each frame once, as soon as its last byte is on the wire.
func TestOutboxDone(t *testing.T) {
	bothRoles(t, func(t *testing.T, p *outgoing) {
		frames := []*OutFrame{whole("one"), whole(""), whole("three"), whole("four")}
		for _, f := range frames[:3] {
			p.Append(f, p.key())
		}
		p.write(int(frames[0].end) - 1)
		wantFrames(t, "one byte is missing", p.Done())
		p.write(1)
		wantFrames(t, "all of one", p.Done(), frames[0])
		wantFrames(t, "asked again", p.Done())
		p.Append(frames[3], p.key())
		wantFrames(t, "those who wait", p.Frames(), frames[1:]...)
		p.write(1 << 20)
		if p.Empty() {
			t.Error("it is empty with frames in it")
		}
		wantFrames(t, "the others", p.Done(), frames[1:]...)
		if !p.Empty() {
			t.Error("it is not empty")
		}
		p.want("", asSent(frames...)...)
		p.Reset()
		for _, f := range p.frames[:cap(p.frames)] {
			if f != nil {
				t.Fatal("a frame is still reachable")
			}
		}
	})
}

// No frame is begun where the largest control frame would not fit.
func TestOutboxRoom(t *testing.T) {
	bothRoles(t, func(t *testing.T, p *outgoing) {
		n := 0
		for ; p.HasRoom(); n++ {
			p.AppendPong([]byte(letters(frame.MaxControlPayload)), p.key())
		}
		if free := OutboxSize - p.end; free >= minFrameRoom {
			t.Errorf("%d bytes are free", free)
		}
		p.finish()
		for _, s := range p.read() {
			if s != (sent{frame.Pong, true, false, letters(frame.MaxControlPayload)}) {
				t.Fatal(s)
			}
			n--
		}
		if n != 0 {
			t.Errorf("%d pongs are missing", n)
		}
	})
}

// What a shell has sent the beginning of itself.
func TestOutboxRest(t *testing.T) {
	p := newOutgoing(t, Server)
	framed := prebuilt(letters(300)).Framed
	p.wire = append(p.wire, framed[:100]...)
	p.AppendRest(framed[100:])
	if p.Empty() || p.HasRoom() {
		t.Error("it does not look as if a frame were half on the wire")
	}
	p.queue = []*OutFrame{whole("behind")}
	p.write(1)
	if dropped, again, lost := p.Retract(func(*OutFrame) bool { return true }); dropped != nil || again != nil || lost != nil {
		t.Error("it was taken back")
	}
	p.finish()
	p.want("", asSent(whole(letters(300)), whole("behind"))...)
}

// Clear leaves nothing of what is not on the wire.
func TestOutboxClear(t *testing.T) {
	bothRoles(t, func(t *testing.T, p *outgoing) {
		frames := []*OutFrame{whole("a"), fragment(1, frame.Text, false, letters(50000))}
		for _, f := range frames {
			p.Append(f, p.key())
		}
		p.write(9)
		wantFrames(t, "those who waited", p.Clear(), frames...)
		if !p.Empty() || p.Message() != 0 || !p.HasRoom() {
			t.Error("something is left")
		}
		p.wire = nil
		p.queue = []*OutFrame{whole("new")}
		p.finish()
		p.want("", asSent(whole("new"))...)
	})
}

func TestPongQueue(t *testing.T) {
	var q PongQueue
	q.Add([]byte("a"))
	q.Add(nil)
	q.Add([]byte("ccc"))
	if got := string(q.Next()); got != "a" {
		t.Errorf("first %q", got)
	}
	q.Add([]byte(letters(125)))
	for _, want := range []string{"", "ccc", letters(125)} {
		if got := string(q.Next()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if q.Len() != 0 || q.bytes != nil {
		t.Error("an empty queue holds memory")
	}
	// A peer that does not read gets the latest of its pings answered.
	for i := range 1000 {
		q.Add([]byte{byte(i)})
		if q.Len() > MaxPongs {
			t.Fatalf("%d pongs wait", q.Len())
		}
	}
	if cap(q.bytes) > 256 {
		t.Errorf("%d bytes for %d pongs", cap(q.bytes), q.Len())
	}
	var last byte
	for q.Len() > 0 {
		last = q.Next()[0]
	}
	if latest := 999; last != byte(latest) {
		t.Errorf("the last pong is %d", last)
	}
	q.Add([]byte("x"))
	if q.Clear(); q.Len() != 0 || q.bytes != nil {
		t.Error("Clear leaves something")
	}
}

// A shell that puts many frames into one write asks whether the next one fits whole.
func TestOutboxFits(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		p := newOutgoing(t, role)
		size := 4000
		n := 0
		for ; p.Fits(size); n++ {
			p.Append(frameOf(frame.Binary, true, letters(size)), p.key())
			if head, tail := p.Pending(); len(tail) > 0 || len(head) != int(p.encoded) {
				t.Fatalf("%v: frame %d is not all in the buffer", role, n)
			}
		}
		if n != OutboxSize/(size+frame.MaxHeaderSize) || !p.Fits(0) {
			t.Errorf("%v: %d frames", role, n)
		}
		p.Append(frameOf(frame.Binary, true, letters(OutboxSize)), p.key())
		if p.Fits(0) {
			t.Errorf("%v: a frame fits within another", role)
		}
		p.finish()
	}
}

package conn

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hawser-ws/websocket/frame"
)

// An outCase is what a connection has to send: frames that callers wait for, and in
// place of a nil the pong that nobody waits for.
type outCase struct {
	name   string
	frames func() []*OutFrame
	role   Role // zero: both
}

var aPong = sent{frame.Pong, true, false, "pong"}

func outCases() []outCase {
	closing := func() *OutFrame { return frameOf(frame.Close, true, "\x03\xe8bye") }
	ping := func() *OutFrame { return frameOf(frame.Ping, true, "12345678") }
	deflated := func() *OutFrame { f := whole("deflated"); f.Header.RSV1 = true; return f }
	all := func(f ...func() *OutFrame) func() []*OutFrame {
		return func() (frames []*OutFrame) {
			for _, make := range f {
				if make == nil {
					frames = append(frames, nil)
				} else {
					frames = append(frames, make())
				}
			}
			return frames
		}
	}
	small := func(s string) func() *OutFrame { return func() *OutFrame { return whole(s) } }
	part := func(op frame.Opcode, fin bool, s string) func() *OutFrame {
		return func() *OutFrame { return fragment(3, op, fin, s) }
	}
	framed := func() *OutFrame { return prebuilt("prebuilt") }
	large := func() *OutFrame { return prebuilt(letters(MaxCopiedPayload + 100)) }
	return []outCase{
		{name: "one", frames: all(small("one"))},
		{name: "empty", frames: all(small(""))},
		{name: "three", frames: all(small("one"), small(letters(130)), small("three"))},
		{name: "ping and compressed", frames: all(ping, deflated)},
		{name: "fragments", frames: all(part(frame.Text, false, "one "), part(frame.Continuation, false, "two"), part(frame.Continuation, true, ""), small("next"))},
		{name: "fragments with control frames", frames: all(part(frame.Text, false, "one "), ping, nil, part(frame.Continuation, true, "two"))},
		{name: "Close", frames: all(closing)},
		{name: "Close behind others", frames: all(small("one"), part(frame.Text, false, "half"), closing)},
		{name: "pong first", frames: all(nil, small("one"))},
		{name: "pong between", frames: all(small("one"), nil, small("two"), small("three"))},
		{name: "pong last", frames: all(small("one"), nil)},
		{name: "large", frames: all(small("one"), small(letters(MaxCopiedPayload+1)))},
		{name: "larger than the buffer", frames: all(small("one"), small(letters(OutboxSize+5000)), small("not encoded"))},
		{name: "large fragment", frames: all(part(frame.Text, false, letters(OutboxSize+1)), part(frame.Continuation, true, "end"))},
		{name: "prebuilt", frames: all(small("one"), framed, small("three")), role: Server},
		{name: "prebuilt and large", frames: all(framed, large), role: Server},
	}
}

// offsets are where a write is cut: everywhere, or, in what is long, around the places
// that matter and some others.
func offsets(ends []int) (cuts []int) {
	total := ends[len(ends)-1]
	if total < 1000 {
		for i := range total + 1 {
			cuts = append(cuts, i)
		}
		return cuts
	}
	for _, end := range append(slices.Clone(ends), 0, OutboxSize) {
		for i := end - 15; i <= end+15; i++ {
			cuts = append(cuts, i)
		}
	}
	for i := 0; i < total; i += 4999 {
		cuts = append(cuts, i)
	}
	slices.Sort(cuts)
	return slices.DeleteFunc(slices.Compact(cuts), func(i int) bool { return i < 0 || i > total })
}

// start encodes the case and returns where each frame ends, pongs too. Frames for which
// there is no room stay in the queue.
func (p *outgoing) start(frames []*OutFrame) (ends []int) {
	for i, f := range frames {
		switch {
		case !p.HasRoom():
			p.queue = frames[i:]
			return ends
		case f == nil:
			p.AppendPong([]byte(aPong.payload), p.key())
		case !p.Admits(f):
			p.t.Fatalf("frame %d may not go now", i)
		default:
			p.Append(f, p.key())
		}
		ends = append(ends, int(p.encoded))
	}
	return ends
}

// Every cut offset × frames × who gave up: what is taken back, what stays, and when the
// stream is lost. Whatever is not lost is then sent to its end, and decoded.
func TestOutboxRetract(t *testing.T) {
	for _, c := range outCases() {
		for _, role := range []Role{Server, Client} {
			if c.role == 0 || c.role == role {
				t.Run(c.name+"/"+role.String(), func(t *testing.T) { c.cutEverywhere(t, role) })
			}
		}
	}
}

func (c *outCase) cutEverywhere(t *testing.T, role Role) {
	ends := newOutgoing(t, role).start(c.frames())
	n := len(ends)
	for _, cut := range offsets(ends) {
		// Who gave up: any subset of the callers.
		for gave := range uint(1) << n {
			p := newOutgoing(t, role)
			frames := c.frames()
			p.start(frames)
			p.write(cut)
			p.Done()
			why := fmt.Sprintf("cut at %d of %v, gave up %0*b", cut, ends, n, gave)
			c.retract(p, frames, ends, cut, gave, why)
		}
	}
}

// retract has Retract judge, by a model that knows the frames as a list.
func (c *outCase) retract(p *outgoing, frames []*OutFrame, ends []int, cut int, gave uint, why string) {
	t := p.t
	t.Helper()
	gone := func(f *OutFrame) bool { return gave&(1<<slices.Index(frames, f)) != 0 }
	begin := func(i int) int {
		if i == 0 {
			return 0
		}
		return ends[i-1]
	}
	keep := 0 // frames below it cannot be taken back
	var lost *OutFrame
	for i, end := range ends {
		f := frames[i]
		if begin(i) < cut || f == nil || f.Header.Opcode == frame.Close {
			keep = i + 1
		}
		if f != nil && (begin(i) < cut || f.Header.Opcode == frame.Close) && cut < end && gone(f) && lost == nil {
			lost = f
		}
	}
	var stay, dropped, again []*OutFrame
	for i := range ends {
		switch f := frames[i]; {
		case i < keep && f != nil && cut < ends[i]:
			stay = append(stay, f)
		case i >= keep && gone(f):
			dropped = append(dropped, f)
		case i >= keep:
			again = append(again, f)
		}
	}
	encoded, message := p.encoded, p.message
	gotDropped, gotAgain, gotLost := p.Retract(gone)
	if gotLost != lost {
		t.Fatalf("%s: lost is %v, want %v", why, gotLost, lost)
	}
	if lost != nil {
		if p.encoded != encoded || p.message != message || len(gotDropped)+len(gotAgain) > 0 {
			t.Fatalf("%s: lost, and something was taken back", why)
		}
		return
	}
	wantFrames(t, why+": dropped", gotDropped, dropped...)
	wantFrames(t, why+": again", gotAgain, again...)
	wantFrames(t, why+": stay", p.Frames(), stay...)
	under := uint32(0) // the message that is under way with what stays
	for _, f := range frames[:keep] {
		if f != nil && f.Message != 0 {
			under = f.Message
			if f.Header.FIN {
				under = 0
			}
		}
	}
	if p.Message() != under {
		t.Fatalf("%s: message %d is under way, want %d", why, p.Message(), under)
	}

	// A message whose first fragment was dropped is over, and its others with it.
	for _, f := range dropped {
		if f.Message != 0 && f.Header.Opcode != frame.Continuation {
			gotAgain = slices.DeleteFunc(slices.Clone(gotAgain), func(o *OutFrame) bool { return o.Message == f.Message })
		}
	}
	p.queue = append(slices.Clone(gotAgain), p.queue...)
	if slices.ContainsFunc(dropped, func(f *OutFrame) bool { return f.Message != 0 }) {
		// What is left of the message cannot be finished: nothing else may go before it
		// has. The shell ends the connection for that.
		p.queue = nil
	}
	var want []sent
	for i, f := range frames {
		switch {
		case f == nil && i < len(ends):
			want = append(want, aPong)
		case i < keep || slices.Contains(p.queue, f):
			want = append(want, asSent(f)...)
		}
	}
	p.finish()
	p.want(why, want...)
}

// Frames that are held leave with those behind them, and are not taken back.
func TestOutboxHold(t *testing.T) {
	bothRoles(t, func(t *testing.T, p *outgoing) {
		single := func(s string) int {
			t.Helper()
			size := p.AppendSingle(frame.Text, []byte(s), p.key())
			if size == 0 {
				t.Fatalf("%q was not encoded", s)
			}
			return size
		}
		single("one")
		if p.Holding() {
			t.Error("it holds what was not held")
		}
		if !p.Hold(nil) || !p.Holding() {
			t.Fatal("one is not held")
		}
		two := whole("two")
		p.Append(two, p.key())
		if p.Holding() || !p.Hold(two) || !p.Holding() {
			t.Fatal("two is not held")
		}
		wantFrames(t, "nobody waits", p.Frames())
		three := whole("three")
		p.Claim(three, single("three"))
		if p.Holding() {
			t.Error("three, which somebody waits for, is held")
		}
		dropped, _, _ := p.Retract(func(*OutFrame) bool { return true })
		wantFrames(t, "three", dropped, three)
		if !p.Holding() {
			t.Error("what is left is not held")
		}
		p.AppendPong([]byte("pong"), p.key())
		if p.Holding() {
			t.Error("a pong is held")
		}
		four := whole("four")
		p.Append(four, p.key())
		if p.Hold(four) {
			t.Error("a pong is held with what stands behind it")
		}
		if p.AppendSingle(frame.Text, nil, p.key()) != 0 {
			t.Error("it went past one that waits")
		}
		p.Advance(0)
		if p.Hold(four) || p.held != 0 {
			t.Error("a write has no effect on what is held")
		}
		p.finish()
		p.want("", append(asSent(whole("one"), whole("two")), aPong, asSent(whole("four"))[0])...)
	})
}

// What is held is less than the buffer, and of whole frames.
func TestOutboxHoldLimit(t *testing.T) {
	bothRoles(t, func(t *testing.T, p *outgoing) {
		payload := []byte(letters(1000))
		n := 1
		for p.AppendSingle(frame.Binary, payload, p.key()); p.Hold(nil); n++ {
			if p.AppendSingle(frame.Binary, payload, p.key()) == 0 {
				t.Fatal("there is no room for one more")
			}
		}
		if p.end <= holdLimit || OutboxSize-p.end < MaxCopiedPayload {
			t.Errorf("%d bytes are held", p.end)
		}
		p.write(1)
		if p.Holding() {
			t.Error("what is half on the wire is held")
		}
		if p.AppendSingle(frame.Binary, payload, p.key()) != 0 {
			t.Error("a message went behind one that is half on the wire, past those who wait")
		}
		p.finish()
		if got := p.read(); len(got) != n {
			t.Errorf("%d messages, want %d", len(got), n)
		}

		large := whole(letters(OutboxSize))
		p.Append(large, p.key())
		if p.Hold(large) {
			t.Error("a large frame is held")
		}
		p.write(5)
		if p.Hold(large) {
			t.Error("a frame that is half on the wire is held")
		}
		p.write(1 << 20)
		p.Done()
		for p.end <= OutboxSize-minFrameRoom-MaxCopiedPayload {
			p.AppendSingle(frame.Binary, make([]byte, MaxCopiedPayload), p.key())
			p.held = p.encoded // as if there were no limit
		}
		if p.AppendSingle(frame.Binary, make([]byte, MaxCopiedPayload), p.key()) != 0 || p.AppendSingle(frame.Binary, make([]byte, MaxCopiedPayload+1), p.key()) != 0 {
			t.Error("a frame is encoded for which there is no room")
		}
	})
}

// Commit: a frame of which nobody is to wait for the rest.
func TestOutboxCommit(t *testing.T) {
	bothRoles(t, func(t *testing.T, p *outgoing) {
		f := whole(letters(200))
		p.Append(f, p.key())
		wantFrames(t, "committed", p.Commit(), f)
		wantFrames(t, "nobody waits", p.Frames())
		if p.Holding() || p.Empty() {
			t.Error("it is held, or gone")
		}
		if dropped, again, lost := p.Retract(func(*OutFrame) bool { return true }); len(dropped)+len(again) > 0 || lost != nil {
			t.Error("it was taken back")
		}
		p.finish()
		p.want("", asSent(f)...)
	})
}

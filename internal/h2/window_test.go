package h2

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The window of the connection is refilled when DATA arrives, that of a stream when it is
// consumed; both when half of it is owed.
func TestReceiveWindows(t *testing.T) {
	r := settled(t, Server, Config{StreamWindow: 1000, ConnWindow: 70000})
	st, other := r.opened(), r.opened()
	text := strings.Repeat("x", 400)
	r.hears("DATA", dataFrame(1, 0, text), fmt.Sprintf("received 1 %q", text))
	r.Consumed(st, 400)
	r.writes("that is not worth a frame")
	r.hears("DATA", dataFrame(1, 0, text), fmt.Sprintf("received 1 %q", text))
	r.Consumed(st, 100)
	r.writes("half of the window", "WINDOW_UPDATE 1 +500")
	r.hears("as much as fits", dataFrame(1, 0, text+text[:300]), fmt.Sprintf("received 1 %q", text+text[:300]))
	// "A receiver MAY respond with a stream error (Section 5.4.2) or connection error (Section 5.4.1) of
	// type FLOW_CONTROL_ERROR if it is unable to accept a frame."
	// https://www.rfc-editor.org/rfc/rfc9113#section-6.9
	r.hears("a byte more", dataFrame(1, 0, "x"), "failed 1 FLOW_CONTROL_ERROR 6.9.1")
	r.writes("it is refused", "RST_STREAM 1 FLOW_CONTROL_ERROR")
	r.Consumed(st, 1000)
	r.writes("nothing for a stream that is over")
	r.hears("the other one goes on", dataFrame(3, 0, text), fmt.Sprintf("received 3 %q", text))

	// Streams that nobody reads do not close the window of the connection.
	for range 200 {
		st := r.opened()
		r.hears("DATA", dataFrame(st.id, 0, text+text), fmt.Sprintf("received %d %q", st.id, text+text))
		r.Reset(st, Cancel)
		r.Release(st)
	}
	updates := 0
	for _, line := range r.output() {
		if strings.HasPrefix(line, "WINDOW_UPDATE +") {
			updates++
		}
	}
	_ = other
	if r.in.left < 35000 || updates > 6 {
		t.Errorf("the window is %d; %d updates", r.in.left, updates)
	}
	r = settled(t, Server, Config{ConnWindow: 1, StreamWindow: 1 << 20})
	r.opened()
	r.in.left = 100 // as if it were under way
	r.hears("more than the connection's window", dataFrame(1, 0, text), "broken FLOW_CONTROL_ERROR 6.9.1")
}

// "The entire DATA frame payload is included in flow control, including the Pad Length and
// Padding fields if present." https://www.rfc-editor.org/rfc/rfc9113#section-6.1
func TestPadding(t *testing.T) {
	for _, step := range []int{0, 1} {
		r := settled(t, Server, Config{StreamWindow: 300})
		st := r.opened()
		r.step = step
		padded := func(pad int, text string) []byte {
			return dataFrame(1, FlagPadded, string(rune(pad))+text+strings.Repeat("\x00", pad))
		}
		r.hears("padded", padded(100, "abc"), `received 1 "abc"`)
		if st.in != (inflow{196, 101}) {
			t.Errorf("%+v", st.in)
		}
		r.hears("all padding", padded(100, ""))
		r.writes("padding is refilled at once", "WINDOW_UPDATE 1 +202")
		r.hears("padded by nothing", padded(0, "abc"), `received 1 "abc"`)
		r.hears("padded, and the end", dataFrame(1, FlagPadded|FlagEndStream, "\x02abc\x00\x00"), `received 1 "abc"`, "ended 1")
		r.opened()
		r.hears("all padding, and the end", dataFrame(3, FlagPadded|FlagEndStream, "\x02\x00\x00"), "ended 3")
		r.opened()
		// "If the length of the padding is the length of the frame payload or greater, the recipient MUST
		// treat this as a connection error (Section 5.4.1) of type PROTOCOL_ERROR."
		r.hears("too much padding", dataFrame(5, FlagPadded, "\x04abc"), "broken PROTOCOL_ERROR 6.1")
	}
}

// The rest of a frame whose stream was reset in the middle of it is dropped.
func TestResetInsideData(t *testing.T) {
	for _, flags := range []Flags{FlagEndStream, FlagEndStream | FlagPadded} {
		r := settled(t, Server, Config{})
		st := r.opened()
		frame := dataFrame(1, flags, "\x01abcd\x00")
		cut := FrameHeaderSize + 3
		if got := r.receiveAll(frame[:cut]); len(got) != 1 || !strings.HasPrefix(got[0], "received 1") {
			t.Fatal(got)
		}
		r.Reset(st, Cancel)
		r.hears("the rest", frame[cut:])
		if flags.Has(FlagPadded) {
			r = settled(t, Server, Config{})
			st = r.opened()
			r.hears("before its padding is known", frame[:FrameHeaderSize])
			r.Reset(st, Cancel)
			r.hears("the rest", frame[FrameHeaderSize:])
		}
		r.hears("another", r.head(3, 0, connectFields...), "requested 3")
	}
}

// Up to the acknowledgement the peer has the windows of the beginning (RFC 9113 §6.9.3).
func TestWindowBeforeTheAck(t *testing.T) {
	for _, window := range []uint32{100, 1 << 20} {
		r := newRig(t, Server, Config{StreamWindow: window})
		r.hears("settings", slices.Concat([]byte(Preface), settingsOf()), "settled")
		r.output()
		st := r.opened()
		text := strings.Repeat("x", 10000)
		r.hears("more than our window", dataFrame(1, 0, text), fmt.Sprintf("received 1 %q", text))
		r.hears("the ack", settingsAck)
		if want := int64(window) - 10000; st.in.left != want {
			t.Errorf("the window is %d, want %d", st.in.left, want)
		}
		r.Consumed(st, 10000)
		if later := r.opened(); later.in.left != int64(window) {
			t.Errorf("the window of a new stream is %d", later.in.left)
		}
		if window == 100 && st.in.left != 100 {
			t.Errorf("after all was consumed the window is %d", st.in.left)
		}
	}
}

func TestSendWindows(t *testing.T) {
	r := settled(t, Client, Config{}, uint32(SettingInitialWindow), 10)
	a := r.opened()
	if n := r.TrySend(a, []byte("0123456"), []byte("789abc")); n != 10 {
		t.Fatalf("%d bytes are sent", n)
	}
	r.writes("as much as the window", `DATA 1 "0123456789"`)
	c := &Chunk{Head: []byte("a"), Tail: []byte("bc")}
	if !r.Send(a, c) || r.TrySend(a, []byte("x"), nil) != 0 {
		t.Fatal("it is not queued")
	}
	r.writes("nothing")
	r.hears("one byte", update(1, 1))
	r.writes("one byte", `DATA 1 "a"`)
	// "A change to SETTINGS_INITIAL_WINDOW_SIZE can cause the available space in a flow-control window to
	// become negative." https://www.rfc-editor.org/rfc/rfc9113#section-6.9.2
	r.hears("a smaller window", settingsOf(4, 5), "settled")
	if a.out != -5 {
		t.Errorf("the window is %d", a.out)
	}
	r.hears("up to 0", update(1, 5))
	r.writes("nothing", "SETTINGS ack")
	r.hears("a larger window", settingsOf(4, 6), "settled")
	r.writes("what it is good for", "SETTINGS ack", `DATA 1 "b"`)
	r.hears("the rest", settingsOf(4, 65535), "settled")
	r.writes("the rest", "SETTINGS ack", `DATA 1 "c"`)
	if done := r.Done(); len(done) != 1 || done[0] != c || c.Sent() != 3 || c.Framed() != 3 || r.Done() != nil && len(r.Done()) != 0 {
		t.Errorf("done: %v", done)
	}

	// "A sender MUST NOT allow a flow-control window to exceed 2^31-1 octets."
	// https://www.rfc-editor.org/rfc/rfc9113#section-6.9.1
	r.hears("too large a window", update(1, maxWindow), "failed 1 FLOW_CONTROL_ERROR 6.9.1")
	r.opened()
	// "A receiver MUST treat the receipt of a WINDOW_UPDATE frame with a flow-control window increment of 0
	// as a stream error (Section 5.4.2) of type PROTOCOL_ERROR"
	r.hears("by nothing", update(3, 0), "failed 3 PROTOCOL_ERROR 6.9")
	r.opened()
	r.hears("with the reserved bit", update(5, 1<<31|5))
	r.hears("by a setting", slices.Concat(update(5, maxWindow-65540), settingsOf(4, 65536)), "broken FLOW_CONTROL_ERROR 6.9.2")
	for _, test := range []struct {
		n    uint32
		want string
	}{
		{0, "broken PROTOCOL_ERROR 6.9"},
		{maxWindow - 65535, ""},
		{maxWindow - 65534, "broken FLOW_CONTROL_ERROR 6.9.1"},
	} {
		r := settled(t, Client, Config{})
		var want []string
		if test.want != "" {
			want = []string{test.want}
		}
		r.hears("the connection's window", update(0, test.n), want...)
	}
}

// The window of the connection is shared; a stream whose own is closed stands back.
func TestConnectionWindow(t *testing.T) {
	r := settled(t, Client, Config{}, uint32(SettingInitialWindow), 100000)
	a, b := r.opened(), r.opened()
	r.out = 10
	if n := r.TrySend(a, []byte("0123456789a"), nil); n != 10 || r.TrySend(b, []byte("x"), nil) != 0 {
		t.Fatal(n)
	}
	chunks := []*Chunk{{Head: []byte("from a")}, {Head: []byte("from b")}}
	r.Send(a, chunks[0])
	r.Send(b, chunks[1])
	r.End(b)
	r.writes("what was sent", `DATA 1 "0123456789"`)
	c := r.opened()
	r.End(c)
	r.writes("an end needs no window", `DATA 5 "" end`)
	r.hears("four bytes", update(0, 4))
	r.writes("of a", `DATA 1 "from"`)
	r.hears("more", update(0, 100))
	r.writes("b is next", `DATA 3 "from b"`, `DATA 3 "" end`, `DATA 1 " a"`)
	if b.State() != HalfClosedLocal || len(r.Done()) != 2 {
		t.Error("something is missing")
	}
	if r.TrySend(c, []byte("x"), nil) != 0 {
		t.Error("it sends after its end")
	}
	r.hears("too late to mean anything", update(3, 9))
}

// When all has arrived the window of the connection is whole: what the peer may send, and what was
// not announced yet.
func TestAccount(t *testing.T) {
	r := settled(t, Server, Config{})
	r.opened()
	for _, in := range [][]byte{nil, dataFrame(1, 0, "hello"), dataFrame(1, FlagPadded, "\x02hello\x00\x00"), update(0, 7)} {
		r.receiveAll(in)
		if a := r.Account(); a.In+a.Owed != a.Size || a.Size != DefaultConnWindow {
			t.Errorf("%+v", a)
		}
	}
	if a := r.Account(); a.Owed != 5+8 || a.Out != initialWindow+7 {
		t.Errorf("%+v", a)
	}
}

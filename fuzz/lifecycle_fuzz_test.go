package fuzz_test

import (
	"testing"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/internal/naive"
)

// numEvents is how many kinds of events conn has.
const numEvents = int(conn.Abandon) + 1

// FuzzLifecycle: whatever happens to a connection, in whatever order, its lifecycle is
// that of the model; what is over stays over, and what is on record stays there.
//
// Two bytes of the input are an event: what, with which Close code, how much later.
func FuzzLifecycle(f *testing.F) {
	for first := range numEvents { // all of three in a row
		for second := range numEvents {
			for third := range numEvents {
				f.Add(byte(first), []byte{byte(first), 1, byte(second), 9, byte(third), 77, byte(conn.EndOfStream), 3, byte(conn.SendClose), 200})
			}
		}
	}
	streams := seeds.Streams()
	seeds.Need(f, streams, 100)
	for _, s := range streams { // what the peers' Close frames make of it
		if script := happenings(s.Data); len(script) > 0 {
			f.Add(byte(5), script)
		}
	}
	f.Fuzz(func(t *testing.T, timeout byte, script []byte) {
		live(t, time.Duration(timeout)*time.Second, script)
	})
}

// happenings are the events of a stream as far as one can see that from its frames.
func happenings(data []byte) (script []byte) {
	for len(data) > 0 {
		frame, n := naive.Decode(data)
		if n == 0 {
			return append(script, byte(conn.EndOfStream), 0)
		}
		switch {
		case len(naive.Broken(frame, frame.Masked, true)) > 0:
			script = append(script, byte(conn.Violate), 0)
		case frame.Opcode == 8:
			script = append(script, byte(conn.ReceiveClose), byte(n), byte(conn.SendClose), byte(n), byte(conn.FlushClose), 0)
		}
		data = data[n:]
	}
	return script
}

func live(t *testing.T, timeout time.Duration, script []byte) {
	l, m := &conn.Lifecycle{CloseTimeout: timeout}, &model{timeout: timeout}
	now := time.Date(2011, time.December, 1, 0, 0, 0, 0, time.UTC) // RFC 6455
	for ; len(script) > 1; script = script[2:] {
		e, more := conn.Event(int(script[0])%numEvents), script[1]
		now = now.Add(time.Duration(more>>4) * 100 * time.Millisecond)
		body := conn.CloseBody{Code: []uint16{0, 1000, 1005, 4000}[more&3]}
		if body.Code >= 1000 && more&4 != 0 {
			body.Reason = "because"
		}
		before, state := l.Ending(), l.State()
		do, ok := l.Handle(e, body, now)
		wantDo, wantOK := m.handle(e, body, now)
		if do != wantDo || ok != wantOK {
			t.Fatalf("%v in %v: %v, %v, want %v, %v", e, state, do, ok, wantDo, wantOK)
		}
		after := l.Ending()
		switch {
		case l.State() != m.state():
			t.Fatalf("%v in %v leads to %v, want %v", e, state, l.State(), m.state())
		case state == conn.Terminated && (ok || l.State() != conn.Terminated):
			t.Fatalf("%v leads out of the end, to %v", e, l.State())
		case !ok && (after != before || l.State() != state):
			t.Fatalf("%v in %v means nothing, and leads to %v, %+v", e, state, l.State(), after)
		case !l.Deadline().Equal(m.deadline):
			t.Fatalf("%v in %v: deadline %v, want %v", e, state, l.Deadline(), m.deadline)
		}
		grown(t, before, after, m.lost)
		m.wantEnding(t, after)
		if l.State().CanSend() != (l.State() == conn.Open) || m.sent != nil && l.State().CanSend() {
			t.Fatalf("in %v: may send %v", l.State(), l.State().CanSend())
		}
		if after.Received.Code != 0 && l.State().CanReceive() {
			t.Fatalf("in %v, after the peer's Close frame, there is something to read", l.State())
		}
	}
}

// grown wants all that was on record to be there still, but for a Close frame that was
// lost.
func grown(t *testing.T, before, after conn.Ending, lost bool) {
	t.Helper()
	if before.Sent.Code != 0 && after.Sent != before.Sent && !lost ||
		before.Received.Code != 0 && after.Received != before.Received ||
		before.Began != conn.SideNone && after.Began != before.Began {
		t.Fatalf("the record %+v has become %+v", before, after)
	}
}

// wantEnding compares the record with what the model knows.
func (m *model) wantEnding(t *testing.T, got conn.Ending) {
	t.Helper()
	want := conn.Ending{Began: m.began}
	if m.sent != nil && !m.lost {
		want.Sent = *m.sent
	}
	if m.received != nil {
		want.Received = *m.received
	}
	if got != want || got.Clean() != m.clean() {
		t.Fatalf("record %+v, clean %v, want %+v, %v", got, got.Clean(), want, m.clean())
	}
	if (got.Began == conn.SideNone) == m.left {
		t.Fatalf("%v began, and left is %v", got.Began, m.left)
	}
}

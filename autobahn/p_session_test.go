package autobahn

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// caseOf is a case by its number.
func caseOf(t *testing.T, judged Role, id string) *Case {
	t.Helper()
	cases, err := Select(judged, id, "")
	if err != nil || len(cases) != 1 {
		t.Fatalf("%s: %d cases, %v", id, len(cases), err)
	}
	return cases[0]
}

// bytes has the mate send bytes, whatever they are.
func raw(p ...byte) func(*mate) {
	return func(m *mate) {
		m.conn.Write(p)
		m.awaitEnd()
	}
}

// sends has the mate send frames as they are, under whatever mask, and then end
// the connection as it should.
func sends(frames ...naive.Frame) func(*mate) {
	return func(m *mate) {
		for _, f := range frames {
			m.conn.Write(naive.Encode(f))
		}
		m.answer(1000)
	}
}

func masked(f naive.Frame) naive.Frame {
	f.Masked, f.Key = true, [4]byte{1, 2, 3, 4}
	return f
}

// Peers that break the rules. What the case expects they do send, so that it is
// the rule alone that makes the difference.
func TestSessionRules(t *testing.T) {
	huge := bin("")
	huge.Length = 1 << 62
	long := text(strings.Repeat("*", 125))
	padded := long
	padded.Extended = 2
	for _, row := range []struct {
		name   string
		judged Role
		id     string
		peer   func(*mate)
		says   string // in Result
		code   int    // of our Close frame
	}{
		{"a masked message from a server", Server, "1.1.2", sends(masked(long)), "mask forbidden", 1002},
		{"a message without a mask from a client", Client, "1.1.2", sends(long), "mask missing", 1002},
		{"a masked Pong from a server", Server, "2.1", sends(masked(pong(""))), "mask forbidden", 1002},
		{"a Pong without a mask from a client", Client, "2.1", sends(pong("")), "mask missing", 1002},
		{"a Pong with RSV2", Server, "2.1", sends(rsv(2, pong(""))), "RSV2", 1002},
		{"a Pong in fragments", Server, "2.1", sends(part(pong(""))), "fragmented control", 1002},
		{"a message with RSV1", Server, "1.1.2", sends(rsv(4, long)), "RSV1", 1002},
		{"a length in too many bytes", Server, "1.1.2", sends(padded), "length not minimal", 1002},
		{"a reserved opcode", Server, "1.1.2", sends(whole(3, "")), "reserved opcode", 1002},
		{"a continuation of nothing", Server, "1.1.2", sends(cont(string(long.Payload))), "continuation frame outside", 1002},
		{"a message in a message", Server, "1.1.2", sends(part(text("")), long), "new message inside", 1002},
		{"text that is not UTF-8", Server, "1.1.2", sends(text("\xff")), "", 1007},
		{"a huge frame", Server, "1.1.2", raw(naive.Encode(huge)...), "frame of 4611686018427387904 bytes", 1002},
		{"the top bit of a length", Server, "1.1.2", raw(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0), "length top bit", 1002},
		{"HTTP", Server, "1.1.2", raw([]byte("HTTP/1.1 500 Internal Server Error\r\n\r\n")...), "breaks the rules", 1002},
		{"bytes of 0xff", Client, "1.1.2", raw(bytes.Repeat([]byte{0xff}, 5000)...), "breaks the rules", 1002},
	} {
		r, m := playPiped(t, row.judged, caseOf(t, row.judged, row.id), "", row.peer)
		if r.Behavior != Failed {
			t.Errorf("%s: %s, %s: %s", row.name, r.Behavior, r.BehaviorClose, r.Result)
		}
		if !strings.Contains(r.Result, row.says) {
			t.Errorf("%s: the result says %q", row.name, r.Result)
		}
		code, _, _ := naive.Close(m.frames[len(m.frames)-1].Payload)
		if m.frames[len(m.frames)-1].Opcode != opClose || code != row.code || !r.FailedByMe {
			t.Errorf("%s: closed with %d, want %d", row.name, code, row.code)
		}
	}
}

// Ends of a connection, with the time that they take. The timer of the case is
// later than all of them.
func TestSessionEnds(t *testing.T) {
	echo := func(then func(m *mate)) func(*mate) {
		return func(m *mate) {
			m.send(m.message(0))
			then(m)
		}
	}
	invalid := func(payload string) func(*mate) {
		return func(m *mate) {
			m.awaitClose()
			m.send(whole(opClose, payload))
			m.awaitEnd()
		}
	}
	for _, row := range []struct {
		name          string
		judged        Role
		peer          func(*mate)
		behavior, end Verdict
		took          time.Duration
		flag          func(r *Result) bool // what has to be set
	}{
		{"a server that does well", Server, echo(func(m *mate) { m.answer(1000) }), OK, OK, 0, func(r *Result) bool { return r.WasClean && r.WhyNotClean == nil }},
		{"a client that does well", Client, echo(func(m *mate) { m.answer(1000) }), OK, OK, 0, func(r *Result) bool { return r.WasClean && r.DroppedByMe }},
		{"TCP ends", Server, func(*mate) {}, Failed, Failed, 0, func(r *Result) bool { return r.WhyNotClean != nil }},
		{"TCP ends after the message", Server, echo((*mate).awaitClose), OK, Unclean, 0, func(r *Result) bool { return r.WhyNotClean != nil }},
		{"no Close frame", Server, echo((*mate).awaitEnd), OK, Unclean, closeTimeout, func(r *Result) bool { return r.CloseTimeout && r.DroppedByMe }},
		{"no Close frame from a client", Client, echo((*mate).awaitEnd), OK, Unclean, closeTimeout, func(r *Result) bool { return r.CloseTimeout }},
		{"a server that keeps TCP", Server, echo(func(m *mate) {
			m.awaitClose()
			m.sendClose(1000)
			m.awaitEnd()
		}), OK, Unclean, dropTimeout, func(r *Result) bool { return r.DropTimeout && r.DroppedByMe }},
		{"a reserved code", Server, echo(invalid(closePayload(1005, ""))), OK, Unclean, 0, func(r *Result) bool { return r.FailedByMe && *r.RemoteCloseCode == 1005 }},
		{"a Close frame of one byte", Client, echo(invalid("x")), OK, Unclean, 0, func(r *Result) bool { return r.FailedByMe && r.RemoteCloseCode == nil }},
		{"a reason that is not UTF-8", Server, echo(invalid(closePayload(1000, "\xff"))), OK, Unclean, 0, func(r *Result) bool { return r.FailedByMe && r.RemoteCloseReason == nil }},
	} {
		r, _ := playPiped(t, row.judged, caseOf(t, row.judged, "1.1.6"), "", row.peer)
		if r.Behavior != row.behavior || r.BehaviorClose != row.end || !row.flag(r) {
			t.Errorf("%s: %s, %s: %s %s", row.name, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		}
		if r.Duration != row.took.Milliseconds() {
			t.Errorf("%s: took %d ms, want %v", row.name, r.Duration, row.took)
		}
	}
}

// A Ping of the peer is answered, and is no event of the case.
func TestSessionAnswersPings(t *testing.T) {
	r, m := playPiped(t, Server, caseOf(t, Server, "1.1.2"), "", func(m *mate) {
		m.send(ping("are you there?"))
		m.send(m.message(0))
		m.answer(1000)
	})
	answers := 0
	for _, f := range m.frames {
		if f.Opcode == opPong && string(f.Payload) == "are you there?" {
			answers++
		}
	}
	if answers != 1 || r.Behavior != OK || r.BehaviorClose != OK {
		t.Errorf("%d Pongs, %s, %s", answers, r.Behavior, r.BehaviorClose)
	}
}

// What comes is the same however it is cut.
func TestSessionReassembles(t *testing.T) {
	for _, judged := range []Role{Server, Client} {
		for _, size := range []int{1, 2, 3, 7, 1000} {
			r, _ := playPiped(t, judged, caseOf(t, judged, "5.6"), "", func(m *mate) {
				m.message(0)
				var all []byte
				for _, f := range []naive.Frame{pong("ping payload"), part(text("fragment1")), ping(""), cont("fragment2")} {
					f.Masked, f.Key = judged == Client, [4]byte{9, 8, 7, 6}
					all = append(all, naive.Encode(f)...)
				}
				for len(all) > 0 {
					n := min(size, len(all))
					m.conn.Write(all[:n])
					all = all[n:]
				}
				m.answer(1000)
			})
			if r.Behavior != OK || r.BehaviorClose != OK {
				t.Errorf("%v in pieces of %d: %s, %s: %s", judged, size, r.Behavior, r.BehaviorClose, r.Result)
			}
		}
	}
}

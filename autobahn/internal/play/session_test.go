package play_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/cases"
	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// caseOf is a case by its number.
func caseOf(t *testing.T, judged verdict.Role, id string) *play.Case {
	t.Helper()
	cases, err := cases.Select(judged, cases.OverHTTP1|cases.OverHTTP2, id, "")
	if err != nil || len(cases) != 1 {
		t.Fatalf("%s: %d cases, %v", id, len(cases), err)
	}
	return cases[0]
}

// bytes has the mate send bytes, whatever they are.
func raw(p ...byte) func(*mate.Mate) {
	return func(m *mate.Mate) {
		m.Conn.Write(p)
		m.AwaitEnd()
	}
}

// sends has the mate send frames as they are, under whatever mask, and then end
// the connection as it should.
func sends(frames ...naive.Frame) func(*mate.Mate) {
	return func(m *mate.Mate) {
		for _, f := range frames {
			m.Conn.Write(naive.Encode(f))
		}
		m.Answer(1000)
	}
}

func masked(f naive.Frame) naive.Frame {
	f.Masked, f.Key = true, [4]byte{1, 2, 3, 4}
	return f
}

// Peers that break the rules. What the case expects they do send, so that it is
// the rule alone that makes the difference.
func TestSessionRules(t *testing.T) {
	huge := play.Binary("")
	huge.Length = 1 << 62
	long := play.Text(strings.Repeat("*", 125))
	padded := long
	padded.Extended = 2
	for _, row := range []struct {
		name   string
		judged verdict.Role
		id     string
		peer   func(*mate.Mate)
		says   string // in Result
		code   int    // of our Close frame
	}{
		{"a masked message from a server", verdict.Server, "1.1.2", sends(masked(long)), "mask forbidden", 1002},
		{"a message without a mask from a client", verdict.Client, "1.1.2", sends(long), "mask missing", 1002},
		{"a masked Pong from a server", verdict.Server, "2.1", sends(masked(play.Pong(""))), "mask forbidden", 1002},
		{"a Pong without a mask from a client", verdict.Client, "2.1", sends(play.Pong("")), "mask missing", 1002},
		{"a Pong with RSV2", verdict.Server, "2.1", sends(play.RSV(2, play.Pong(""))), "RSV2", 1002},
		{"a Pong in fragments", verdict.Server, "2.1", sends(play.Part(play.Pong(""))), "fragmented control", 1002},
		{"a message with RSV1", verdict.Server, "1.1.2", sends(play.RSV(4, long)), "RSV1", 1002},
		{"a length in too many bytes", verdict.Server, "1.1.2", sends(padded), "length not minimal", 1002},
		{"a reserved opcode", verdict.Server, "1.1.2", sends(play.Whole(3, "")), "reserved opcode", 1002},
		{"a continuation of nothing", verdict.Server, "1.1.2", sends(play.Continuation(string(long.Payload))), "continuation frame outside", 1002},
		{"a message in a message", verdict.Server, "1.1.2", sends(play.Part(play.Text("")), long), "new message inside", 1002},
		{"text that is not UTF-8", verdict.Server, "1.1.2", sends(play.Text("\xff")), "", 1007},
		{"a huge frame", verdict.Server, "1.1.2", raw(naive.Encode(huge)...), "frame of 4611686018427387904 bytes", 1002},
		{"the top bit of a length", verdict.Server, "1.1.2", raw(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0), "length top bit", 1002},
		{"HTTP", verdict.Server, "1.1.2", raw([]byte("HTTP/1.1 500 Internal Server Error\r\n\r\n")...), "breaks the rules", 1002},
		{"bytes of 0xff", verdict.Client, "1.1.2", raw(bytes.Repeat([]byte{0xff}, 5000)...), "breaks the rules", 1002},
	} {
		r, m := mate.Play(t, row.judged, caseOf(t, row.judged, row.id), "", row.peer)
		if r.Behavior != verdict.Failed {
			t.Errorf("%s: %s, %s: %s", row.name, r.Behavior, r.BehaviorClose, r.Result)
		}
		if !strings.Contains(r.Result, row.says) {
			t.Errorf("%s: the result says %q", row.name, r.Result)
		}
		code, _, _ := naive.Close(m.Frames[len(m.Frames)-1].Payload)
		if m.Frames[len(m.Frames)-1].Opcode != play.OpClose || code != row.code || !r.FailedByMe {
			t.Errorf("%s: closed with %d, want %d", row.name, code, row.code)
		}
	}
}

// Ends of a connection, with the time that they take. The timer of the case is
// later than all of them.
func TestSessionEnds(t *testing.T) {
	echo := func(then func(m *mate.Mate)) func(*mate.Mate) {
		return func(m *mate.Mate) {
			m.Send(m.Message(0))
			then(m)
		}
	}
	invalid := func(payload string) func(*mate.Mate) {
		return func(m *mate.Mate) {
			m.AwaitClose()
			m.Send(play.Whole(play.OpClose, payload))
			m.AwaitEnd()
		}
	}
	for _, row := range []struct {
		name          string
		judged        verdict.Role
		peer          func(*mate.Mate)
		behavior, end verdict.Verdict
		took          time.Duration
		flag          func(r *verdict.Result) bool // what has to be set
	}{
		{"a server that does well", verdict.Server, echo(func(m *mate.Mate) { m.Answer(1000) }), verdict.OK, verdict.OK, 0, func(r *verdict.Result) bool { return r.WasClean && r.WhyNotClean == nil }},
		{"a client that does well", verdict.Client, echo(func(m *mate.Mate) { m.Answer(1000) }), verdict.OK, verdict.OK, 0, func(r *verdict.Result) bool { return r.WasClean && r.DroppedByMe }},
		{"TCP ends", verdict.Server, func(*mate.Mate) {}, verdict.Failed, verdict.Failed, 0, func(r *verdict.Result) bool { return r.WhyNotClean != nil }},
		{"TCP ends after the message", verdict.Server, echo((*mate.Mate).AwaitClose), verdict.OK, verdict.Unclean, 0, func(r *verdict.Result) bool { return r.WhyNotClean != nil }},
		{"no Close frame", verdict.Server, echo((*mate.Mate).AwaitEnd), verdict.OK, verdict.Unclean, play.CloseTimeout, func(r *verdict.Result) bool { return r.CloseTimeout && r.DroppedByMe }},
		{"no Close frame from a client", verdict.Client, echo((*mate.Mate).AwaitEnd), verdict.OK, verdict.Unclean, play.CloseTimeout, func(r *verdict.Result) bool { return r.CloseTimeout }},
		{"a server that keeps TCP", verdict.Server, echo(func(m *mate.Mate) {
			m.AwaitClose()
			m.SendClose(1000)
			m.AwaitEnd()
		}), verdict.OK, verdict.Unclean, play.DropTimeout, func(r *verdict.Result) bool { return r.DropTimeout && r.DroppedByMe }},
		{"a reserved code", verdict.Server, echo(invalid(mate.ClosePayload(1005, ""))), verdict.OK, verdict.Unclean, 0, func(r *verdict.Result) bool { return r.FailedByMe && *r.RemoteCloseCode == 1005 }},
		{"a Close frame of one byte", verdict.Client, echo(invalid("x")), verdict.OK, verdict.Unclean, 0, func(r *verdict.Result) bool { return r.FailedByMe && r.RemoteCloseCode == nil }},
		{"a reason that is not UTF-8", verdict.Server, echo(invalid(mate.ClosePayload(1000, "\xff"))), verdict.OK, verdict.Unclean, 0, func(r *verdict.Result) bool { return r.FailedByMe && r.RemoteCloseReason == nil }},
	} {
		r, _ := mate.Play(t, row.judged, caseOf(t, row.judged, "1.1.6"), "", row.peer)
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
	r, m := mate.Play(t, verdict.Server, caseOf(t, verdict.Server, "1.1.2"), "", func(m *mate.Mate) {
		m.Send(play.Ping("are you there?"))
		m.Send(m.Message(0))
		m.Answer(1000)
	})
	answers := 0
	for _, f := range m.Frames {
		if f.Opcode == play.OpPong && string(f.Payload) == "are you there?" {
			answers++
		}
	}
	if answers != 1 || r.Behavior != verdict.OK || r.BehaviorClose != verdict.OK {
		t.Errorf("%d Pongs, %s, %s", answers, r.Behavior, r.BehaviorClose)
	}
}

// What comes is the same however it is cut.
func TestSessionReassembles(t *testing.T) {
	for _, judged := range []verdict.Role{verdict.Server, verdict.Client} {
		for _, size := range []int{1, 2, 3, 7, 1000} {
			r, _ := mate.Play(t, judged, caseOf(t, judged, "5.6"), "", func(m *mate.Mate) {
				m.Message(0)
				var all []byte
				for _, f := range []naive.Frame{play.Pong("ping payload"), play.Part(play.Text("fragment1")), play.Ping(""), play.Continuation("fragment2")} {
					f.Masked, f.Key = judged == verdict.Client, [4]byte{9, 8, 7, 6}
					all = append(all, naive.Encode(f)...)
				}
				for len(all) > 0 {
					n := min(size, len(all))
					m.Conn.Write(all[:n])
					all = all[n:]
				}
				m.Answer(1000)
			})
			if r.Behavior != verdict.OK || r.BehaviorClose != verdict.OK {
				t.Errorf("%v in pieces of %d: %s, %s: %s", judged, size, r.Behavior, r.BehaviorClose, r.Result)
			}
		}
	}
}

// A flood fills no memory: the wire log ends, and so does what is kept of the messages.
func TestSessionFloods(t *testing.T) {
	for _, row := range []struct {
		name   string
		flood  naive.Frame
		kept   int // at most so many events
		result string
	}{
		{"Pings", play.Ping(""), 0, ""},
		{"messages", play.Text("no"), 5000, "The peer floods"},
	} {
		r, _ := mate.Play(t, verdict.Server, caseOf(t, verdict.Server, "1.1.2"), "", func(m *mate.Mate) {
			for range 60_000 {
				m.Send(row.flood)
			}
			m.AwaitClose()
			m.SendClose(1001)
		})
		if len(r.Wirelog) > 10_001 || len(r.Wirelog) != len(r.Times) || len(r.Received) > row.kept {
			t.Errorf("%s: %d entries, %d times, %d events", row.name, len(r.Wirelog), len(r.Times), len(r.Received))
		}
		if r.Behavior != verdict.Failed || !strings.Contains(r.Result, row.result) {
			t.Errorf("%s: %s, %s", row.name, r.Behavior, r.Result)
		}
	}
}

// A peer that sends more messages than an exchange has. It is a fault, and no end of the suite.
func TestExchangeSurplus(t *testing.T) {
	for _, row := range []struct {
		name   string
		sends  func(echo naive.Frame) []naive.Frame
		result string
	}{
		{"an echo twice", func(echo naive.Frame) []naive.Frame { return []naive.Frame{echo, echo} }, "More messages came back than were sent."},
		{"other messages", func(naive.Frame) []naive.Frame {
			return []naive.Frame{play.Text("no"), play.Text("no"), play.Text("no")}
		}, "Message 1: The echo has 2 bytes, 7 were sent."},
	} {
		c := &play.Case{ID: "x", Offer: &play.Negotiation{Raw: play.DeflateName}, Begin: func() play.Play {
			return &play.Exchange{Items: func(*play.Session) []play.Item { return []play.Item{{Payload: []byte("message")}} }}
		}}
		r, _ := mate.Play(t, verdict.Server, c, play.DeflateName, func(m *mate.Mate) {
			for _, f := range row.sends(m.Message(0)) {
				m.Send(f)
			}
			m.Answer(1000)
		})
		if r.Behavior != verdict.Failed || r.Result != row.result {
			t.Errorf("%s: %s, %s", row.name, r.Behavior, r.Result)
		}
	}
}

package cases

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// What the RFC does not forbid a peer is not FAILED, and what it does forbid is,
// however slow the peer.

// late has the mate wait before it does something.
func late(d time.Duration, then func(*mate.Mate)) func(*mate.Mate) {
	return func(m *mate.Mate) {
		time.Sleep(d)
		then(m)
	}
}

// refusesWith has the mate fail the connection.
func refusesWith(code int) func(*mate.Mate) {
	return func(m *mate.Mate) {
		m.SendClose(code)
		m.AwaitClose()
		m.LetGo()
	}
}

// echoes has the mate send what it has got so far back, frame by frame but with the
// lengths in the fewest bytes, and then let itself be closed.
func echoes(m *mate.Mate) {
	m.Await(func(frames []mate.SentFrame) bool { return len(frames) > 0 })
	for _, f := range m.SoFar() {
		opcode := f.Opcode
		if opcode == play.OpPing {
			opcode = play.OpPong
		}
		m.Send(whole(opcode, string(f.Payload)))
	}
	m.Answer(1000)
}

// waits has the mate wait for more, and let itself be closed.
func waits(m *mate.Mate) { m.Answer(1001) }

// pinging has the mate send Pings for ever, and nothing else.
func pinging(m *mate.Mate) {
	for range 100 {
		m.Send(ping("alive"))
		time.Sleep(time.Second)
	}
}

func TestAllowed(t *testing.T) {
	const deflating = "permessage-deflate; client_no_context_takeover"
	for _, row := range []struct {
		name    string
		id      string
		timeout time.Duration
		peer    func(*mate.Mate)
		worst   verdict.Verdict
	}{
		// A peer that owes nothing may be silent, whatever -timeout says.
		{"waits for the rest of a frame", "20.6.9", 5 * time.Second, waits, verdict.Informational},
		{"waits for the rest of a frame", "20.6.9", 2 * time.Second, waits, verdict.Informational},
		{"waits for the rest of a message", "20.15.2", 3 * time.Second, waits, verdict.Informational},
		{"refuses late", "20.6.9", 3 * time.Second, late(4*time.Second, func(m *mate.Mate) { m.SendClose(1009) }), verdict.OK},

		// The RFC names no time in which a peer has to fail a connection, or to echo.
		{"fails the connection late", "20.7.8", 10 * time.Second, late(6*time.Second, refusesWith(1002)), verdict.OK},
		{"ends TCP late", "20.5.1", 10 * time.Second, late(6*time.Second, func(*mate.Mate) {}), verdict.OK},
		{"echoes late", "20.7.7", 10 * time.Second, late(6*time.Second, func(m *mate.Mate) {
			m.Send(m.Message(1))
			m.Answer(1000)
		}), verdict.Failed},
		{"echoes late", "20.7.7", 10 * time.Second, late(6*time.Second, func(m *mate.Mate) {
			m.Send(text(hello))
			m.Answer(1000)
		}), verdict.OK},

		// The original gives a large message 100 seconds, and a slow peer says nothing until it has all of it.
		{"echoes 4 MiB late", "9.1.4", 10 * time.Second, late(60*time.Second, echoes), verdict.OK},
		{"echoes 4 MiB too late", "9.1.4", 10 * time.Second, late(101*time.Second, echoes), verdict.Failed},

		// Section 5.2 binds the sender.
		{"takes a long length", "20.6.1", mate.Forever, echoes, verdict.NonStrict},
		{"takes a long length", "20.6.2", mate.Forever, echoes, verdict.NonStrict},
		{"takes a long length", "20.6.3", mate.Forever, echoes, verdict.NonStrict},
		{"takes a long length", "20.6.4", mate.Forever, echoes, verdict.NonStrict},
		{"takes a long length", "20.6.5", mate.Forever, echoes, verdict.NonStrict},
		{"takes a long length", "20.6.6", mate.Forever, echoes, verdict.NonStrict},
		{"takes a long length", "20.6.7", mate.Forever, refusesWith(1000), verdict.NonStrict},
		{"waits for 2^63 bytes", "20.6.8", mate.Forever, waits, verdict.NonStrict},
		{"waits for 2^63 bytes", "20.6.8", 3 * time.Second, waits, verdict.NonStrict},
		{"answers something else", "20.6.1", mate.Forever, func(m *mate.Mate) {
			m.Send(text("?"))
			m.Answer(1000)
		}, verdict.Failed},
		{"takes a long length and is silent", "20.6.1", 3 * time.Second, (*mate.Mate).AwaitEnd, verdict.Failed},

		// Section 5.1: a Close frame is a MAY; section 7.1.7: the code is a SHOULD.
		{"ends TCP", "20.5.1", mate.Forever, func(*mate.Mate) {}, verdict.OK},
		{"ends TCP", "20.7.8", mate.Forever, func(*mate.Mate) {}, verdict.NonStrict},
		{"has its own code", "20.7.8", mate.Forever, refusesWith(1008), verdict.WrongCode},
		{"takes a frame that it must not", "20.5.1", mate.Forever, echoes, verdict.Failed},

		// No section orders an echo and a Pong.
		{"answers the Ping first", "20.9.2", mate.Forever, func(m *mate.Mate) {
			m.Message(0)
			m.Await(func(frames []mate.SentFrame) bool { return len(frames) == 2 })
			m.Send(pong("!"))
			m.Send(bin(string(make([]byte, 300))))
			m.Answer(1000)
		}, verdict.OK},

		// Which code a reply carries is for the peer to say.
		{"does not know 1012", "20.8.1", mate.Forever, refusesWith(1002), verdict.NonStrict},
		{"replies to 1015 with 1000", "20.8.4", mate.Forever, refusesWith(1000), verdict.NonStrict},
		{"sends 1015 back", "20.8.4", mate.Forever, refusesWith(1015), verdict.Failed},
		{"does not read the reason", "20.8.12", mate.Forever, refusesWith(1000), verdict.NonStrict},
		{"sends the broken reason back", "20.8.12", mate.Forever, func(m *mate.Mate) {
			m.AwaitClose()
			m.Send(whole(play.OpClose, mate.ClosePayload(1000, "€"[:2])))
		}, verdict.Failed},

		// No section says when TCP of which one half has ended is given up.
		{"keeps the other half", "20.9.7", mate.Forever, (*mate.Mate).AwaitEnd, verdict.NonStrict},
		{"makes up the rest", "20.9.6", mate.Forever, func(m *mate.Mate) {
			m.Send(text(hello))
			m.AwaitEnd()
		}, verdict.Failed},

		// RFC 7692 names no code for what does not inflate.
		{"refuses with 1011", "20.14.2", mate.Forever, refusesWith(1011), verdict.NonStrict},
		{"takes no bytes for an empty message", "20.14.1", mate.Forever, func(m *mate.Mate) {
			m.Await(func(frames []mate.SentFrame) bool { return len(frames) > 0 })
			m.Send(text(""))
			m.Answer(1000)
		}, verdict.NonStrict},
	} {
		extensions := ""
		if strings.HasPrefix(row.id, "20.14.") {
			extensions = deflating
		}
		r, _ := mate.PlayWithin(t, verdict.Server, caseNamed(t, verdict.Server, row.id), extensions, row.timeout, row.peer)
		if got := r.Worst(); got != row.worst {
			t.Errorf("%s, a server that %s: %s, %s, want %s\n%s %s", row.id, row.name, r.Behavior, r.BehaviorClose, row.worst, r.Result, r.ResultClose)
		}
	}
}

// A peer that goes on as if nothing had been wrong is found out, in bounded time.
func TestNotAllowed(t *testing.T) {
	for _, row := range []struct {
		name, id string
		peer     func(*mate.Mate)
		within   time.Duration
	}{
		{"says nothing", "20.7.8", (*mate.Mate).AwaitEnd, 15 * time.Second},
		{"says nothing", "20.7.7", (*mate.Mate).AwaitEnd, 15 * time.Second},
		{"goes on", "20.12.2", func(m *mate.Mate) {
			m.Await(func(frames []mate.SentFrame) bool { return len(frames) == 2 })
			m.Send(pong(string(m.Frames[1].Payload)))
			m.Answer(1001)
		}, 3 * time.Second},
		{"only asks whether we are there", "20.7.7", pinging, 15 * time.Second},
		{"only asks whether we are there", "20.7.8", pinging, 15 * time.Second},
		{"sends messages for ever", "20.7.7", func(m *mate.Mate) {
			for range 100 {
				m.Send(text("news"))
				time.Sleep(time.Second)
			}
		}, 15 * time.Second},
	} {
		extensions := ""
		if strings.HasPrefix(row.id, "20.12.") {
			extensions = "permessage-deflate; client_no_context_takeover"
		}
		r, _ := mate.PlayWithin(t, verdict.Server, caseNamed(t, verdict.Server, row.id), extensions, 10*time.Second, row.peer)
		if r.Worst() != verdict.Failed || r.Duration > row.within.Milliseconds() {
			t.Errorf("%s, a server that %s: %s, %s after %d ms: %s", row.id, row.name, r.Behavior, r.BehaviorClose, r.Duration, r.Result)
		}
	}
}

// A server that reads 64 MiB steadily is not silent, however long it takes.
func TestSlowReader(t *testing.T) {
	r, _ := mate.PlayUnread(t, caseNamed(t, verdict.Server, "20.15.1"), 3*time.Second, func(conn net.Conn) {
		buf := make([]byte, 64<<10)
		for n := 0; n < beyondAll; {
			some, err := io.ReadFull(conn, buf)
			if n += some; err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond) // 20 s in all
		}
		conn.Write(naive.Encode(whole(play.OpClose, mate.ClosePayload(1009, ""))))
	})
	if r.Worst() != verdict.OK {
		t.Errorf("%s, %s: %s %s", r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
	}
}

package cases

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// notListed is a valid close code that no case accepts.
const notListed = 4998

// checkEndings: the verdicts on peers that answer as the row says, and end the
// connection in every way.
func (f *fact) checkEndings(t *testing.T, judged verdict.Role, cs *play.Case) {
	check := func(what string, events string, behavior, end verdict.Verdict, finish func(m *mate.Mate)) {
		t.Helper()
		if f.informational() {
			behavior, end = verdict.Informational, verdict.Informational
		}
		r, _ := mate.Play(t, judged, cs, "", func(m *mate.Mate) {
			f.answer(t, m, events)
			finish(m)
		})
		if r.Behavior != behavior || r.BehaviorClose != end {
			t.Errorf("%s, %v that %s: %s, %s, want %s, %s\n%s %s", f.id, judged, what, r.Behavior, r.BehaviorClose, behavior, end, r.Result, r.ResultClose)
		}
	}
	fatal := func(is bool, otherwise verdict.Verdict) verdict.Verdict {
		if is {
			return verdict.Failed
		}
		return otherwise
	}
	code := notListed
	ends := func(m *mate.Mate) { m.Answer(code) }
	if !f.suiteCloses {
		ends = func(m *mate.Mate) {
			m.SendClose(code)
			// The suite's reply may be lost in a frame that it has not finished.
			time.Sleep(100 * time.Millisecond)
			m.LetGo()
		}
	}
	check("closes with a code that is not listed", f.ok, fatal(f.fatalCode(), verdict.OK), verdict.WrongCode, ends)
	for _, code = range append(f.codes, play.NoCode) {
		check(fmt.Sprintf("does well and closes with %d", code), f.ok, verdict.OK, verdict.OK, ends)
	}
	if f.lax != "-" {
		check("does not so well", f.lax, verdict.NonStrict, verdict.OK, ends)
	}
	if !f.suiteCloses {
		check("ends TCP", f.ok, verdict.OK, verdict.OK, func(*mate.Mate) {})
		return
	}
	if !f.closesItself() {
		// The suite has not closed yet if the peer closes before it answers.
		check("closes first", "[]", verdict.Failed, verdict.Failed, func(m *mate.Mate) {
			m.SendClose(1000)
			m.AwaitClose()
			m.LetGo()
		})
	}
	unclean := verdict.OK
	if f.mustClean {
		unclean = verdict.Unclean
	}
	check("ends TCP without a Close frame", f.ok, verdict.OK, unclean, (*mate.Mate).AwaitClose)
}

// answer waits for what the row sends, and sends what it expects: the first
// timeout is expected before the second of two waits is over, and so on.
func (f *fact) answer(t *testing.T, m *mate.Mate, events string) {
	if !strings.HasPrefix(events, "[") {
		want := f.sends[0]
		echo := m.Message(0)
		if len(echo.Payload) != len(want.payload) {
			t.Errorf("%s: a message of %d bytes, want %d", f.id, len(echo.Payload), len(want.payload))
		}
		m.Send(echo)
		return
	}
	lead := 300 * time.Millisecond
	for _, s := range f.sends {
		if s.verb == "wait" && !strings.Contains(f.ok, "timeout") {
			lead += s.pause
		}
	}
	list := parseEvents(t, events)
	for _, e := range list {
		if e.Kind == "timeout" {
			lead += time.Second
		}
	}
	time.Sleep(lead)
	for _, e := range list {
		switch {
		case e.Kind == "pong":
			m.Send(pong(string(e.Payload)))
		case e.Kind == "message" && e.Binary:
			m.Send(bin(string(e.Payload)))
		case e.Kind == "message":
			m.Send(text(string(e.Payload)))
		}
	}
}

package autobahn

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// notListed is a valid close code that no case accepts.
const notListed = 4998

// checkEndings: the verdicts on peers that answer as the row says, and end the
// connection in every way.
func (f *fact) checkEndings(t *testing.T, judged Role, cs *Case) {
	check := func(what string, events string, behavior, end Verdict, finish func(m *mate)) {
		t.Helper()
		if f.informational() {
			behavior, end = Informational, Informational
		}
		r, _ := playPiped(t, judged, cs, "", func(m *mate) {
			f.answer(t, m, events)
			finish(m)
		})
		if r.Behavior != behavior || r.BehaviorClose != end {
			t.Errorf("%s, %v that %s: %s, %s, want %s, %s\n%s %s", f.id, judged, what, r.Behavior, r.BehaviorClose, behavior, end, r.Result, r.ResultClose)
		}
	}
	fatal := func(is bool, otherwise Verdict) Verdict {
		if is {
			return Failed
		}
		return otherwise
	}
	code := notListed
	ends := func(m *mate) { m.answer(code) }
	if !f.suiteCloses {
		ends = func(m *mate) {
			m.sendClose(code)
			// The suite's reply may be lost in a frame that it has not finished.
			time.Sleep(100 * time.Millisecond)
			m.letGo()
		}
	}
	check("closes with a code that is not listed", f.ok, fatal(f.fatalCode(), OK), WrongCode, ends)
	for _, code = range append(f.codes, noCode) {
		check(fmt.Sprintf("does well and closes with %d", code), f.ok, OK, OK, ends)
	}
	if f.lax != "-" {
		check("does not so well", f.lax, NonStrict, OK, ends)
	}
	if !f.suiteCloses {
		check("ends TCP", f.ok, OK, OK, func(*mate) {})
		return
	}
	if !f.closesItself() {
		// The suite has not closed yet if the peer closes before it answers.
		check("closes first", "[]", Failed, Failed, func(m *mate) {
			m.sendClose(1000)
			m.awaitClose()
			m.letGo()
		})
	}
	unclean := OK
	if f.mustClean {
		unclean = Unclean
	}
	check("ends TCP without a Close frame", f.ok, OK, unclean, (*mate).awaitClose)
}

// answer waits for what the row sends, and sends what it expects: the first
// timeout is expected before the second of two waits is over, and so on.
func (f *fact) answer(t *testing.T, m *mate, events string) {
	if !strings.HasPrefix(events, "[") {
		want := f.sends[0]
		echo := m.message(0)
		if len(echo.Payload) != len(want.payload) {
			t.Errorf("%s: a message of %d bytes, want %d", f.id, len(echo.Payload), len(want.payload))
		}
		m.send(echo)
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
			m.send(pong(string(e.Payload)))
		case e.Kind == "message" && e.Binary:
			m.send(bin(string(e.Payload)))
		case e.Kind == "message":
			m.send(text(string(e.Payload)))
		}
	}
}

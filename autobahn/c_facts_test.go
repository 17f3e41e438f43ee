package autobahn

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// testdata/cases.tsv was taken from the original's source, by a reader other than
// the author of this package. Every row is held against the case as it is played.
func TestFactsOrder(t *testing.T) {
	all := facts(t)
	if len(all) != 517 {
		t.Fatalf("%d rows", len(all))
	}
	for _, role := range []Role{Server, Client} {
		cases := Cases(role)
		for i, f := range all {
			if c := cases[i]; c.ID != f.id || c.Index != f.index || f.index != i+1 {
				t.Errorf("%v: number %d is %s, index %d; the original has %s, %d", role, i+1, c.ID, c.Index, f.id, f.index)
			}
		}
	}
}

// TestFacts plays each case with a peer that is silent, one that does as the row
// says, and peers that end the connection in other ways.
func TestFacts(t *testing.T) {
	byChapter := map[string][]fact{}
	for _, f := range facts(t) {
		chapter, _, _ := strings.Cut(f.id, ".")
		byChapter[chapter] = append(byChapter[chapter], f)
	}
	for chapter, rows := range byChapter {
		t.Run("chapter "+chapter, func(t *testing.T) {
			t.Parallel()
			for _, f := range rows {
				for _, role := range []Role{Server, Client} {
					cs := Cases(role)[f.index-1]
					switch {
					case f.sends[0].times > 0:
						f.checkRounds(t, role, cs)
					case f.size < 512<<10:
						f.checkSilent(t, role, cs)
						f.checkEndings(t, role, cs)
					case role == Client:
						// What is large is the same for both, and masks take their time.
						f.checkSilent(t, role, cs)
					}
				}
			}
		})
	}
}

// A wanted is a frame that a row has the suite send.
type wanted struct {
	naive.Frame
	chop int
	sync bool
}

// wants are the frames of a row, and how many bytes of them are sent before
// each of its pauses, and in all.
func (f *fact) wants(judged Role) (frames []wanted, sizes []int, pauses []time.Duration) {
	total := 0
	add := func(s sent, opcode byte, fin bool, payload []byte) {
		w := wanted{rsv(s.rsv, naive.Frame{FIN: fin, Opcode: opcode, Payload: payload}), s.chop, s.sync}
		frames = append(frames, w)
		total += headerSize(len(payload), judged) + len(payload)
	}
	for _, s := range f.sends {
		switch {
		case s.verb == "wait":
			sizes, pauses = append(sizes, total), append(pauses, s.pause)
		case s.verb == "frame-header":
			frames = append(frames, wanted{Frame: naive.Frame{Opcode: opText}})
			total += headerSize(s.total, judged)
		case s.verb == "part":
			frames[0].Payload = append(frames[0].Payload, s.payload...)
			total += len(s.payload)
		case s.most > 0:
			// The original ends with an empty frame when all are full. The table's
			// number of frames does without it, its reports have it.
			opcode, rest := opcodeOf(s.verb), s.payload
			for len(rest) >= s.most {
				add(s, opcode, false, rest[:s.most])
				opcode, rest = opContinuation, rest[s.most:]
			}
			add(s, opcode, true, rest)
		default:
			add(s, opcodeOf(s.verb), !s.more, s.payload)
		}
	}
	return frames, append(sizes, total), pauses
}

func opcodeOf(verb string) byte {
	named := map[string]byte{
		"cont": opContinuation, "text": opText, "bin": opBinary, "close": opClose, "ping": opPing, "pong": opPong,
	}
	if opcode, ok := named[verb]; ok {
		return opcode
	}
	var opcode byte
	fmt.Sscanf(verb, "op%d", &opcode)
	return opcode
}

func headerSize(n int, judged Role) int {
	f := naive.Frame{Length: uint64(n), Masked: judged == Server}
	return len(naive.Encode(f))
}

// closesItself reports whether the row's sends end the connection.
func (f *fact) closesItself() bool {
	return f.suiteCloses && slices.ContainsFunc(f.sends, func(s sent) bool { return s.verb == "close" })
}

// informational, fatalEnd, fatalCode and offer are what notes say.
func (f *fact) informational() bool { return strings.HasPrefix(f.notes, "always INFORMATIONAL") }
func (f *fact) fatalEnd() bool      { return f.notes == "behavior FAILED if the suite had to close" }
func (f *fact) fatalCode() bool     { return f.notes == "wrong close code => behavior FAILED too" }

// timing is the timer of a row.
func (f *fact) timing(t *testing.T) (kills bool, after time.Duration) {
	what, when, _ := strings.Cut(f.timer, "@")
	after, err := time.ParseDuration(when)
	if err != nil {
		t.Fatal(err)
	}
	return pick(t, what, "kill", "close"), after
}

// checkSilent: what is sent when nothing comes, when, in what pieces, and how the
// suite then ends the connection.
func (f *fact) checkSilent(t *testing.T, judged Role, cs *Case) {
	r, m := playPiped(t, judged, cs, "", (*mate).awaitEnd)
	name := fmt.Sprintf("%s, %v is silent", f.id, judged)
	frames, sizes, pauses := f.wants(judged)
	f.checkCounts(t, name, frames)
	if len(m.frames) < len(frames) {
		t.Errorf("%s: %d frames, want %d", name, len(m.frames), len(frames))
		return
	}
	for i, want := range frames {
		got := m.frames[i]
		if got.FIN != want.FIN || got.Opcode != want.Opcode || rsvOf(got.Frame) != rsvOf(want.Frame) ||
			got.Masked != (judged == Server) || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("%s: frame %d is %s, want %s", name, i, inShort(got.Frame), inShort(want.Frame))
			return
		}
		m.checkPieces(t, name, got, want)
	}
	f.checkLog(t, name, r, frames)
	// The spacing of bytes that are sent by themselves is what is added.
	const spacing = 400 * time.Millisecond
	var at time.Duration
	for i, n := range sizes[:len(pauses)] {
		at += pauses[i]
		if got := m.sentBefore(at); got != n {
			t.Errorf("%s: %d bytes in the first %v, want %d", name, got, at, n)
		}
	}
	if last := len(frames) - 1; m.frames[last].at < at || m.frames[last].at > at+spacing {
		t.Errorf("%s: all is sent in %v, want %v", name, m.frames[last].at, at)
	}
	f.checkTimer(t, name, r, m.frames[len(frames):], at)
	f.checkExpectations(t, name, r)
	f.checkSilentVerdicts(t, name, judged, r)
}

// checkCounts holds the frames that the row's text stands for against its numbers.
func (f *fact) checkCounts(t *testing.T, name string, frames []wanted) {
	n, msgs, size, coded := len(frames), 0, 0, 0
	for _, w := range frames {
		size += len(w.Payload)
		if w.Opcode == opText || w.Opcode == opBinary {
			msgs++
		}
	}
	for _, s := range f.sends {
		if s.most > 0 && len(s.payload)%s.most == 0 {
			n-- // see wants
		}
		if s.coded {
			coded += 2 // the table counts a code without a reason in 7.9 and 7.13 only
		}
	}
	if f.closesItself() && corrections[f.id][0] != "" {
		coded = size
	}
	if n != f.frames || msgs != f.msgs || size != f.size && size-coded != f.size {
		t.Errorf("%s: the row has %d frames, %d messages, %d bytes; its text %d, %d, %d", name, f.frames, f.msgs, f.size, n, msgs, size-coded)
	}
}

func inShort(f naive.Frame) string {
	return fmt.Sprintf("{opcode %d, FIN %t, RSV %03b, %d bytes %.40q}", f.Opcode, f.FIN, rsvOf(f), len(f.Payload), f.Payload)
}

// checkPieces holds the Writes that a frame came in against how it has to come.
func (m *mate) checkPieces(t *testing.T, name string, got sentFrame, want wanted) {
	if want.chop == 0 && !want.sync {
		return
	}
	size := got.end - got.start
	if want.chop > 0 {
		size = want.chop
	}
	first, _ := slices.BinarySearchFunc(m.writes, got.start, func(a arrival, at int) int { return a.end - at })
	var ends []int
	for _, w := range m.writes[first:] {
		if w.end > got.end {
			break
		}
		ends = append(ends, w.end)
	}
	expect := []int{got.start}
	for at := got.start; at < got.end; {
		at = min(at+size, got.end)
		expect = append(expect, at)
	}
	if got.start == 0 {
		expect = expect[1:]
	}
	if !slices.Equal(ends, expect) {
		t.Errorf("%s: %s comes in pieces that end at %d, want %d", name, inShort(got.Frame), ends, expect)
	}
}

// checkLog: the log tells of pieces as they were; that frames were not kept apart
// cannot be seen elsewhere.
func (f *fact) checkLog(t *testing.T, name string, r *Result, frames []wanted) {
	if r.ReportTime || f.sends[0].verb == "frame-header" {
		return
	}
	i := 0
	for _, e := range r.Wirelog {
		if e.Kind == logTxFrame && i < len(frames) {
			if e.Chop != frames[i].chop || e.Sync != frames[i].sync {
				t.Errorf("%s: frame %d is sent in pieces of %d, apart %t; want %d, %t", name, i, e.Chop, e.Sync, frames[i].chop, frames[i].sync)
			}
			i++
		}
	}
}

// sentBefore is how many bytes came before a time.
func (m *mate) sentBefore(at time.Duration) (n int) {
	for _, w := range m.writes {
		if w.at < at {
			n = w.end
		}
	}
	return n
}

// checkTimer: what the suite does when time is up, measured from the last pause.
func (f *fact) checkTimer(t *testing.T, name string, r *Result, left []sentFrame, from time.Duration) {
	kills, after := f.timing(t)
	if f.sends[0].times == 0 && r.CreateWirelog && !r.ReportTime {
		kind := map[bool]string{true: logKillAfter, false: logCloseAfter}[kills]
		set := 0
		for _, e := range r.Wirelog {
			if e.Kind == logKillAfter || e.Kind == logCloseAfter {
				set++
				if e.Kind != kind || e.Delay != after.Seconds() {
					t.Errorf("%s: the timer is %s %v s, want %s", name, e.Kind, e.Delay, f.timer)
				}
			}
		}
		if set != 1 {
			t.Errorf("%s: %d timers", name, set)
		}
	}
	if f.closesItself() {
		if len(left) > 0 || r.Duration != (from+closeTimeout).Milliseconds() {
			t.Errorf("%s: closed after %d ms, %d frames left", name, r.Duration, len(left))
		}
		return
	}
	payload := ""
	if kills {
		payload = closePayload(1001, "Going Away")
	}
	if len(left) != 1 || left[0].Opcode != opClose || string(left[0].Payload) != payload || left[0].at != from+after {
		t.Errorf("%s: at the end come %v, want %s %v after %v", name, left, f.timer, after, from)
	}
	if r.FailedByMe != kills {
		t.Errorf("%s: failedByMe is %t, the timer %s", name, r.FailedByMe, f.timer)
	}
}

// checkExpectations: the report says what the row says.
func (f *fact) checkExpectations(t *testing.T, name string, r *Result) {
	known := f.notes == "" || f.informational() || f.fatalEnd() || f.fatalCode() || offersForm.MatchString(f.notes) ||
		// Ours is compared: see TestCompare.
		f.notes == "echoed content is not compared, only type and length"
	if !known {
		t.Errorf("%s: a note that nobody looks at: %q", name, f.notes)
	}
	want := ExpectedClose{f.codes, f.suiteCloses, f.mustClean}
	if got := r.ExpectedClose; !slices.Equal(got.Codes, want.Codes) || got.ByMe != want.ByMe || got.RequireClean != want.RequireClean {
		t.Errorf("%s: expected close is %+v, want %+v", name, got, want)
	}
	if strings.HasPrefix(f.ok, "[") {
		if got := r.Expected[OK]; !sameEvents(got, parseEvents(t, f.ok)) {
			t.Errorf("%s: OK is %v, want %s", name, got, f.ok)
		}
	}
	got, strict := r.Expected[NonStrict]
	if strict != (f.lax != "-") || strict && !sameEvents(got, parseEvents(t, f.lax)) {
		t.Errorf("%s: NON-STRICT is %v, want %s", name, got, f.lax)
	}
}

// checkSilentVerdicts: nothing came, and the suite had to end the connection.
func (f *fact) checkSilentVerdicts(t *testing.T, name string, judged Role, r *Result) {
	behavior, end := Failed, Failed
	timeouts := []Event{}
	if strings.Contains(f.ok, "timeout-A") {
		timeouts = parseEvents(t, "[timeout-A timeout-B]")
	}
	switch {
	case !strings.HasPrefix(f.ok, "["):
	case sameEvents(timeouts, parseEvents(t, f.ok)):
		behavior = OK
	case f.lax != "-" && sameEvents(timeouts, parseEvents(t, f.lax)):
		behavior = NonStrict
	}
	switch {
	case f.suiteCloses && f.mustClean:
		end = Unclean
	case f.suiteCloses && judged == Server:
		end = FailedByClient
	case f.suiteCloses:
		end = OK
	case f.fatalEnd():
		behavior = Failed
	}
	if f.informational() {
		behavior, end = Informational, Informational
	}
	if r.Behavior != behavior || r.BehaviorClose != end {
		t.Errorf("%s: %s, %s, want %s, %s", name, r.Behavior, r.BehaviorClose, behavior, end)
	}
}

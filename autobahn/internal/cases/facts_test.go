package cases

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// testdata/cases.tsv was taken from the original's source, by a reader other than
// the author of this package. Every row is held against the case as it is played.
func TestFactsOrder(t *testing.T) {
	all := facts(t)
	if len(all) != 517 {
		t.Fatalf("%d rows", len(all))
	}
	for _, role := range []verdict.Role{verdict.Server, verdict.Client} {
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
				for _, role := range []verdict.Role{verdict.Server, verdict.Client} {
					cs := Cases(role)[f.index-1]
					switch {
					case f.sends[0].times > 0:
						f.checkRounds(t, role, cs)
					case f.size < 512<<10:
						f.checkSilent(t, role, cs)
						f.checkEndings(t, role, cs)
					case role == verdict.Client:
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
func (f *fact) wants(judged verdict.Role) (frames []wanted, sizes []int, pauses []time.Duration) {
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
			frames = append(frames, wanted{Frame: naive.Frame{Opcode: play.OpText}})
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
				opcode, rest = play.OpContinuation, rest[s.most:]
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
		"cont": play.OpContinuation, "text": play.OpText, "bin": play.OpBinary, "close": play.OpClose, "ping": play.OpPing, "pong": play.OpPong,
	}
	if opcode, ok := named[verb]; ok {
		return opcode
	}
	var opcode byte
	fmt.Sscanf(verb, "op%d", &opcode)
	return opcode
}

func headerSize(n int, judged verdict.Role) int {
	f := naive.Frame{Length: uint64(n), Masked: judged == verdict.Server}
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
func (f *fact) checkSilent(t *testing.T, judged verdict.Role, cs *play.Case) {
	r, m := mate.Play(t, judged, cs, "", (*mate.Mate).AwaitEnd)
	name := fmt.Sprintf("%s, %v is silent", f.id, judged)
	frames, sizes, pauses := f.wants(judged)
	f.checkCounts(t, name, frames)
	if len(m.Frames) < len(frames) {
		t.Errorf("%s: %d frames, want %d", name, len(m.Frames), len(frames))
		return
	}
	for i, want := range frames {
		got := m.Frames[i]
		if got.FIN != want.FIN || got.Opcode != want.Opcode || play.RSVOf(got.Frame) != play.RSVOf(want.Frame) ||
			got.Masked != (judged == verdict.Server) || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("%s: frame %d is %s, want %s", name, i, inShort(got.Frame), inShort(want.Frame))
			return
		}
		checkPieces(m, t, name, got, want)
	}
	f.checkLog(t, name, r, frames)
	// The spacing of bytes that are sent by themselves is what is added.
	const spacing = 400 * time.Millisecond
	var at time.Duration
	for i, n := range sizes[:len(pauses)] {
		at += pauses[i]
		if got := sentBefore(m, at); got != n {
			t.Errorf("%s: %d bytes in the first %v, want %d", name, got, at, n)
		}
	}
	if last := len(frames) - 1; m.Frames[last].At < at || m.Frames[last].At > at+spacing {
		t.Errorf("%s: all is sent in %v, want %v", name, m.Frames[last].At, at)
	}
	f.checkTimer(t, name, r, m.Frames[len(frames):], at)
	f.checkExpectations(t, name, r)
	f.checkSilentVerdicts(t, name, judged, r)
}

// checkCounts holds the frames that the row's text stands for against its numbers.
func (f *fact) checkCounts(t *testing.T, name string, frames []wanted) {
	n, msgs, size, coded := len(frames), 0, 0, 0
	for _, w := range frames {
		size += len(w.Payload)
		if w.Opcode == play.OpText || w.Opcode == play.OpBinary {
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
	return fmt.Sprintf("{opcode %d, FIN %t, RSV %03b, %d bytes %.40q}", f.Opcode, f.FIN, play.RSVOf(f), len(f.Payload), f.Payload)
}

// checkPieces holds the Writes that a frame came in against how it has to come.
func checkPieces(m *mate.Mate, t *testing.T, name string, got mate.SentFrame, want wanted) {
	if want.chop == 0 && !want.sync {
		return
	}
	size := got.End - got.Start
	if want.chop > 0 {
		size = want.chop
	}
	first, _ := slices.BinarySearchFunc(m.Writes, got.Start, func(a mate.Arrival, at int) int { return a.End - at })
	var ends []int
	for _, w := range m.Writes[first:] {
		if w.End > got.End {
			break
		}
		ends = append(ends, w.End)
	}
	expect := []int{got.Start}
	for at := got.Start; at < got.End; {
		at = min(at+size, got.End)
		expect = append(expect, at)
	}
	if got.Start == 0 {
		expect = expect[1:]
	}
	if !slices.Equal(ends, expect) {
		t.Errorf("%s: %s comes in pieces that end at %d, want %d", name, inShort(got.Frame), ends, expect)
	}
}

// checkLog: the log tells of pieces as they were; that frames were not kept apart
// cannot be seen elsewhere.
func (f *fact) checkLog(t *testing.T, name string, r *verdict.Result, frames []wanted) {
	if r.ReportTime || f.sends[0].verb == "frame-header" {
		return
	}
	i := 0
	for _, e := range r.Wirelog {
		if e.Kind == verdict.LogTxFrame && i < len(frames) {
			if e.Chop != frames[i].chop || e.Sync != frames[i].sync {
				t.Errorf("%s: frame %d is sent in pieces of %d, apart %t; want %d, %t", name, i, e.Chop, e.Sync, frames[i].chop, frames[i].sync)
			}
			i++
		}
	}
}

// sentBefore is how many bytes came before a time.
func sentBefore(m *mate.Mate, at time.Duration) (n int) {
	for _, w := range m.Writes {
		if w.At < at {
			n = w.End
		}
	}
	return n
}

// checkTimer: what the suite does when time is up, measured from the last pause.
func (f *fact) checkTimer(t *testing.T, name string, r *verdict.Result, left []mate.SentFrame, from time.Duration) {
	kills, after := f.timing(t)
	if f.sends[0].times == 0 && r.CreateWirelog && !r.ReportTime {
		kind := map[bool]string{true: verdict.LogKillAfter, false: verdict.LogCloseAfter}[kills]
		set := 0
		for _, e := range r.Wirelog {
			if e.Kind == verdict.LogKillAfter || e.Kind == verdict.LogCloseAfter {
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
		if len(left) > 0 || r.Duration != (from+play.CloseTimeout).Milliseconds() {
			t.Errorf("%s: closed after %d ms, %d frames left", name, r.Duration, len(left))
		}
		return
	}
	payload := ""
	if kills {
		payload = mate.ClosePayload(1001, "Going Away")
	}
	if len(left) != 1 || left[0].Opcode != play.OpClose || string(left[0].Payload) != payload || left[0].At != from+after {
		t.Errorf("%s: at the end come %v, want %s %v after %v", name, left, f.timer, after, from)
	}
	if r.FailedByMe != kills {
		t.Errorf("%s: failedByMe is %t, the timer %s", name, r.FailedByMe, f.timer)
	}
}

// checkExpectations: the report says what the row says.
func (f *fact) checkExpectations(t *testing.T, name string, r *verdict.Result) {
	known := f.notes == "" || f.informational() || f.fatalEnd() || f.fatalCode() || offersForm.MatchString(f.notes) ||
		// Ours is compared: see TestCompare.
		f.notes == "echoed content is not compared, only type and length"
	if !known {
		t.Errorf("%s: a note that nobody looks at: %q", name, f.notes)
	}
	want := verdict.ExpectedClose{Codes: f.codes, ByMe: f.suiteCloses, RequireClean: f.mustClean}
	if got := r.ExpectedClose; !slices.Equal(got.Codes, want.Codes) || got.ByMe != want.ByMe || got.RequireClean != want.RequireClean {
		t.Errorf("%s: expected close is %+v, want %+v", name, got, want)
	}
	if strings.HasPrefix(f.ok, "[") {
		if got := r.Expected[verdict.OK]; !verdict.SameEvents(got, parseEvents(t, f.ok)) {
			t.Errorf("%s: OK is %v, want %s", name, got, f.ok)
		}
	}
	got, strict := r.Expected[verdict.NonStrict]
	if strict != (f.lax != "-") || strict && !verdict.SameEvents(got, parseEvents(t, f.lax)) {
		t.Errorf("%s: NON-STRICT is %v, want %s", name, got, f.lax)
	}
}

// checkSilentVerdicts: nothing came, and the suite had to end the connection.
func (f *fact) checkSilentVerdicts(t *testing.T, name string, judged verdict.Role, r *verdict.Result) {
	behavior, end := verdict.Failed, verdict.Failed
	timeouts := []verdict.Event{}
	if strings.Contains(f.ok, "timeout-A") {
		timeouts = parseEvents(t, "[timeout-A timeout-B]")
	}
	switch {
	case !strings.HasPrefix(f.ok, "["):
	case verdict.SameEvents(timeouts, parseEvents(t, f.ok)):
		behavior = verdict.OK
	case f.lax != "-" && verdict.SameEvents(timeouts, parseEvents(t, f.lax)):
		behavior = verdict.NonStrict
	}
	switch {
	case f.suiteCloses && f.mustClean:
		end = verdict.Unclean
	case f.suiteCloses && judged == verdict.Server:
		end = verdict.FailedByClient
	case f.suiteCloses:
		end = verdict.OK
	case f.fatalEnd():
		behavior = verdict.Failed
	}
	if f.informational() {
		behavior, end = verdict.Informational, verdict.Informational
	}
	if r.Behavior != behavior || r.BehaviorClose != end {
		t.Errorf("%s: %s, %s, want %s, %s", name, r.Behavior, r.BehaviorClose, behavior, end)
	}
}

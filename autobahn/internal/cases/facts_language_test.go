package cases

import (
	"bytes"
	"encoding/hex"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A fact is a row of testdata/cases.tsv: what the original does in a case.
type fact struct {
	index                  int
	id                     string
	frames, msgs, size     int
	sends                  []sent
	timer                  string
	ok, lax                string
	suiteCloses, mustClean bool
	codes                  []int
	notes                  string
}

// A sent is an element of the column sends.
type sent struct {
	verb    string // text, cont, ping, op3, close, wait, part, frame-header, and the like
	more    bool   // without FIN
	payload []byte
	rsv     int
	chop    int
	sync    bool
	most    int // bytes of a frame
	coded   bool
	pause   time.Duration
	times   int    // sent that many times, each after the echo of the one before
	length  int    // of each, when the payload comes from a file
	file    string // that the payload comes from
	total   int    // of a frame-header
}

var (
	sentFrameForm = regexp.MustCompile(`^(?:(\d+) x )?(text|bin|cont|ping|pong|close|op\d+|part)(-?)\((.*?)\)((?:\[[a-z]+(?:=\d+)?\])*)(?: in (\d+) frames of <=(\d+))?(, each after the echo of the one before)?$`)
	sentFileForm  = regexp.MustCompile(`^(\d+) x (text|bin) msg of (\d+) (?:chars|B) from (\S+), each sent after the echo of the one before(?:, auto-fragment (\d+))?$`)
	sentWaitForm  = regexp.MustCompile(`^wait (\d+)s(?: \[timeout ([AB])\])?$`)
	sentHeadForm  = regexp.MustCompile(`^frame-header\(len=(\d+)\)$`)
	closeForm     = regexp.MustCompile(`^code=(None|\d+)(?:, reason=(.*))?$`)
	modifierForm  = regexp.MustCompile(`\[([a-z]+)(?:=(\d+))?\]`)
	eventForm     = regexp.MustCompile(`^(text|bin|pong)\((.*?)\)( |$)|^timeout-([AB])( |$)`)
	repeatForm    = regexp.MustCompile(`^(\d+)\*(?:'(.)'|0x(..))$`)
	beginForm     = regexp.MustCompile(`^(\d+)B:0x([0-9a-f]+)\.\.$`)
)

// corrections are rows that do not say all that the original's source, and the
// frames in its own reports, do: a Close frame carries a reason, and a long text
// is not what its first 32 bytes are, again and again.
var corrections = map[string][2]string{
	"7.3.4": {"close(code=1000)", "close(code=1000, reason='Hello World!')"},
	"7.3.5": {"close(code=1000)", "close(code=1000, reason=123*'*')"},
	"6.12.8": {
		"text(63B:0x808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f..)",
		"text(0x808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbe)",
	},
	"6.13.1": {
		"text(62B:0xc020c120c220c320c420c520c620c720c820c920ca20cb20cc20cd20ce20cf20..)",
		"text(0xc020c120c220c320c420c520c620c720c820c920ca20cb20cc20cd20ce20cf20d020d120d220d320d420d520d620d720d820d920da20db20dc20dd20de20)",
	},
}

func facts(t *testing.T) (all []fact) {
	t.Helper()
	file, err := os.ReadFile("testdata/cases.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(file)), "\n")[1:] {
		c := strings.Split(line, "\t")
		if len(c) != 13 {
			t.Fatalf("%d columns: %q", len(c), line)
		}
		f := fact{
			index: atoi(t, c[0]), id: c[1], frames: atoi(t, c[2]), msgs: atoi(t, c[3]), size: atoi(t, c[4]),
			timer: c[6], ok: c[7], lax: c[8],
			suiteCloses: pick(t, c[9], "suite", "peer"), mustClean: pick(t, c[11], "yes", "no"), notes: c[12],
		}
		for _, code := range strings.Split(strings.TrimSuffix(c[10], " or none"), ",") {
			f.codes = append(f.codes, atoi(t, code))
		}
		if fix, ok := corrections[f.id]; ok {
			if c[5] != fix[0] {
				t.Errorf("%s: the table says %s, and needs no correction any more", f.id, c[5])
			}
			c[5] = fix[1]
		}
		for _, s := range strings.Split(c[5], "; ") {
			f.sends = append(f.sends, parseSent(t, s))
		}
		all = append(all, f)
	}
	return all
}

func parseSent(t *testing.T, s string) sent {
	if m := sentWaitForm.FindStringSubmatch(s); m != nil {
		return sent{verb: "wait", pause: time.Duration(atoi(t, m[1])) * time.Second}
	}
	if m := sentHeadForm.FindStringSubmatch(s); m != nil {
		return sent{verb: "frame-header", total: atoi(t, m[1])}
	}
	if m := sentFileForm.FindStringSubmatch(s); m != nil {
		return sent{verb: m[2], times: atoi(t, m[1]), length: atoi(t, m[3]), file: m[4], most: atoi(t, "0"+m[5])}
	}
	m := sentFrameForm.FindStringSubmatch(s)
	if m == nil {
		t.Fatalf("cannot read %q", s)
	}
	one := sent{verb: m[2], more: m[3] != "", most: atoi(t, "0"+m[7]), times: atoi(t, "0"+m[1])}
	if (one.times > 0) != (m[8] != "") {
		t.Fatalf("cannot read %q", s)
	}
	if c := closeForm.FindStringSubmatch(m[4]); one.verb == "close" && c != nil {
		code := play.NoCode
		if c[1] != "None" {
			code = atoi(t, c[1])
			one.coded = c[2] == ""
		}
		reason := ""
		if c[2] != "" {
			reason = string(parsePayload(t, c[2]))
		}
		one.payload = []byte(mate.ClosePayload(code, reason))
	} else {
		one.payload = parsePayload(t, m[4])
	}
	for _, mod := range modifierForm.FindAllStringSubmatch(m[5], -1) {
		switch mod[1] {
		case "rsv":
			one.rsv = atoi(t, mod[2])
		case "chop":
			one.chop = atoi(t, mod[2])
		case "sync":
			one.sync = true
		default:
			t.Fatalf("cannot read %q", s)
		}
	}
	return one
}

// parsePayload reads 'text', 0xhex, 125*'x', 125*0xfe, and 300B:0xhex.. of which
// the table has the first 32 bytes; what follows them is taken to go on like it.
func parsePayload(t *testing.T, s string) []byte {
	if m := repeatForm.FindStringSubmatch(s); m != nil {
		unit := []byte(m[2])
		if m[3] != "" {
			unit = unhex(t, m[3])
		}
		return bytes.Repeat(unit, atoi(t, m[1]))
	}
	if m := beginForm.FindStringSubmatch(s); m != nil {
		n, begin := atoi(t, m[1]), unhex(t, m[2])
		period := 1
		for !bytes.Equal(begin[period:], begin[:len(begin)-period]) {
			period++
		}
		return bytes.Repeat(begin[:period], n/period+1)[:n]
	}
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		return unhex(t, rest)
	}
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		t.Fatalf("cannot read the payload %q", s)
	}
	return []byte(s[1 : len(s)-1])
}

// parseEvents reads the columns expect_OK and expect_NONSTRICT.
func parseEvents(t *testing.T, s string) []verdict.Event {
	list, ok := strings.CutPrefix(s, "[")
	list, closed := strings.CutSuffix(list, "]")
	if !ok || !closed {
		t.Fatalf("cannot read %q", s)
	}
	events := []verdict.Event{}
	for list != "" {
		m := eventForm.FindStringSubmatch(list)
		if m == nil {
			t.Fatalf("cannot read %q of %q", list, s)
		}
		switch m[1] {
		case "":
			events = append(events, verdict.Event{Kind: "timeout", Payload: []byte(m[4])})
		case "pong":
			events = append(events, gotPong(string(parsePayload(t, m[2]))))
		default:
			events = append(events, verdict.Event{Kind: "message", Payload: parsePayload(t, m[2]), Binary: m[1] == "bin"})
		}
		list = list[len(m[0]):]
	}
	return events
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// pick reports whether s is yes; it has to be that or no.
func pick(t *testing.T, s, yes, no string) bool {
	t.Helper()
	if s != yes && s != no {
		t.Fatalf("%q is neither %q nor %q", s, yes, no)
	}
	return s == yes
}

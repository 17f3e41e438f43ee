package fuzz_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/fuzz/internal/steps"
)

// slack is what is counted beside the work on the input: messages of errors, which
// quote some of it, and what happens once.
const slack = 4 << 10

// counter is built once. Every process of a fuzzing run has its own.
var counter = sync.OnceValues(func() (*steps.Counter, error) { return steps.Start("..", nil) })

// growth tells of work that more than doubles when its input does: prefix, n units,
// suffix. It returns the counts.
func growth(c *steps.Counter, work, prefix, unit, suffix string, n int) (once, twice uint64, linear bool, err error) {
	if once, err = c.Count(work, prefix+strings.Repeat(unit, n)+suffix); err != nil {
		return 0, 0, false, err
	}
	twice, err = c.Count(work, prefix+strings.Repeat(unit, 2*n)+suffix)
	return once, twice, twice <= 2*once+slack, err
}

func wantLinear(tb testing.TB, c *steps.Counter, work, prefix, unit, suffix string) {
	tb.Helper()
	// The slack must not hide a square: the larger input has at least 16 Ki octets.
	n := max(1, (8<<10)/max(1, len(unit)))
	once, twice, linear, err := growth(c, work, prefix, unit, suffix, n)
	if err != nil {
		tb.Fatalf("%s of %q, %d times %q, %q: %v", work, prefix, n, unit, suffix, err)
	}
	if !linear {
		tb.Errorf("%s of %q, %q, %q: %d steps for %d times, %d for twice as many", work, prefix, unit, suffix, once, n, twice)
	}
}

// stepRows are what lists and heads are made of.
var stepRows = []struct{ prefix, unit, suffix string }{
	{"", ",", "a"},
	{"a", " ", "; b"},
	{"", " ,\t", "a"},
	{"", "a", ""},
	{`a; b="`, "a", `"`},
	{`a; b="`, `\a`, `"`},
	{`a; b="`, `\"`, ""},
	{"", "a,", ""},
	{"", "permessage-deflate, ", "x"},
	{"a", ";a", ""},
	{"a", `;a="a"`, ""},
	{"", ", a\n", ""},
	{"", "\n", "a"},
	{"", "a/b, ", "upgrade"},
	{"http://", "a.", "b"},
	{"http://[", "1:", "]"},
	{"http://", "a", ".example.com:1"},
	{"http://", "*.", "example.com"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "a", ""},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "a:b\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "a:\r\n", "\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Host: a\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Connection: a, b\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Sec-WebSocket-Extensions: a; b=c\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Sec-WebSocket-Protocol: a\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\nX: ", " \t", "b\r\n\r\n"},
	{"GET /", "%41", " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"GET http://a/", "a?", " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"GET http://", "a.", " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"", "\r\n", ""},
	{"GET / HTTP/1.1", "\r\n\r", ""},
}

// FuzzSteps: when an input is doubled, work at most doubles, counted in steps of an
// instrumented package handshake. Time would depend on the machine.
func FuzzSteps(f *testing.F) {
	seeds.Need(f, stepRows, 30)
	for i, row := range stepRows {
		for work := range steps.Works {
			if i%2 == work%2 || testing.Short() {
				continue
			}
			f.Add(uint8(work), row.prefix, row.unit, row.suffix)
		}
	}
	for i, e := range seeds.Extensions() {
		f.Add(uint8(i%5), "a", e, "")
	}
	f.Fuzz(func(t *testing.T, work uint8, prefix, unit, suffix string) {
		if len(prefix)+len(unit)+len(suffix) > 2<<10 || unit == "" {
			return
		}
		c, err := counter()
		if err != nil {
			t.Fatal(err)
		}
		wantLinear(t, c, steps.Works[int(work)%len(steps.Works)], prefix, unit, suffix)
	})
}

// Every row with every work, and strings of the grammar, by chance.
func TestStepsAreLinear(t *testing.T) {
	c, err := counter()
	if err != nil {
		t.Fatal(err)
	}
	for _, work := range steps.Works {
		for _, row := range stepRows {
			wantLinear(t, c, work, row.prefix, row.unit, row.suffix)
		}
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	words := []string{",", ";", "=", " ", "\t", `"`, `\`, "a", "b1", "permessage-deflate", "client_max_window_bits", "\r\n", "\r", "\n", ":", "/", "upgrade", "Host: a", "[", "%"}
	some := func(most int) string {
		var out strings.Builder
		for range random.IntN(most) {
			out.WriteString(words[random.IntN(len(words))])
		}
		return out.String()
	}
	n := 500
	if testing.Short() {
		n = 100
	}
	for range n {
		work, prefix := steps.Works[random.IntN(len(steps.Works))], some(4)
		if random.IntN(3) == 0 {
			prefix = "GET / HTTP/1.1\r\nHost: a\r\n" + prefix
		}
		wantLinear(t, c, work, prefix, some(6)+words[random.IntN(len(words))], some(4))
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

// A parser that looks at everything again for every element is found.
func TestStepsFindASquare(t *testing.T) {
	for _, row := range []struct{ why, from, to, work, prefix, unit string }{
		{"a loop", "c.skip(); c.rest != \"\"; c.skip() {\n\t\t\tif c.take(',')", "c.skip(); c.rest != \"\"; c.skip() {\n\t\t\tfor range c.rest {\n\t\t\t}\n\t\t\tif c.take(',')", "extensions", "", ","},
		{"a search", "if i := strings.IndexByte(list, ','); i >= 0 {", "if strings.Contains(list, \"\\x00\") {\n\t\treturn \"\", \"\"\n\t}\n\tif i := strings.IndexByte(list, ','); i >= 0 {", "lists", "", "a,"},
		{"a head begun again", "\tif p.seen == 0 {\n\t\tif n = p.whole", "\tif true {\n\t\tif n = p.whole", "trickle", "GET / HTTP/1.1\r\n", "a:b\r\n"},
	} {
		c, err := steps.Start("..", map[string]string{row.from: row.to})
		if err != nil {
			t.Fatal(err)
		}
		once, twice, linear, err := growth(c, row.work, row.prefix, row.unit, "", (8<<10)/len(row.unit))
		if err != nil || linear {
			t.Errorf("%s is taken for linear: %d steps, %d for twice as much; %v", row.why, once, twice, err)
		}
	}
}

package steps

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func wantLinear(t *testing.T, c *Counter, work string, row Row) {
	t.Helper()
	once, twice, linear, err := c.Growth(work, row, row.Units())
	if err != nil || !linear {
		t.Errorf("%s of %+q: %d steps for %d units, %d for twice as many; %v", work, row, once, row.Units(), twice, err)
	}
}

// Every row with every work, and strings of the grammar, by chance.
func TestStepsAreLinear(t *testing.T) {
	c, err := Start("../../..", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, work := range Works {
		for _, row := range Rows {
			wantLinear(t, c, work, row)
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
		work, prefix := Works[random.IntN(len(Works))], some(4)
		if random.IntN(3) == 0 {
			prefix = "GET / HTTP/1.1\r\nHost: a\r\n" + prefix
		}
		wantLinear(t, c, work, Row{prefix, some(6) + words[random.IntN(len(words))], some(4)})
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
		c, err := Start("../../..", map[string]string{row.from: row.to})
		if err != nil {
			t.Fatal(err)
		}
		once, twice, linear, err := c.Growth(row.work, Row{row.prefix, row.unit, ""}, (2<<10)/len(row.unit))
		if err != nil || linear {
			t.Errorf("%s is taken for linear: %d steps, %d for twice as much; %v", row.why, once, twice, err)
		}
	}
}

package handshake

import (
	"strings"
	"testing"
	"time"
)

// wantLinear shows that work grows with its input and not with the square of
// it: sixteen times the input takes less than eighty times the time, where the
// square would take 256 times. The fastest of several runs counts.
func wantLinear(t *testing.T, why string, work func(size int)) {
	t.Helper()
	const size, times, limit = 1 << 12, 16, 80
	fastest := func(size int) time.Duration {
		best := time.Hour
		for range 5 {
			begin := time.Now()
			work(size)
			best = min(best, time.Since(begin))
		}
		return max(best, time.Microsecond)
	}
	var small, large time.Duration
	for range 3 { // a busy machine can be slow at the wrong moment, but not each time
		if small, large = fastest(size), fastest(size*times); large <= small*limit {
			return
		}
	}
	t.Errorf("%s: %v for %d bytes, %v for %d", why, small, size, large, size*times)
}

// "attacks.md: huge Sec-WebSocket-* lists (linear-time parser)"
func TestListsTakeLinearTime(t *testing.T) {
	for _, row := range []struct{ why, prefix, unit, suffix string }{
		{"commas", "", ",", "a"},
		{"spaces", "a", " ", "; b"},
		{"spaces between commas", "", " ,\t", "a"},
		{"one token", "", "a", ""},
		{"one quoted string", `a; b="`, "a", `"`},
		{"escapes", `a; b="`, `\a`, `"`},
		{"string without an end", `a; b="`, `\"`, ""},
		{"extensions", "", "a,", ""},
		{"parameters", "a", ";a", ""},
		{"values", "a", `;a="a"`, ""},
	} {
		inputs := map[int]string{}
		wantLinear(t, row.why, func(size int) {
			if inputs[size] == "" {
				inputs[size] = row.prefix + strings.Repeat(row.unit, size/len(row.unit)) + row.suffix
			}
			line := []string{inputs[size]}
			ParseExtensions(line)
			listHas(line, "x", true)
			selectSubprotocol(line, []string{"x"}, new([]string))
		})
	}
	wantLinear(t, "header lines", func(size int) {
		lines := make([]string, size/8)
		for i := range lines {
			lines[i] = ", a"
		}
		ParseExtensions(lines)
	})
}

// "attacks.md: slow-loris": one byte at a time.
func TestTrickledHeadTakesLinearTime(t *testing.T) {
	for _, row := range []struct{ why, unit string }{
		{"one line", "a"},
		{"many lines", "a:b\r\n"},
		{"almost ends", "a:\r\n"},
	} {
		inputs := map[int][]byte{}
		wantLinear(t, row.why, func(size int) {
			if inputs[size] == nil {
				inputs[size] = []byte("GET / HTTP/1.1\r\n" + strings.Repeat(row.unit, size/len(row.unit)))
			}
			head := inputs[size]
			p := RequestParser{Limits: Limits{HeaderBytes: 1 << 30, Fields: 1 << 30}}
			var r Request
			for n := range head {
				if n, refusal := p.Parse(head[:n], &r); n != 0 || refusal != nil {
					t.Fatalf("%s: %d, %v", row.why, n, refusal)
				}
			}
		})
	}
}

package h2

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// outcome is what an endpoint says and writes when it is shown bytes, and how it ends.
type outcome struct {
	lines  []string
	output []string
}

// FuzzReceive shows both ends whatever bytes. However they are cut, the same events come and the
// same frames are written, all of which another implementation reads; and what is kept stays
// within bounds.
func FuzzReceive(f *testing.F) {
	none := &testing.T{}
	client := settled(none, Client, Config{})
	for _, flood := range floods {
		for _, role := range flood.to {
			f.Add(role == Server, flood.one(floodRig(none, role)), uint64(3))
		}
	}
	req := client.head(1, 0, connectFields...)
	f.Add(true, slices.Concat(req, dataFrame(1, 0, "abc"), dataFrame(1, FlagEndStream|FlagPadded, "\x01abc\x00"), resetOf(1, Cancel)), uint64(1))
	f.Add(true, slices.Concat(raw(TypeHeaders, 0, 1, req[9:12]...), raw(TypeContinuation, FlagEndHeaders, 1, req[12:]...)), uint64(2))
	f.Add(false, slices.Concat(client.head(1, 0, ":status: 200"), dataFrame(1, 0, "abc"), update(1, 100), goAwayOf(1, NoError, "x")), uint64(5))
	f.Fuzz(func(t *testing.T, server bool, in []byte, seed uint64) {
		role := Client
		if server {
			role = Server
		}
		whole := receiveFuzzed(t, role, in, nil)
		bytewise := receiveFuzzed(t, role, in, func(int) int { return 1 })
		random := rand.New(rand.NewPCG(seed, 0))
		pieces := receiveFuzzed(t, role, in, func(left int) int { return 1 + random.IntN(left) })
		for _, other := range []outcome{bytewise, pieces} {
			if !slices.Equal(whole.lines, other.lines) || !slices.Equal(whole.output, other.output) {
				t.Fatalf("whole: %q\n%q\nin pieces: %q\n%q", whole.lines, whole.output, other.lines, other.output)
			}
		}
	})
}

// receiveFuzzed shows in to an end that has a stream open (1), and as a client a second one
// that waits (3). Nothing is consumed, and everything is answered.
func receiveFuzzed(t *testing.T, role Role, in []byte, cut func(left int) int) (o outcome) {
	r := settled(t, role, Config{MaxStreams: 3})
	r.opened()
	if role == Client {
		if _, err := r.Open(requestHead(), nil); err != nil {
			t.Fatal(err)
		}
	}
	for first := true; first || len(in) > 0; first = false {
		n := len(in)
		if cut != nil && n > 0 {
			n = cut(n)
		}
		o.lines = append(o.lines, r.receiveAll(bytes.Clone(in[:n]))...)
		in = in[n:]
		if len(r.gathered) > MaxFrameSize || len(r.blocks.partial) > DefaultHeadBytes || r.InUse() > 3 || r.outbox.pending() > 1<<17 {
			t.Fatalf("%d bytes are gathered, %d of a block, %d streams, %d to be written", len(r.gathered), len(r.blocks.partial), r.InUse(), r.outbox.pending())
		}
	}
	o.lines = joined(o.lines)
	o.output = r.output()
	if r.Err() != nil && !strings.HasPrefix(o.output[len(o.output)-1], "GOAWAY ") {
		t.Fatalf("the last words are %q", o.output)
	}
	return o
}

// joined makes one line of DATA that came in parts.
func joined(lines []string) (out []string) {
	for _, line := range lines {
		last := len(out) - 1
		head, text, ok := strings.Cut(line, ` "`)
		if ok && strings.HasPrefix(line, "received ") && last >= 0 && strings.HasPrefix(out[last], head+` "`) {
			before, _ := strconv.Unquote(out[last][len(head)+1:])
			more, _ := strconv.Unquote(`"` + text)
			out[last] = fmt.Sprintf("%s %q", head, before+more)
			continue
		}
		out = append(out, line)
	}
	return out
}

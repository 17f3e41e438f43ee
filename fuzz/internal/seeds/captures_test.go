package seeds

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/internal/naive"
)

var opcodes = [16]string{0: "cont", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

// The frames in the captures are those that an independent decoder found, each
// where it found it.
func TestCaptures(t *testing.T) {
	tables, err := filepath.Glob("testdata/captures/*.frames.tsv")
	if err != nil {
		t.Fatal(err)
	}
	Need(t, tables, 10)
	streams, heads := map[string]Stream{}, map[string]int{}
	for _, s := range captured().streams {
		streams[s.Name] = s
	}
	for _, h := range captured().requests {
		heads[h.Name+".client"] = len(h.Data)
	}
	for _, h := range captured().responses {
		heads[h.Name+".server"] = len(h.Data)
	}
	checked := 0
	for _, table := range tables {
		capture := strings.TrimSuffix(filepath.Base(table), ".frames.tsv")
		content, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{} // rows of a stream, as described by row
		for i, line := range strings.Split(strings.TrimSpace(string(content)), "\n") {
			f := strings.Split(line, "\t")
			if i == 0 {
				continue
			}
			end := map[string]string{"c2s": "client", "s2c": "server"}[f[1]]
			name := capture + "." + end
			if _, several := streams[capture+"-"+f[0]+"."+end]; several {
				name = capture + "-" + f[0] + "." + end
			}
			want[name] = append(want[name], strings.Join(f[3:11], " "))
		}
		for name, rows := range want {
			s, kept := streams[name]
			if !kept {
				if name != "big-mtu1500.client" {
					t.Errorf("%s is not here", name)
				}
				continue
			}
			delete(streams, name)
			got := rowsOf(t, s, heads[name])
			for i := range max(len(rows), len(got)) {
				if i >= len(rows) || i >= len(got) || rows[i] != got[i] {
					t.Fatalf("%s: frame %d of %d, want %d\n got %q\nwant %q", name, i, len(got), len(rows), got[min(i, len(got)):], rows[min(i, len(rows)):])
				}
				checked++
			}
		}
	}
	for name := range streams {
		t.Errorf("no table has %s", name)
	}
	if checked < 300 {
		t.Errorf("only %d frames were compared", checked)
	}
	t.Logf("%d frames", checked)
}

// rowsOf describes the frames as *.frames.tsv does, from the offset on.
func rowsOf(t *testing.T, s Stream, head int) (rows []string) {
	t.Helper()
	flag := func(b bool, value int) int {
		if b {
			return value
		}
		return 0
	}
	at := 0
	for at < len(s.Data) {
		f, n := naive.Decode(s.Data[at:])
		if n == 0 {
			t.Fatalf("%s: %d bytes are no frame", s.Name, len(s.Data)-at)
		}
		if rules := naive.Broken(f, s.FromClient, s.Deflate); len(rules) > 0 {
			t.Errorf("%s: frame at %d breaks %q", s.Name, at, rules)
		}
		key := ""
		if f.Masked {
			key = hex.EncodeToString(f.Key[:])
		}
		rows = append(rows, strings.Join([]string{
			strconv.Itoa(head + at), strconv.Itoa(flag(f.FIN, 1)),
			strconv.Itoa(flag(f.RSV1, 4) + flag(f.RSV2, 2) + flag(f.RSV3, 1)),
			opcodes[f.Opcode], strconv.Itoa(flag(f.Masked, 1)), strconv.Itoa(len(f.Payload)),
			key, fmt.Sprintf("%x", sha256.Sum256(f.Payload)),
		}, " "))
		at += n
	}
	return rows
}

// Every source has what it should have, and heads are whole.
func TestSources(t *testing.T) {
	Need(t, Streams(), 1000)
	Need(t, Requests(), 100)
	Need(t, Responses(), 80)
	Need(t, Texts(), 200)
	Need(t, Deflated(), 100)
	Need(t, Extensions(), 50)
	for _, h := range gather(captured().requests, captured().responses) {
		if !bytes.HasSuffix(h.Data, []byte("\r\n\r\n")) || bytes.Count(h.Data, []byte("\r\n\r\n")) != 1 {
			t.Errorf("%s is not a head", h.Name)
		}
	}
	deflated := 0
	for _, s := range captured().streams {
		if s.Deflate {
			deflated++
		}
	}
	if deflated < 10 {
		t.Errorf("%d streams of captures are compressed", deflated)
	}
}

// recorder is a testing.TB that fails without ending anything.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Fatalf(format string, args ...any) { r.said = fmt.Sprintf(format, args...) }

// A target without seeds fails: were testdata gone, nobody would notice otherwise.
func TestNoSeedsFail(t *testing.T) {
	r := &recorder{}
	Need(r, []Stream(nil), 1)
	if r.said == "" {
		t.Error("Need is content with nothing")
	}
	for _, broken := range []string{"request 1.1.1", "request 1.1.1 !", "nothing 1.1.1 AAAA"} {
		if _, err := parseCases(broken); err == nil {
			t.Errorf("%q is taken for a case", broken)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("gather is content with a source that is empty")
		}
	}()
	gather(Streams(), nil)
}

package corpus

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// The data must never change unnoticed: results of two versions of the suite
// are compared.
func TestPayloadsStay(t *testing.T) {
	for _, row := range []struct {
		Corpus           func() *Corpus
		size             int
		sum              string
		least, most      float64 // compressed by the fastest level, in per cent
		two, three, four bool
	}{
		{JSON, 194056, "dc7f155a7d3936b0c805b014c8e439f8432c55a995c302582d7e13c376f7b72b", 3, 9, true, true, true},
		{Image, 263222, "3c6ae5ca1d9324f6761e71e14247b2841f146f86d4e34a8d2dea49578c7376f0", 70, 90, false, false, false},
		{Prose, 222218, "a9a262c9989222bb26dab3a6f1c1643de6e38f8039c8a338b40417b63255d7a3", 38, 55, false, false, false},
		{HTML, 263647, "48d700164484a9b2eca843daa9d2580c688d68d039cae57beecdf32b46833889", 4, 10, true, true, true},
		{Document, 1042328, "558d41d307d1dbce14d1a9d109a5c8a9e19c3dc6f76745f59dc01b118a262308", 70, 85, false, false, false},
	} {
		c := row.Corpus()
		if len(c.Data) != row.size {
			t.Errorf("%s: %d bytes, want %d", c.Name, len(c.Data), row.size)
		}
		sum := sha256.Sum256(c.Data)
		if got := hex.EncodeToString(sum[:]); got != row.sum {
			t.Errorf("%s: SHA-256 %s, want %s", c.Name, got, row.sum)
		}
		if c.Binary == utf8.Valid(c.Data) {
			t.Errorf("%s: binary %t, but UTF-8 %t", c.Name, c.Binary, utf8.Valid(c.Data))
		}
		var compressed bytes.Buffer
		w, _ := flate.NewWriter(&compressed, flate.BestSpeed)
		_, _ = w.Write(c.Data)
		_ = w.Close()
		if ratio := 100 * float64(compressed.Len()) / float64(row.size); ratio < row.least || ratio > row.most {
			t.Errorf("%s: compresses to %.1f %%, want %v to %v", c.Name, ratio, row.least, row.most)
		} else {
			t.Logf("%s: compresses to %.1f %%", c.Name, ratio)
		}
		if c.Binary {
			continue
		}
		var seen [5]bool
		for _, r := range string(c.Data) {
			seen[utf8.RuneLen(r)] = true
		}
		if seen[2] != row.two || seen[3] != row.three || seen[4] != row.four {
			t.Errorf("%s: characters of 2, 3, 4 bytes %v", c.Name, seen[2:])
		}
		if len(c.characters) != utf8.RuneCount(c.Data) {
			t.Errorf("%s: %d characters, want %d", c.Name, len(c.characters), utf8.RuneCount(c.Data))
		}
	}
}

func TestPayloadsJSONIsJSON(t *testing.T) {
	var record map[string]any
	p := JSON().Data
	p = p[bytes.IndexByte(p, '[')+1:]
	if err := json.NewDecoder(bytes.NewReader(p)).Decode(&record); err != nil || record["name"] == nil {
		t.Errorf("first record %v: %v", record, err)
	}
}

func TestPayloadsCut(t *testing.T) {
	for _, c := range []*Corpus{JSON(), Image(), Prose(), HTML(), Document()} {
		total := c.length()
		for _, n := range []int{1, 7, 16, 64, 256, 1024, 65536, 131072, total - 1, total, total + 1, 2*total + 3} {
			pieces := min(200, 3+2*total/n)
			var got []byte
			for i := range pieces {
				head := len(got)
				got = c.Cut(got, i, n)
				piece := got[head:]
				if c.Binary && len(piece) != n || !c.Binary && (utf8.RuneCount(piece) != n || !utf8.Valid(piece)) {
					t.Fatalf("%s: piece %d of %d: %d bytes, %d characters, UTF-8 %t", c.Name, i, n, len(piece), utf8.RuneCount(piece), utf8.Valid(piece))
				}
			}
			want := bytes.Repeat(c.Data, 1+len(got)/len(c.Data))[:len(got)]
			if !bytes.Equal(got, want) {
				t.Errorf("%s: pieces of %d are not the text", c.Name, n)
			}
		}
		// Far on it is still a piece, and what dst holds stays.
		if got := c.Cut([]byte("before"), 1_000_003, 131_072); !bytes.HasPrefix(got, []byte("before")) || len(got) < 131_072 {
			t.Errorf("%s: piece 1000003 has %d bytes", c.Name, len(got))
		}
	}
}

package http2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/internal/h2"
)

// sender encodes field blocks as some client does.
type sender struct {
	bytes.Buffer
	*hpack.Encoder
}

func newSender() *sender {
	s := &sender{}
	s.Encoder = hpack.NewEncoder(&s.Buffer)
	return s
}

func (s *sender) block(fields ...string) []byte {
	s.Reset()
	for _, f := range fields {
		at := strings.Index(f[1:], ":") + 1
		_ = s.WriteField(hpack.HeaderField{Name: f[:at], Value: f[at+1:]})
	}
	return bytes.Clone(s.Bytes())
}

func decode(t *testing.T, b *Fields, block []byte) string {
	t.Helper()
	b.Add(block[:len(block)/2])
	b.Add(block[len(block)/2:])
	list, whole, err := b.End()
	if err != nil || !whole {
		t.Fatalf("%v, %v", whole, err)
	}
	return words(list)
}

func words(list []h2.Field) string {
	var w []string
	for _, f := range list {
		w = append(w, f.Name+"="+f.Value)
	}
	return strings.Join(w, " ")
}

// What was added to the table after a gap is known, what was before it is not, and nothing is
// ever taken for something else.
func TestFieldsAfterAGap(t *testing.T) {
	s := newSender()
	first := s.block(":method:CONNECT", ":protocol:websocket", ":path:/one", "x-early:1")
	var known Fields
	if got := decode(t, &known, first); got != ":method=CONNECT :protocol=websocket :path=/one x-early=1" {
		t.Error(got)
	}
	var late Fields
	late.Lose()
	for _, test := range []struct{ fields, want string }{
		{":method:CONNECT :protocol:websocket :path:/two x-late:2 x-early:3", "?=? ?=? :path=/two x-late=2 ?=3"},
		{":method:CONNECT :protocol:websocket :path:/two x-late:2 x-late:4", "?=? ?=? :path=/two x-late=2 x-late=4"},
		{":method:GET :path:/two x-late:4 x-early:1", ":method=GET :path=/two x-late=4 ?=?"},
	} {
		block := s.block(strings.Fields(test.fields)...)
		if got := decode(t, &late, block); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
		if got := decode(t, &known, block); got != strings.ReplaceAll(strings.Join(eq(strings.Fields(test.fields)), " "), "\x00", ":") {
			t.Errorf("without a gap: %s", got)
		}
	}
	if Known([]h2.Field{{Name: Unknown, Value: "x"}}) || !Known([]h2.Field{{Name: "a", Value: Unknown}}) {
		t.Error("a field is unknown by its name")
	}
}

// eq writes a field as words does.
func eq(fields []string) (w []string) {
	for _, f := range fields {
		at := strings.Index(f[1:], ":") + 1
		w = append(w, f[:at]+"="+f[at+1:])
	}
	return w
}

// A block that does not decode costs the table, and no more.
func TestFieldsBroken(t *testing.T) {
	var b Fields
	s := newSender()
	decode(t, &b, s.block("x-a:1"))
	b.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x7f})
	b.Add([]byte{0x82})
	if _, _, err := b.End(); err == nil || !b.lost {
		t.Errorf("%v", err)
	}
	if got := decode(t, &b, s.block("x-a:1", "x-b:2")); got != "?=? x-b=2" {
		t.Error(got)
	}
	b.Add([]byte{0x40, 5, 'a'})
	if _, _, err := b.End(); err == nil {
		t.Error("a block that is cut short")
	}
}

// The list and the table are bounded, whatever comes.
func TestFieldsBounds(t *testing.T) {
	var b Fields
	s := newSender()
	s.SetMaxDynamicTableSizeLimit(maxTable)
	s.SetMaxDynamicTableSize(maxTable)
	long := strings.Repeat("v", 60_000)
	for i := range 40 {
		b.Add(s.block(fmt.Sprintf("x-%d:%s", i, long)))
		if _, _, err := b.End(); err != nil {
			t.Fatal(err)
		}
	}
	if w := b.Weight(); w < 15*60_000 || w > perByte*maxTable+100_000 {
		t.Errorf("it weighs %d", w)
	}
	b.Add(bytes.Repeat([]byte{0x80 | 62}, 1<<20)) // the same field a million times
	list, whole, err := b.End()
	if whole || err != nil || len(list) != 1 {
		t.Errorf("%d fields, %v, %v", len(list), whole, err)
	}
	b.Add([]byte{0x40, 1, 'a', 0x7f, 0xff, 0xff, 0x7f})
	if _, _, err := b.End(); err == nil {
		t.Error("a string of two million bytes")
	}
	b.Add([]byte{0x3f, 0xe2, 0xff, 0x7f}) // a table of two million
	if _, _, err := b.End(); err == nil {
		t.Error("a table that is too large")
	}
}

// The size that a block sets is read as HPACK's decoder does.
func TestTableSize(t *testing.T) {
	for block, want := range map[string]int{
		"": 0, "\x82": 0, "\x20": 0, "\x3e": 30, "\x3f\x00": 31, "\x3f\xe1\x1f": 4096, "\x3f\xe1\xff\x03": 65536,
		"\x3f": maxTable, "\x3f\xe1": maxTable, "\x3f\xff\xff\xff\x7f": maxTable,
	} {
		if got := tableSize([]byte(block)); got != want {
			t.Errorf("% x: %d, want %d", block, got, want)
		}
	}
}

// FuzzFields compares one who has seen all blocks with one who has missed some.
func FuzzFields(f *testing.F) {
	s := newSender()
	var script []byte
	for _, block := range [][]byte{s.block(":method:GET", "a:b"), s.block(":method:CONNECT", "a:b", "c:d"), s.block("c:d", "e:f", "a:b")} {
		script = append(append(script, byte(len(block))), block...)
	}
	f.Add(script, 1)
	f.Add([]byte{3, 0x3f, 0xe1, 0x1f, 2, 0x82, 0xbe}, 0)
	f.Fuzz(func(t *testing.T, script []byte, missed int) {
		var all, late Fields
		late.Lose()
		for i := 0; len(script) > 0; i++ {
			n := min(int(script[0]), len(script)-1)
			block := script[1 : 1+n]
			script = script[1+n:]
			all.Add(block)
			want, whole, err := all.End()
			if err != nil || !whole {
				return // what is true is not known
			}
			if i < missed {
				continue
			}
			late.Add(block)
			got, _, err := late.End()
			if err != nil {
				if strings.Contains(err.Error(), "size update") { // it depends on whether the table has anything
					return
				}
				t.Fatalf("block %d: %v", i, err)
			}
			if len(got) != len(want) {
				t.Fatalf("block %d: %v, want %v", i, got, want)
			}
			for k := range got {
				if g, w := got[k], want[k]; g != w && g != (h2.Field{Name: Unknown, Value: Unknown}) && g != (h2.Field{Name: Unknown, Value: w.Value}) {
					t.Fatalf("block %d: %q, want %q", i, g, w)
				}
			}
		}
	})
}

package h2

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Field blocks may be cut anywhere, and nothing may come between (RFC 9113 §4.3, §6.10).
func TestContinuation(t *testing.T) {
	for _, step := range []int{0, 1, 10} {
		r := settled(t, Server, Config{})
		r.step = step
		block := r.encode(connectFields...)
		first := raw(TypeHeaders, FlagEndStream, 1, block[:3]...)
		r.hears("a head in three", slices.Concat(first,
			raw(TypeContinuation, 0, 1, block[3:10]...), raw(TypeContinuation, FlagEndHeaders, 1, block[10:]...)), "requested 1 at end")
		block = r.encode(connectFields...)
		r.hears("a head with padding, a priority and an empty rest", slices.Concat(
			raw(TypeHeaders, FlagPadded|FlagPriority, 3, slices.Concat([]byte{2, 0, 0, 0, 0, 9}, block, []byte{0, 0})...),
			raw(TypeContinuation, FlagEndHeaders, 3)), "requested 3")
	}
	r := settled(t, Server, Config{})
	r.step = 7
	r.hears("a large head in parts", r.head(1, 0, append(slices.Clone(connectFields), "x: "+strings.Repeat("a", 10000))...), "requested 1")
	if cap(r.gathered) > keptGathered {
		t.Errorf("%d bytes are kept", cap(r.gathered))
	}
	for _, test := range []struct {
		why  string
		in   []byte
		want string
	}{
		{"another frame inside", dataFrame(1, 0, "x"), "broken PROTOCOL_ERROR 6.10"},
		{"an unknown frame inside", raw(0x77, 0, 1), "broken PROTOCOL_ERROR 6.10"},
		{"HEADERS inside", raw(TypeHeaders, FlagEndHeaders, 1), "broken PROTOCOL_ERROR 6.10"},
		{"CONTINUATION of another stream", raw(TypeContinuation, FlagEndHeaders, 3), "broken PROTOCOL_ERROR 6.10"},
		{"too many of them", slices.Repeat(raw(TypeContinuation, 0, 1), minContinuations+1), "broken ENHANCE_YOUR_CALM "},
		{"too much in them", slices.Repeat(raw(TypeContinuation, 0, 1, make([]byte, 8192)...), 3), "broken ENHANCE_YOUR_CALM "},
		{"what does not decode", raw(TypeContinuation, FlagEndHeaders, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "broken COMPRESSION_ERROR 4.3"},
		{"what is cut short", raw(TypeContinuation, FlagEndHeaders, 1, 0x40), "broken COMPRESSION_ERROR 4.3"},
	} {
		r := settled(t, Server, Config{})
		r.hears(test.why, slices.Concat(raw(TypeHeaders, 0, 1), test.in), test.want)
		if cap(r.blocks.partial) > 2*DefaultHeadBytes {
			t.Errorf("%s: %d bytes are kept", test.why, cap(r.blocks.partial))
		}
	}
	r = settled(t, Server, Config{})
	r.hears("CONTINUATION without HEADERS", raw(TypeContinuation, FlagEndHeaders, 1), "broken PROTOCOL_ERROR 6.10")
	r = settled(t, Server, Config{})
	r.hears("HEADERS without its priority", raw(TypeHeaders, FlagPriority|FlagEndHeaders, 1), "broken FRAME_SIZE_ERROR 6.2")
}

// A few bytes that stand for a large list (HPACK bomb): the list is not made, the stream is
// refused, and the table stays what the peer thinks it is.
func TestHeaderBomb(t *testing.T) {
	r := settled(t, Server, Config{})
	large := "x: " + strings.Repeat("a", 3000)
	bomb := r.encode(slices.Concat(connectFields, []string{large})...)
	again := r.encode(large) // by now one byte: an index
	if len(again) != 1 {
		t.Fatalf("% x", again)
	}
	for range 10000 {
		bomb = append(bomb, again...)
	}
	r.hears("a bomb", raw(TypeHeaders, FlagEndHeaders, 1, bomb...), "refused 1 ENHANCE_YOUR_CALM 10.5.1")
	if list, ok, err := r.blocks.decode(bytes.Repeat(again, 10000)); len(list) > 10 || ok || err != nil {
		t.Errorf("%d fields, %v", len(list), err)
	}
	r.writes("an answer", "RST_STREAM 1 ENHANCE_YOUR_CALM")
	r.hears("the next one", r.head(3, 0, connectFields...), "requested 3")
	r.hears("the large field by its index", r.head(5, 0, append(slices.Clone(connectFields), large)...), "requested 5")
	if got := r.streams[5]; got == nil {
		t.Error("no stream")
	}

	r.hears("a string that is too large by itself", raw(TypeHeaders, FlagEndHeaders, 7, r.encode("x: "+strings.Repeat("a", 17000))...), "broken COMPRESSION_ERROR 4.3")
}

// A table that was empty for a moment has lost what was in it, and the peer's has (RFC 7541 §4.2).
func TestTableResized(t *testing.T) {
	r := settled(t, Client, Config{})
	for _, settings := range [][]byte{nil, settingsOf(1, 0, 1, 4096), settingsOf(1, 100), settingsOf(1, 1<<31)} {
		if settings != nil {
			r.hears("another table", settings, "settled")
			r.output()
			for id, value := range settingsIn(settings[FrameHeaderSize:]) {
				if id == SettingHeaderTableSize {
					r.decoder.SetAllowedMaxDynamicTableSize(value)
					if value < tableSize {
						r.decoder.SetMaxDynamicTableSize(value) // which drops what does not fit
					}
				}
			}
		}
		for range 3 {
			r.blocks.encoded.Reset()
			head := requestHead()
			head.Fields = fieldsOf("x: y", "another: field of some length")
			if _, err := r.Open(head, nil); err != nil {
				t.Fatal(err)
			}
			if out := r.output(); len(out) != 1 || !strings.HasSuffix(out[0], ":protocol: websocket, x: y, another: field of some length,") {
				t.Fatalf("%q", out)
			}
		}
	}
}

// What we send in several frames, and what is too large for the peer.
func TestOwnHeads(t *testing.T) {
	// The other implementation's Framer checks the order.
	r := settled(t, Client, Config{}, uint32(SettingMaxHeaderList), 400, uint32(SettingHeaderTableSize), 0)
	head := requestHead()
	head.Fields = []Field{{"x", strings.Repeat("~", 200)}}
	if _, err := r.Open(head, nil); err != ErrHeadTooLarge {
		t.Errorf("too large for the peer: %v", err)
	}
	r.hears("a larger limit", settingsOf(6, 1<<31), "settled")
	head.Fields = []Field{{"x", strings.Repeat("~", DefaultHeadBytes)}}
	if _, err := r.Open(head, nil); err != ErrHeadTooLarge {
		t.Errorf("too large for us: %v", err)
	}
	head.Fields = []Field{{"x", strings.Repeat("\x7f", 5000)}} // 28 bits each in Huffman's code: it stays as it is
	st, err := r.Open(head, nil)
	if err != nil || st.State() != AwaitingHead {
		t.Fatal(st, err)
	}
	// "HEADER_TABLE_SIZE": the table of a peer without one stays empty.
	if out := r.output(); len(out) != 2 || !strings.HasPrefix(out[1], "HEADERS 1 :method: CONNECT,") {
		t.Errorf("%q", out)
	}
	if n := r.blocks.encoder.MaxDynamicTableSize(); n != 0 {
		t.Errorf("a table of %d bytes", n)
	}
	for _, bad := range []*Head{
		{}, {Method: "GET"}, {Method: "CONNECT", Scheme: "https", Authority: "a", Path: "/", Protocol: "websocket", Fields: []Field{{"upgrade", "x"}}},
		{Method: "CONNECT", Scheme: "https", Authority: "a", Path: "/", Protocol: "websocket", Fields: []Field{{"x", "a\r\nb"}}},
		{Status: 200},
	} {
		if _, err := r.Open(bad, nil); err == nil {
			t.Errorf("%+v is sent", bad)
		}
	}
	r.writes("of these nothing")
	if r.InUse() != 1 {
		t.Errorf("%d streams", r.InUse())
	}
}

// Blocks above the size of a frame go on in CONTINUATION.
func TestOwnHeadInParts(t *testing.T) {
	r := settled(t, Client, Config{})
	var fields []string
	for i := range 3 {
		fields = append(fields, fmt.Sprintf("x%d: %s", i, strings.Repeat("a", 6000)))
	}
	list := fieldsOf(fields...)
	r.appendHead(1, list)
	out := r.output()
	if len(out) != 1 || !strings.HasPrefix(out[0], "HEADERS 1 x0: aaa") {
		t.Errorf("Huffman's code makes it fit: %.100q", out)
	}
	for i := range list {
		list[i].Value = strings.Repeat("\x01", 6000)
	}
	r.appendHead(1, list)
	if out := r.output(); !slices.Equal(out, []string{"HEADERS 1 to be continued", "CONTINUATION 1"}) {
		t.Errorf("%.100q", out)
	}
}

// RFC 7541 §7.1.3: what is secret does not enter a table.
func TestSensitiveFields(t *testing.T) {
	for _, name := range []string{"authorization", "proxy-authorization", "cookie", "set-cookie", "x"} {
		var b blocks
		b.init(DefaultHeadBytes)
		first := len(b.encode([]Field{{name, "secret value"}}))
		second := len(b.encode([]Field{{name, "secret value"}}))
		if (second == 1) != (name == "x") {
			t.Errorf("%s: %d bytes, then %d", name, first, second)
		}
	}
}

// A larger limit is for both directions, announced, and not more than there may be.
func TestHeadBytes(t *testing.T) {
	const most = 64 << 10
	r := settled(t, Client, Config{HeadBytes: most}, uint32(SettingMaxHeaderList), 1<<20)
	head := requestHead()
	head.Fields = []Field{{"x", strings.Repeat("\x7f", most-1000)}}
	if _, err := r.Open(head, nil); err != nil {
		t.Error(err)
	}
	var frames []byte
	kind := TypeHeaders
	for part := range slices.Chunk(r.encode(":status: 200", "x: "+strings.Repeat("a", most-1000)), 8<<10) {
		frames, kind = append(frames, raw(kind, 0, 1, part...)...), TypeContinuation
	}
	r.hears("a large answer", append(frames, raw(TypeContinuation, FlagEndHeaders, 1)...), "answered 1")
	if c := (Config{HeadBytes: 1 << 31}).withDefaults(); c.HeadBytes != mostHeadBytes {
		t.Errorf("%d bytes", c.HeadBytes)
	}
}

package wire

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
)

const key = "AAECAwQFBgcICQoLDA0ODw" // of the bytes 0 to 15

// rows are messages in JSON, and as they are after reading or why not. Each is read in
// both languages, where JSON can say the same as CBOR.
var rows = []struct {
	json string
	want FromPage
	err  string
}{
	{`{"type":"join","key":"` + key + `","name":"Ann","session":9007199254740991,"attempt":1}`, Join{key, "Ann", MaxInteger, 1}, ""},
	{`{"type":"join","key":"` + key + `","session":1,"attempt":2,"more":[{}]}`, Join{key, "", 1, 2}, ""},
	{`{"type":"signal","to":"0123456789abcdef","session":3,"ack":4}`, Signal{To: "0123456789abcdef", Session: 3, Ack: 4}, ""},
	{`{"type":"signal","to":"0123456789abcdef","ack":0}`, Signal{To: "0123456789abcdef"}, ""},
	{`{"type":"signal","to":"0123456789abcdef"}`, Signal{To: "0123456789abcdef"}, ""},
	{`{"type":"leave"}`, Leave{}, ""},

	{`{}`, nil, "type is missing"},
	{`{"type":"shout"}`, nil, `no message has the type "shout"`},
	{`{"type":1}`, nil, "type: not text"},
	{`{"type":null}`, nil, "type: not text"},
	{`{"Type":"leave"}`, nil, "type is missing"},
	{`[]`, nil, "not a "},
	{`null`, nil, "not a "},
	{`{"type":"join","session":1,"attempt":1}`, nil, "join: key is missing"},
	{`{"type":"join","key":"` + key + `=","session":1,"attempt":1}`, nil, "join: key: not base64url"},
	{`{"type":"join","key":"AAECAwQFBgcICQoLDA0ODx","session":1,"attempt":1}`, nil, "join: key: not base64url"},
	{`{"type":"join","key":"` + key + `\n","session":1,"attempt":1}`, nil, "join: key: not base64url"},
	{`{"type":"join","key":"` + key + `","session":0,"attempt":1}`, nil, "join: session: not an integer from 1"},
	{`{"type":"join","key":"` + key + `","session":9007199254740992,"attempt":1}`, nil, "join: session: not an integer"},
	{`{"type":"join","key":"` + key + `","session":1,"attempt":-1}`, nil, "join: attempt: not an integer"},
	{`{"type":"join","key":"` + key + `","session":1,"attempt":1.5}`, nil, "join: attempt: not an integer"},
	{`{"type":"join","key":"` + key + `","session":1,"attempt":"1"}`, nil, "join: attempt: not an integer"},
	{`{"type":"join","key":"` + key + `","session":1,"attempt":null}`, nil, "join: attempt: not an integer"},
	{`{"type":"join","key":"` + key + `","session":1}`, nil, "join: attempt is missing"},
	{`{"type":"join","key":"` + key + `","session":1,"attempt":1,"name":"` + strings.Repeat("é", 41) + `"}`, nil, "join: name: more than 40"},
	{`{"type":"signal"}`, nil, "signal: to is missing"},
	{`{"type":"signal","to":"0123456789ABCDEF"}`, nil, "signal: to: not 16 hexadecimal"},
	{`{"type":"signal","to":"0123456789abcdef","ack":null}`, nil, "signal: ack: not an integer"},
	{`{"type":"signal","to":"0123456789abcdef","seq":1}`, nil, "signal: data is missing"},
	{`{"type":"signal","to":"0123456789abcdef","data":1}`, nil, "signal: seq is missing"},
	{`{"type":"signal","to":"0123456789abcdef","seq":0,"data":1}`, nil, "signal: seq: not an integer from 1"},
	{`{"type":"signal","to":"0123456789abcdef","seq":1,"data":0.5}`, nil, "signal: data: "},
	{`{"type":"signal","to":"0123456789abcdef","seq":1,"data":[-9007199254740992]}`, nil, "signal: data: "},
	{`{"type":"signal","to":"0123456789abcdef","seq":1,"data":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`, nil, ""},
	{`{"type":"signal","to":"0123456789abcdef","seq":1,"data":` + strings.Repeat("[", 18) + strings.Repeat("]", 18) + `}`, nil, "signal: data: nested deeper"},
}

// inCBOR writes what JSON says in CBOR.
func inCBOR(t *testing.T, text string) []byte {
	t.Helper()
	v, err := looseJSON(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return must(cbor.Marshal(v))
}

func TestDecode(t *testing.T) {
	for _, row := range rows {
		for _, c := range []*Codec{JSON, CBOR} {
			p := []byte(row.json)
			if c == CBOR {
				p = inCBOR(t, row.json)
			}
			got, err := c.Decode(p)
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Errorf("%s in %s: %v; want %q", row.json, c.Subprotocol, err, row.err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s in %s: %v", row.json, c.Subprotocol, err)
			} else if row.want != nil && !cmp.Equal(got, row.want, cmp.AllowUnexported(Data{})) {
				t.Errorf("%s in %s: %+v; want %+v", row.json, c.Subprotocol, got, row.want)
			}
			for n := range len(p) {
				if _, err := c.Decode(p[:n]); err == nil {
					t.Errorf("%s in %s: the first %d bytes are enough", row.json, c.Subprotocol, n)
				}
			}
		}
	}
}

// What only CBOR can say, and may not. "definite lengths, text keys; no floats, no tags"
func TestDecodeCBOR(t *testing.T) {
	const to = "62" + "746f" + "70" + "30313233343536373839616263646566" // "to": "0123456789abcdef"
	signal := func(count, rest string) string {
		return count + "6474797065" + "667369676e616c" + to + rest
	}
	data := func(value string) string { return signal("a4", "63736571"+"01"+"6464617461"+value) }
	for _, test := range []struct{ what, hex, err string }{
		{"data of all that is allowed", data("a1616184" + "20" + "f5" + "f6" + "6162"), ""},
		{"null", data("f6"), ""},
		{"half a float", data("f93c00"), "float"},
		{"bytes", data("4101"), "cannot be written in both"},
		{"a tag", data("c001"), "tag"},
		{"a tag in what is not looked at", "a2" + "6474797065" + "656c65617665" + "6178" + "d82a01", "tag"},
		{"an indefinite list", data("9f01ff"), "indefinite"},
		{"a simple value", data("e5"), "cannot be written in both"},
		{"a key that is not text", data("a10101"), ""},
		{"a key twice", data("a2616101616102"), "duplicate"},
		{"text that is not UTF-8", data("61ff"), "UTF-8"},
		{"an indefinite map", "bf" + "6474797065" + "656c65617665" + "ff", "indefinite"},
		{"seq as a float", signal("a3", "6361636b"+"f93c00"), "ack: not an integer"},
		{"more behind it", "a1" + "6474797065" + "656c65617665" + "00", "extraneous"},
	} {
		p, err := hex.DecodeString(test.hex)
		if err != nil {
			t.Fatal(test.what, err)
		}
		_, err = CBOR.Decode(p)
		switch {
		case test.what == "a key that is not text":
			if err == nil {
				t.Errorf("%s is taken", test.what)
			}
		case test.err == "" && err != nil, test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s: %v; want %q", test.what, err, test.err)
		}
	}
}

func TestEncode(t *testing.T) {
	data := must(NewData(JSON, []byte(`{"sdp":"<&é>","n":-1,"list":[null,true]}`)))
	for _, test := range []struct {
		m    ToPage
		want string
	}{
		{Welcome{ID: "i", Server: "s", Room: "r", Capacity: 8, Grace: 20000, Peers: []PeerNow{}, Connection: "c"},
			`{"type":"welcome","id":"i","server":"s","room":"r","capacity":8,"grace":20000,"peers":[],"connection":"c"}`},
		{Welcome{Peers: []PeerNow{{"i", "n", 1, "away"}}},
			`{"type":"welcome","id":"","server":"","room":"","capacity":0,"grace":0,"peers":[{"id":"i","name":"n","session":1,"state":"away"}],"connection":""}`},
		{Peer{"i", "", 1, "left", "lost"}, `{"type":"peer","id":"i","name":"","session":1,"state":"left","reason":"lost"}`},
		{Peer{"i", "", 1, "away", ""}, `{"type":"peer","id":"i","name":"","session":1,"state":"away"}`},
		{Gone{"i", 1}, `{"type":"gone","to":"i","seq":1}`},
		{Gone{"i", 0}, `{"type":"gone","to":"i"}`},
		{Delivery{"i", 1, 2, 3, data}, `{"type":"signal","from":"i","session":1,"seq":2,"ack":3,"data":{"sdp":"<&é>","n":-1,"list":[null,true]}}`},
		{Delivery{"i", 1, 2, 0, must(NewData(JSON, []byte("null")))}, `{"type":"signal","from":"i","session":1,"seq":2,"data":null}`},
		{Delivery{"i", 1, 0, 3, Data{}}, `{"type":"signal","from":"i","session":1,"ack":3}`},
	} {
		got, err := JSON.Encode(test.m)
		if string(got) != test.want || err != nil {
			t.Errorf("%+v:\n got %s, %v\nwant %s", test.m, got, err, test.want)
		}
		binary, err := CBOR.Encode(test.m)
		if err != nil {
			t.Errorf("%+v in CBOR: %v", test.m, err)
			continue
		}
		var v map[string]any
		if err := cborIn.Unmarshal(binary, &v); err != nil {
			t.Errorf("%+v in CBOR: %v", test.m, err)
		}
		want := must(JSON.form.value([]byte(test.want)))
		if got := must(JSON.form.value([]byte(CBOR.Preview(binary)))); !cmp.Equal(got, want) {
			t.Errorf("%+v in CBOR is %v; want %v", test.m, got, want)
		}
	}
}

// From one language to the other and back, and untouched within one.
func TestData(t *testing.T) {
	d := must(NewData(JSON, []byte(`{ "b": 1,  "a":[-2,"x"]}`)))
	if got := must(d.In(JSON)); string(got) != `{ "b": 1,  "a":[-2,"x"]}` {
		t.Errorf("JSON is touched: %s", got)
	}
	binary := must(d.In(CBOR))
	back := must(must(NewData(CBOR, binary)).In(JSON))
	if string(back) != `{"a":[-2,"x"],"b":1}` {
		t.Errorf("there and back: %s", back)
	}
}

func TestPreview(t *testing.T) {
	for _, test := range []struct{ hex, want string }{
		{"a2" + "6474797065" + "667369676e616c" + "6161" + "83" + "20" + "f6" + "64c3a90a22", `{"type":"signal","a":[-1,null,"\u00e9\n\""]}`},
		{"a0", "{}"},
		{"4101", "4101"},
		{"a1", "a1"},
	} {
		p, err := hex.DecodeString(test.hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := CBOR.Preview(p); got != test.want {
			t.Errorf("%s is shown as %s; want %s", test.hex, got, test.want)
		}
	}
	if got := JSON.Preview([]byte(`{ "a":1}`)); got != `{ "a":1}` {
		t.Errorf("JSON is shown as %s", got)
	}
}

// "the first 16 hexadecimal digits of the SHA-256 of the key's 22 characters"
func TestIdentity(t *testing.T) {
	if got := Identity(key); got != "5d2611d5a4dd2b40" {
		t.Errorf("identity %s", got)
	}
	if k := NewKey(); ValidKey(k) != nil || k == NewKey() {
		t.Errorf("key %s", k)
	}
	for name, valid := range map[string]bool{"a": true, "A-z_09": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "": false, "a b": false, "a\n": false, "é": false} {
		if (ValidRoom(name) == nil) != valid {
			t.Errorf("room %q: %v", name, ValidRoom(name))
		}
	}
}

// Whatever a page sends: no panic, and what is let through can be said in both languages.
func FuzzDecode(f *testing.F) {
	for _, row := range rows {
		f.Add(true, []byte(row.json))
		if v, err := looseJSON(row.json); err == nil {
			f.Add(false, must(cbor.Marshal(v)))
		}
	}
	f.Fuzz(func(t *testing.T, text bool, p []byte) {
		c, other := JSON, CBOR
		if !text {
			c, other = CBOR, JSON
		}
		m, err := c.Decode(p)
		if err != nil {
			return
		}
		s, ok := m.(Signal)
		if !ok || s.Data.Absent() {
			return
		}
		there, err := s.Data.In(other)
		if err != nil {
			t.Fatalf("%s: %v", c.Preview(p), err)
		}
		d, err := NewData(other, there)
		if err != nil {
			t.Fatalf("%s: %v", c.Preview(p), err)
		}
		a, b := must(s.Data.codec.form.value(s.Data.raw)), must(d.codec.form.value(d.raw))
		if !cmp.Equal(must(JSON.form.marshal(a)), must(JSON.form.marshal(b))) {
			t.Fatalf("%v became %v", a, b)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

package traffic

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/hawser-ws/websocket/bench/raw"
)

func TestRecords(t *testing.T) {
	for _, size := range []int{1024, 65536} {
		seen := make(map[string]bool)
		for _, m := range Records(64, size) {
			if len(m) != size || !json.Valid(m) {
				t.Errorf("%d bytes instead of %d, or no JSON: %.80s…", len(m), size, m)
			}
			seen[string(m)] = true
		}
		if len(seen) != 64 {
			t.Errorf("%d different messages of %d bytes", len(seen), size)
		}
		if again := Records(64, size); !seen[string(again[0])] || !seen[string(again[63])] {
			t.Error("another run makes other messages")
		}
	}
}

var everyTerms = []raw.Terms{
	{},
	{Deflate: true, Server: raw.Side{NoTakeover: true, Bits: 15}, Client: raw.Side{NoTakeover: true, Bits: 15}},
	{Deflate: true, Server: raw.Side{Bits: 15}, Client: raw.Side{Bits: 15}},
	{Deflate: true, Server: raw.Side{Bits: 12}, Client: raw.Side{Bits: 12}},
	{Deflate: true, Server: raw.Side{Bits: 8}, Client: raw.Side{Bits: 8}},
	{Deflate: true, Server: raw.Side{NoTakeover: true, Bits: 9}, Client: raw.Side{NoTakeover: true, Bits: 9}},
}

// An echo of the client's own compressed frames is right for a checker, because
// both directions have the same terms.
func TestScriptIsCheckable(t *testing.T) {
	for _, terms := range everyTerms {
		for _, size := range []int{1024, 65536} {
			t.Run(fmt.Sprint(terms, size), func(t *testing.T) {
				t.Parallel()
				different := max(2, 2*Window/size)
				script, err := NewScript(Records(different, size), terms)
				if err != nil {
					t.Fatal(err)
				}
				c := NewChecker(script)
				for i := range different * 3 {
					m := raw.Message{Opcode: raw.Text, Compressed: terms.Deflate, Payload: unmask(t, script.Frame(i))}
					if err := c.Check(i, m); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

// One inflater reads four rounds in a row.
func TestScriptIsOneStream(t *testing.T) {
	terms := raw.Terms{Deflate: true, Server: raw.Side{Bits: 15}, Client: raw.Side{Bits: 15}}
	messages := Records(64, 1024)
	script, err := NewScript(messages, terms)
	if err != nil {
		t.Fatal(err)
	}
	var stream, want bytes.Buffer
	cold, warm := 0, 0
	for i := range 64 * 4 {
		payload := unmask(t, script.Frame(i))
		stream.Write(payload)
		stream.Write(tail[:4])
		want.Write(messages[i%64])
		switch i {
		case 0:
			cold = len(payload)
		case 64:
			warm = len(payload)
		}
	}
	stream.Write(tail[4:])
	got, err := io.ReadAll(flate.NewReader(&stream))
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, want.Len())
	}
	if warm >= cold {
		t.Errorf("the first message takes %d bytes in the first round and %d later: no takeover", cold, warm)
	}
}

func TestCheckerSeesDifferences(t *testing.T) {
	script, err := NewScript(Records(64, 1024), everyTerms[1])
	if err != nil {
		t.Fatal(err)
	}
	c := NewChecker(script)
	good := raw.Message{Opcode: raw.Text, Compressed: true, Payload: unmask(t, script.Frame(3))}
	bad := map[string]raw.Message{
		"another message": {Opcode: raw.Text, Compressed: true, Payload: unmask(t, script.Frame(4))},
		"half of it":      {Opcode: raw.Text, Compressed: true, Payload: good.Payload[:len(good.Payload)/2]},
		"no RSV1":         {Opcode: raw.Text, Payload: good.Payload},
		"binary":          {Opcode: raw.Binary, Compressed: true, Payload: good.Payload},
	}
	if err := c.Check(3, good); err != nil {
		t.Error(err)
	}
	for name, m := range bad {
		if c.Check(3, m) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func unmask(t *testing.T, frame []byte) []byte {
	t.Helper()
	header := 2
	switch frame[1] & 127 {
	case 126:
		header = 4
	case 127:
		header = 10
		if n := binary.BigEndian.Uint64(frame[2:]); n > 1<<20 {
			t.Fatalf("%d bytes", n)
		}
	}
	key, payload := frame[header:header+4], bytes.Clone(frame[header+4:])
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return payload
}

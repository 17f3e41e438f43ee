package wire

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Data is a value that the server carries from one page to another, in the codec in which it
// was received. The zero value means no data.
type Data struct {
	codec *Codec
	raw   []byte
}

// NewData returns data received in codec c, if both codecs can represent it.
func NewData(c *Codec, raw []byte) (Data, error) {
	v, err := c.form.value(raw)
	if err != nil {
		return Data{}, err
	}
	if err := portable(v, 0); err != nil {
		return Data{}, err
	}
	return Data{c, raw}, nil
}

// Absent reports whether there is no data.
func (d Data) Absent() bool { return d.codec == nil }

// Codec returns the codec in which the data was received, or nil if there is none.
func (d Data) Codec() *Codec { return d.codec }

// In returns the data in codec c, unchanged if that is its own.
func (d Data) In(c *Codec) ([]byte, error) {
	if d.codec == c {
		return d.raw, nil
	}
	v, err := d.codec.form.value(d.raw)
	if err != nil {
		return nil, err
	}
	return c.form.marshal(v)
}

// maxDepth is how deep lists and maps in data may be nested. A signal needs two levels.
const maxDepth = 16

// portable reports the part of a value that one of the codecs, or a JavaScript number, cannot
// represent.
func portable(v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case nil, bool, string:
		return nil
	case int64:
		if v < -MaxInteger || v > MaxInteger {
			return fmt.Errorf("%d is beyond ±(2^53-1)", v)
		}
		return nil
	case uint64:
		if v > MaxInteger {
			return fmt.Errorf("%d is beyond ±(2^53-1)", v)
		}
		return nil
	case []any:
		for _, item := range v {
			if err := portable(item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for _, field := range v {
			if err := portable(field, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%T cannot be written in both codecs", v)
}

// Preview shows a message for people: CBOR as JSON text, with the fields in order. A message
// that is invalid in the codec is shown in hexadecimal.
func (c *Codec) Preview(p []byte) string {
	if c == JSON {
		return string(p)
	}
	// For the types in these messages, the diagnostic notation (RFC 8949 §8) is JSON.
	text, err := cborNotation.Diagnose(p)
	var compact bytes.Buffer
	if err != nil || json.Compact(&compact, []byte(text)) != nil {
		return fmt.Sprintf("%x", p)
	}
	return compact.String()
}

var cborNotation = notation()

func notation() cbor.DiagMode {
	m, err := cbor.DiagOptions{}.DiagMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return m
}

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Data is a value that the server carries from one page to another, in the codec in
// which it came. The zero value is the absence of one.
type Data struct {
	codec *Codec
	raw   []byte
}

// NewData returns data that has come in codec c, if both codecs can hold it.
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

// Codec returns how the data came, nil if there is none.
func (d Data) Codec() *Codec { return d.codec }

// In returns the data in codec c: as it came, if that is its own.
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

// maxDepth is how deep lists and maps of data may be nested. A signal needs two.
const maxDepth = 16

// portable reports what of a value one of the codecs, or a JavaScript number, could
// not hold.
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
	return fmt.Errorf("%T is not among what both codecs hold", v)
}

// Preview shows a message as a person reads it: CBOR as JSON text, with the fields in
// their order. What is not a message of the codec is shown in hexadecimal digits.
func (c *Codec) Preview(p []byte) string {
	if c == JSON {
		return string(p)
	}
	// Of what these messages consist of, the diagnostic notation (RFC 8949 §8) is JSON.
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
		panic(err) // of options that are all written here
	}
	return m
}

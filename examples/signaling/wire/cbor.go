package wire

import (
	"errors"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

type cborForm struct{}

var cborOut, cborIn = cborModes()

// cborModes are strict: definite lengths, text keys, no key twice, no tags.
func cborModes() (cbor.EncMode, cbor.DecMode) {
	out, err := cbor.EncOptions{IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden}.EncMode()
	if err != nil {
		panic(err) // the options are constant
	}
	in, err := cbor.DecOptions{
		DupMapKey:      cbor.DupMapKeyEnforcedAPF,
		IndefLength:    cbor.IndefLengthForbidden,
		TagsMd:         cbor.TagsForbidden,
		DefaultMapType: reflect.TypeFor[map[string]any](),
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return out, in
}

// The major types of RFC 8949 §3.1 that occur in the fields of messages.
const (
	majorUnsigned = 0
	majorText     = 3
	majorMap      = 5
)

func major(raw []byte) byte { return raw[0] >> 5 }

func (cborForm) fields(p []byte) (map[string][]byte, error) {
	if len(p) == 0 || major(p) != majorMap {
		return nil, errors.New("not a CBOR map")
	}
	var object map[string]cbor.RawMessage
	if err := cborIn.Unmarshal(p, &object); err != nil {
		return nil, errors.New("not the CBOR of this protocol: " + err.Error())
	}
	fields := make(map[string][]byte, len(object))
	for name, raw := range object {
		fields[name] = raw
	}
	return fields, nil
}

func (cborForm) text(raw []byte) (s string, err error) {
	if major(raw) != majorText { // Unmarshal would accept null
		return "", errors.New("not text")
	}
	err = cborIn.Unmarshal(raw, &s)
	return s, err
}

func (cborForm) integer(raw []byte) (n uint64, err error) {
	if major(raw) != majorUnsigned { // Unmarshal would accept a float without a fraction
		return 0, errors.New("not an unsigned integer")
	}
	err = cborIn.Unmarshal(raw, &n)
	return n, err
}

func (cborForm) value(raw []byte) (v any, err error) {
	err = cborIn.Unmarshal(raw, &v)
	return v, err
}

func (cborForm) marshal(v any) ([]byte, error) { return cborOut.Marshal(v) }

func (cborForm) embed(raw []byte) any { return cbor.RawMessage(raw) }

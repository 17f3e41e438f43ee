package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

type jsonForm struct{}

func (jsonForm) fields(p []byte) (map[string][]byte, error) {
	if first := bytes.TrimLeft(p, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return nil, errors.New("not a JSON object")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(p, &object); err != nil {
		return nil, errors.New("not JSON: " + err.Error())
	}
	fields := make(map[string][]byte, len(object))
	for name, raw := range object {
		fields[name] = raw
	}
	return fields, nil
}

func (jsonForm) text(raw []byte) (s string, err error) {
	if raw[0] != '"' { // Unmarshal would accept null
		return "", errors.New("not text")
	}
	err = json.Unmarshal(raw, &s)
	return s, err
}

func (jsonForm) integer(raw []byte) (uint64, error) { return strconv.ParseUint(string(raw), 10, 64) }

func (jsonForm) value(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return integers(v)
}

// integers converts the numbers of a value to integers, which CBOR requires here.
func integers(v any) (_ any, err error) {
	switch v := v.(type) {
	case json.Number:
		return strconv.ParseInt(v.String(), 10, 64)
	case []any:
		for i := range v {
			if v[i], err = integers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = integers(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func (jsonForm) marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (jsonForm) embed(raw []byte) any { return json.RawMessage(raw) }

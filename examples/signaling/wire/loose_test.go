package wire

import (
	"encoding/json"
	"strconv"
	"strings"
)

// looseJSON reads JSON with all its numbers, integers as such.
func looseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return loose(v), nil
}

func loose(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = loose(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = loose(v[name])
		}
	}
	return v
}

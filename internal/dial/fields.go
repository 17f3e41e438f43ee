package dial

import (
	"net/http"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

// fields are header lines in the order in which they are sent.
type fields []handshake.Field

func (f *fields) add(name, value string) { *f = append(*f, handshake.Field{Name: name, Value: value}) }

// drop removes the lines of the given names.
func (f fields) drop(names ...string) fields {
	return slices.DeleteFunc(slices.Clone(f), func(line handshake.Field) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, line.Name) })
	})
}

// values returns the lines of one name.
func (f fields) values(name string) (values []string) {
	for _, line := range f {
		if strings.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return values
}

// header is the same as net/http has it.
func (f fields) header() http.Header {
	h := make(http.Header, len(f))
	for _, line := range f {
		h.Add(line.Name, line.Value)
	}
	return h
}

// withoutReserved leaves out of a caller's header what the handshake writes itself: the
// header may be of a request that is passed on.
func withoutReserved(h http.Header) http.Header {
	rest := make(http.Header, len(h))
	for name, values := range h {
		if !handshake.Reserved(name) {
			rest[name] = values
		}
	}
	return rest
}

// checkedFields turns a caller's header into lines, sorted by name, or says what
// cannot be sent. Values may be secret and are not quoted.
func checkedFields(option string, h http.Header) (fields, error) {
	var f fields
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !handshake.ValidFieldName(name) {
			return nil, misuse(option + ` has the name "` + printable(name) + `", which is not a token`)
		}
		if handshake.Reserved(name) {
			return nil, misuse(option + " has " + name + ", which the handshake writes itself")
		}
		for _, value := range h[name] {
			if !handshake.ValidFieldValue(value) {
				return nil, misuse("the value of " + name + " in " + option + " has a control character")
			}
			f.add(name, value)
		}
	}
	return f, nil
}

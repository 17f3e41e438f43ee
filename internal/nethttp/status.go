package nethttp

import (
	"net/http"
	"reflect"
)

// Response is net/http's own writer for HTTP/1, found in another. No method tells whether it
// has sent a status, so that is read from unexported fields. The zero value means that it was
// not found, or does not have the fields that we know.
type Response struct {
	Writer        http.ResponseWriter // nil if Unwrap does not lead to it
	wrote, header reflect.Value
}

// IsKnown reports whether WroteHeader and HasHeader may be called.
func (r *Response) IsKnown() bool { return r.wrote.IsValid() }

// WroteHeader reports whether WriteHeader was called.
func (r *Response) WroteHeader() bool { return r.wrote.Bool() }

// HasHeader reports whether header is what it will send: middleware may have one of its own.
func (r *Response) HasHeader(header http.Header) bool {
	return r.header.Pointer() == reflect.ValueOf(header).Pointer()
}

// maxFields bounds the search in fields: a struct may hold itself.
const maxFields = 32

// FindResponse finds net/http's own writer in w: by Unwrap, or else in a field of a struct that
// embeds it or keeps it.
func FindResponse(w http.ResponseWriter) (r Response) {
	inner := Unwrap(w)
	if IsResponse(inner) {
		r.Writer = inner
	}
	v := reflect.ValueOf(inner)
	for range maxFields {
		for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return Response{}
		}
		if isResponse(reflect.PointerTo(v.Type())) {
			wrote, header := v.FieldByName("wroteHeader"), v.FieldByName("handlerHeader")
			if wrote.Kind() == reflect.Bool && header.Kind() == reflect.Map {
				r.wrote, r.header = wrote, header
			}
			return r
		}
		v = writerIn(v)
	}
	return Response{}
}

var responseWriter = reflect.TypeFor[http.ResponseWriter]()

// writerIn returns the first field of a struct that is an http.ResponseWriter. The zero Value
// means that there is none.
func writerIn(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Type().Implements(responseWriter) || f.Kind() == reflect.Struct && reflect.PointerTo(f.Type()).Implements(responseWriter) {
			return f
		}
	}
	return reflect.Value{}
}

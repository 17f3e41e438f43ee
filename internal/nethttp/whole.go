package nethttp

import (
	"io"
	"reflect"
)

// WholeBody returns the body beneath those of http.MaxBytesReader and http.MaxBytesHandler. What
// they bound is a request's content, and a WebSocket's bytes are none: over HTTP/1.1 they go past
// the body. No method leads there, so WholeBody looks for the field that we know. Without it it
// returns the body.
func WholeBody(body io.ReadCloser) io.ReadCloser {
	for {
		v := reflect.ValueOf(body)
		if v.Kind() != reflect.Pointer || v.Type().Elem().PkgPath() != "net/http" || v.Type().Elem().Name() != "maxBytesReader" {
			return body
		}
		inner := v.Elem().FieldByName("r")
		if !inner.IsValid() || inner.Type() != reflect.TypeFor[io.ReadCloser]() {
			return body
		}
		body = *(*io.ReadCloser)(inner.Addr().UnsafePointer())
	}
}

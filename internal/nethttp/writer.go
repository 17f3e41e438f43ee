package nethttp

import (
	"bufio"
	"net"
	"net/http"
	"reflect"
)

// Unwrapper is an http.ResponseWriter of middleware, as [http.ResponseController] knows it.
type Unwrapper interface{ Unwrap() http.ResponseWriter }

// Unwrap returns the innermost writer that w wraps, or w.
func Unwrap(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(Unwrapper)
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// IsResponse reports whether w is net/http's own writer for HTTP/1.
func IsResponse(w http.ResponseWriter) bool { return isResponse(reflect.TypeOf(w)) }

func isResponse(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Name() == "response" && t.Elem().PkgPath() == "net/http"
}

// CanHijack reports whether w or a writer that it wraps has the method Hijack.
func CanHijack(w http.ResponseWriter) bool {
	for {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		u, ok := w.(Unwrapper)
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}

// Hijack takes the connection over. It uses an [http.ResponseController], which allocates,
// only if w needs one.
func Hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	if h, ok := w.(http.Hijacker); ok {
		return h.Hijack()
	}
	return http.NewResponseController(w).Hijack()
}

// Header is an [http.Header] whose Values is called with canonical names only, and so need not
// look at their letters.
type Header map[string][]string

// Values returns the lines of a field.
func (h Header) Values(name string) []string { return h[name] }

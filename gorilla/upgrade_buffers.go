package websocket

import (
	"bufio"
	"net/http"
	"reflect"
)

// dropBuffers frees the memory of net/http's two buffers of a connection that was taken
// over, 8 KiB. net/http holds them until the handler returns, and does not look at them any
// more. The buffers of other writers may be used again by whoever made them.
func dropBuffers(w http.ResponseWriter, brw *bufio.ReadWriter) {
	if isNetHTTP(w) {
		*brw.Reader, *brw.Writer = bufio.Reader{}, bufio.Writer{}
	}
}

// isNetHTTP reports whether w is net/http's own writer of HTTP/1, or one around it that
// leaves Hijack to it.
func isNetHTTP(w http.ResponseWriter) bool {
	if t := reflect.TypeOf(w); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "net/http" && t.Elem().Name() == "response" {
		return true
	}
	wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
	if _, hijacks := w.(http.Hijacker); !ok || hijacks {
		return false
	}
	return isNetHTTP(wrapper.Unwrap())
}

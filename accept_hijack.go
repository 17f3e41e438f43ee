package websocket

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
)

// unwrapper is an http.ResponseWriter of middleware, as [http.ResponseController] knows it.
type unwrapper interface{ Unwrap() http.ResponseWriter }

// statusPassed says how far the status 101 got on its way through middleware.
type statusPassed struct {
	base     http.ResponseWriter // net/http's own, if it was found by Unwrap
	sent     bool                // hijacking sends the response, or it is sent already
	deadline time.Time           // for sending the response; zero: none
}

// passStatus sets the fields of our response in w.Header() and sends the status 101 through w,
// unless w is net/http's own writer. So middleware sees a status, what it hangs on WriteHeader
// runs, and a writer that records (those of tests do) has the response.
//
// Middleware may hold the status back. Nothing is sent then, and we have to send the response.
// A wrong guess means two responses or none, so netHTTPResponse asks net/http's writer. A
// writer that is not built on that of net/http is taken at its word.
//
// response is the one that we would send. net/http sends the same fields, sorted, and a Date.
func passStatus(w http.ResponseWriter, response []byte, timeouts *Timeouts) (passed statusPassed) {
	if isNetHTTPResponse(reflect.TypeOf(w)) || !hijackable(w) {
		return passed
	}
	own := netHTTPResponse(w)
	header := w.Header()
	if header == nil || own.isFound() && (own.wroteHeader() || !own.hasHeader(header)) {
		return passed
	}
	before := maps.Clone(header)
	own.setFields(header, response)
	if passed.base = own.of; passed.base != nil {
		if d := orDefault(timeouts.Handshake, defaultHandshakeTimeout); d > 0 {
			passed.deadline = time.Now().Add(d)
		}
		_ = http.NewResponseController(own.of).SetWriteDeadline(passed.deadline) // hijacking clears it
	}
	writeStatus(w)
	if !own.isFound() || own.wroteHeader() {
		passed.sent = true
		return passed
	}
	clear(header)
	maps.Copy(header, before)
	return statusPassed{}
}

// writeStatus sends the status through w. Writers such as gin's hold it back until they are
// told not to.
func writeStatus(w http.ResponseWriter) {
	w.WriteHeader(http.StatusSwitchingProtocols)
	for {
		if holding, ok := w.(interface{ WriteHeaderNow() }); ok {
			holding.WriteHeaderNow()
		}
		u, ok := w.(unwrapper)
		if !ok {
			return
		}
		w = u.Unwrap()
	}
}

// setFields replaces the content of header by the fields of our response. net/http sends
// names as they are spelled, and we keep to the RFC's spelling. Any other writer may look for
// canonical names.
func (own *ownWriter) setFields(header http.Header, response []byte) {
	clear(header)
	lines := strings.Split(string(response), "\r\n")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case name == "":
		case own.isFound():
			header[name] = append(header[name], value)
		default:
			header.Add(name, value)
		}
	}
}

// unwrap returns the innermost writer that w wraps, or w.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(unwrapper)
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// hijackable reports whether w or a writer that it wraps has the method Hijack.
func hijackable(w http.ResponseWriter) bool {
	for {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		u, ok := w.(unwrapper)
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}

// ownWriter is net/http's own writer for HTTP/1. No method tells what we have to know of it,
// so it is read from unexported fields. The zero value means that it was not found, or does
// not have the fields that we know.
type ownWriter struct {
	of            http.ResponseWriter // nil if Unwrap does not lead to it
	wrote, header reflect.Value
}

func (own *ownWriter) isFound() bool { return own.wrote.IsValid() }

// wroteHeader reports whether WriteHeader was called.
func (own *ownWriter) wroteHeader() bool { return own.wrote.Bool() }

// hasHeader reports whether header is what it will send: middleware may have one of its own.
func (own *ownWriter) hasHeader(header http.Header) bool {
	return own.header.Pointer() == reflect.ValueOf(header).Pointer()
}

// netHTTPResponse finds net/http's own writer in w: by Unwrap, or else in a field of a struct
// that embeds it or keeps it.
func netHTTPResponse(w http.ResponseWriter) (own ownWriter) {
	inner := unwrap(w)
	if isNetHTTPResponse(reflect.TypeOf(inner)) {
		own.of = inner
	}
	v := reflect.ValueOf(inner)
	for range maxWrapped {
		for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return ownWriter{}
		}
		if isNetHTTPResponse(reflect.PointerTo(v.Type())) {
			wrote, header := v.FieldByName("wroteHeader"), v.FieldByName("handlerHeader")
			if wrote.Kind() == reflect.Bool && header.Kind() == reflect.Map {
				own.wrote, own.header = wrote, header
			}
			return own
		}
		v = wrappedWriter(v)
	}
	return ownWriter{}
}

// isNetHTTPResponse reports whether t is the type of net/http's own writer for HTTP/1.
func isNetHTTPResponse(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Name() == "response" && t.Elem().PkgPath() == "net/http"
}

// maxWrapped bounds the search for a writer inside others, which could wrap each other.
const maxWrapped = 32

var responseWriter = reflect.TypeFor[http.ResponseWriter]()

// wrappedWriter returns the first field of a struct that is an http.ResponseWriter. The zero
// Value means that there is none.
func wrappedWriter(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Type().Implements(responseWriter) || f.Kind() == reflect.Struct && reflect.PointerTo(f.Type()).Implements(responseWriter) {
			return f
		}
	}
	return reflect.Value{}
}

// hijack takes the connection over from net/http.
func (passed *statusPassed) hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	nc, brw, err := hijack(w)
	if err != nil && passed.base != nil { // another answer cannot be sent any more: bypass the middleware
		return hijack(passed.base)
	}
	return nc, brw, err
}

// failed returns an error if the response was not sent by the deadline: half of it may be
// on the wire. net/http reports no error, but cancels the request's context when a write
// fails. It also does that when the client closes its direction, which is not a failure. So
// a context cancelled before the deadline means nothing; a dead connection fails at the
// next read or write.
func (passed *statusPassed) failed(r *http.Request) error {
	late := !passed.deadline.IsZero() && !time.Now().Before(passed.deadline)
	if late && r.Context().Err() != nil {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// hijack takes the connection over. It uses an http.ResponseController only if w needs one.
func hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	if h, ok := w.(http.Hijacker); ok {
		return h.Hijack()
	}
	return http.NewResponseController(w).Hijack()
}

// hijackError names the wrapper that hides the connection from us.
func hijackError(w http.ResponseWriter, err error) error {
	if !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	wrapper := fmt.Sprintf("%T", unwrap(w))
	if wrapper == "*http.timeoutWriter" {
		wrapper += " (of http.TimeoutHandler)"
	}
	return fmt.Errorf("%s implements neither http.Hijacker nor Unwrap() http.ResponseWriter; "+
		"keep the WebSocket handler outside of the middleware it is from: %w", wrapper, err)
}

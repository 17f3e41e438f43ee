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
	base     http.ResponseWriter // net/http's own, if the status has reached it
	sent     bool                // net/http sends the response when base is hijacked
	deadline time.Time           // for sending the response; zero: none
}

// passStatus sends the status 101 through the middleware around w, so that loggers and
// metrics see a status.
//
// If the status reaches net/http's own writer, net/http sends the response when it is
// hijacked. If middleware holds the status back, net/http sends nothing and we have to.
// A wrong guess means two responses or none, so wroteHeader asks net/http's writer. If that
// cannot be asked, the status is not passed.
//
// response is the one that we would send. net/http sends the same fields, sorted.
func passStatus(w http.ResponseWriter, response []byte, timeouts *Timeouts) (passed statusPassed) {
	if _, wrapped := w.(unwrapper); !wrapped {
		return passed
	}
	base := unwrap(w)
	if wrote, known := wroteHeader(base); wrote || !known {
		return passed
	}
	header := w.Header()
	if header == nil {
		return passed
	}
	before := maps.Clone(header)
	setFields(header, response)
	if sameMap(header, base.Header()) { // no middleware has a header of its own
		if d := orDefault(timeouts.Handshake, defaultHandshakeTimeout); d > 0 {
			passed.deadline = time.Now().Add(d)
		}
		_ = http.NewResponseController(base).SetWriteDeadline(passed.deadline) // hijacking clears it
		w.WriteHeader(http.StatusSwitchingProtocols)
		if wrote, _ := wroteHeader(base); wrote {
			passed.base, passed.sent = base, true
			return passed
		}
	}
	clear(header)
	maps.Copy(header, before)
	return passed
}

// sameMap reports whether a and b are the same map. setFields must have filled one of them:
// if they are the same, both hold the same slice, not merely an equal one.
func sameMap(a, b map[string][]string) bool {
	const name = "Sec-WebSocket-Accept"
	p, q := a[name], b[name]
	return len(p) == 1 && len(q) == 1 && &p[0] == &q[0]
}

// setFields replaces the content of header by the fields of our response. It keeps the
// spelling of their names.
func setFields(header http.Header, response []byte) {
	clear(header)
	lines := strings.Split(string(response), "\r\n")
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ": "); ok {
			header[name] = append(header[name], value)
		}
	}
	if _, ok := header["Date"]; !ok {
		header["Date"] = nil // so that net/http adds none
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

// wroteHeader reports whether WriteHeader was called on w. No method tells, so it reads an
// unexported field. known is false if w is not net/http's own writer for HTTP/1, or has no
// such field.
func wroteHeader(w http.ResponseWriter) (wrote, known bool) {
	v := reflect.ValueOf(w)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return false, false
	}
	v = v.Elem()
	if t := v.Type(); t.PkgPath() != "net/http" || t.Name() != "response" {
		return false, false
	}
	field := v.FieldByName("wroteHeader")
	if !field.IsValid() || field.Kind() != reflect.Bool {
		return false, false
	}
	return field.Bool(), true
}

// hijack takes the connection over from net/http.
func (passed *statusPassed) hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	nc, brw, err := hijack(w)
	if err != nil && passed.sent { // another answer cannot be sent any more: bypass the middleware
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

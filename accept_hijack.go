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

// statusPassed is what became of the status 101 on its way through middleware.
type statusPassed struct {
	base     http.ResponseWriter // net/http's own, if it has the status
	sent     bool                // net/http sends the response when it is hijacked
	deadline time.Time           // for that; zero: none
}

// passStatus sends the status 101 through the middleware around w. Otherwise loggers and
// metrics see a request without a status.
//
// If the status reaches net/http's own writer, net/http sends the response when it is
// hijacked. If middleware holds the status back, net/http sends nothing and we have to.
// Guessing wrong means two responses or none, so net/http's writer is asked; where it
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

// sameMap reports whether a has what setFields put into b: they are one.
func sameMap(a, b map[string][]string) bool {
	const own = "Sec-WebSocket-Accept"
	p, q := a[own], b[own]
	return len(p) == 1 && len(q) == 1 && &p[0] == &q[0]
}

// setFields makes header what our response says, in its spelling.
func setFields(header http.Header, response []byte) {
	clear(header)
	lines := strings.Split(string(response), "\r\n")
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ": "); ok {
			header[name] = append(header[name], value)
		}
	}
	if _, ok := header["Date"]; !ok {
		header["Date"] = nil // net/http sends none then
	}
}

// unwrap returns the writer that w wraps at last.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(unwrapper)
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// wroteHeader reports whether WriteHeader was called on w. There is no method that
// tells, only a field. known is false if w is not net/http's own writer for HTTP/1, or
// has no such field.
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

// hijack takes the connection over.
func (passed *statusPassed) hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	nc, brw, err := hijack(w)
	if err != nil && passed.sent { // too late for another answer: past middleware that cannot
		return hijack(passed.base)
	}
	return nc, brw, err
}

// failed returns an error if the response was not sent in time, so that half of it may
// be on the wire. net/http does not tell, but cancels the request's context where a
// write fails. It does that as well where a client sends no more, which is no failure;
// and a connection that is dead will say so itself.
func (passed *statusPassed) failed(r *http.Request) error {
	late := !passed.deadline.IsZero() && !time.Now().Before(passed.deadline)
	if late && r.Context().Err() != nil {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// hijack does without an http.ResponseController where w needs none.
func hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	if h, ok := w.(http.Hijacker); ok {
		return h.Hijack()
	}
	return http.NewResponseController(w).Hijack()
}

// hijackError names the wrapper that stands between us and the connection.
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

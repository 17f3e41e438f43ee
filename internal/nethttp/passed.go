package nethttp

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Passed says how far the status 101 got on its way through middleware.
type Passed struct {
	Sent     bool                // hijacking sends the response, or it is sent already
	base     http.ResponseWriter // net/http's own, if it was found by Unwrap
	deadline time.Time           // for sending the response; zero: none
}

// PassStatus sets the fields of our response in w.Header() and sends the status 101 through w,
// unless w is net/http's own writer. So middleware sees a status, what it hangs on WriteHeader
// runs, and a writer that records (those of tests do) has the response.
//
// Middleware may hold the status back. Nothing is sent then, and we have to send the response.
// A wrong guess means two responses or none, so net/http's writer is asked. A writer that is
// not built on it is taken at its word.
//
// response is the one that we would send. net/http sends the same fields, sorted, and a Date.
// limit bounds how long sending it may take; 0 means no limit.
func PassStatus(w http.ResponseWriter, response []byte, limit time.Duration) (passed Passed) {
	if IsResponse(w) || !CanHijack(w) {
		return passed
	}
	own := FindResponse(w)
	header := w.Header()
	if header == nil || own.IsKnown() && (own.WroteHeader() || !own.HasHeader(header)) {
		return passed
	}
	before := maps.Clone(header)
	setFields(header, response, &own)
	if passed.base = own.Writer; passed.base != nil {
		if limit > 0 {
			passed.deadline = time.Now().Add(limit)
		}
		_ = http.NewResponseController(own.Writer).SetWriteDeadline(passed.deadline) // hijacking clears it
	}
	WriteStatus(w, http.StatusSwitchingProtocols)
	if !own.IsKnown() || own.WroteHeader() {
		passed.Sent = true
		return passed
	}
	clear(header)
	maps.Copy(header, before)
	return Passed{}
}

// WriteStatus sends the status through w. Writers such as gin's hold it back until they are
// told not to.
func WriteStatus(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	for {
		if holding, ok := w.(interface{ WriteHeaderNow() }); ok {
			holding.WriteHeaderNow()
		}
		u, ok := w.(Unwrapper)
		if !ok {
			return
		}
		w = u.Unwrap()
	}
}

// setFields replaces the content of header by the fields of our response. net/http sends
// names as they are spelled, and we keep to the RFC's spelling. Any other writer may look for
// canonical names.
func setFields(header http.Header, response []byte, own *Response) {
	clear(header)
	lines := strings.Split(string(response), "\r\n")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case name == "":
		case own.IsKnown():
			header[name] = append(header[name], value)
		default:
			header.Add(name, value)
		}
	}
}

// Hijack takes the connection over from net/http.
func (passed *Passed) Hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	nc, brw, err := Hijack(w)
	if err != nil && passed.base != nil { // another answer cannot be sent any more: bypass the middleware
		return Hijack(passed.base)
	}
	return nc, brw, err
}

// Failed returns an error if the response was not sent by the deadline: half of it may be
// on the wire. net/http reports no error, but cancels the request's context when a write
// fails. It also does that when the client closes its direction, which is not a failure. So
// a context cancelled before the deadline means nothing; a dead connection fails at the
// next read or write.
func (passed *Passed) Failed(r *http.Request) error {
	late := !passed.deadline.IsZero() && !time.Now().Before(passed.deadline)
	if late && r.Context().Err() != nil {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// HijackError names the wrapper that hides the connection from us.
func HijackError(w http.ResponseWriter, err error) error {
	if !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	wrapper := fmt.Sprintf("%T", Unwrap(w))
	if wrapper == "*http.timeoutWriter" {
		wrapper += " (of http.TimeoutHandler)"
	}
	return fmt.Errorf("%s implements neither http.Hijacker nor Unwrap() http.ResponseWriter; "+
		"keep the WebSocket handler outside of the middleware it is from: %w", wrapper, err)
}

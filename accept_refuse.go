package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/hawser-ws/websocket/handshake"
)

// Refusal is an error by which the application refuses a request: status, reason, and
// header fields of the answer. See [RequestHandler] and [AcceptOptions.OnRequest]. It is
// also what an [AcceptError] holds where the rules refuse one.
type Refusal = handshake.Refusal

var refusedByShutdown = &Refusal{Status: http.StatusServiceUnavailable, Reason: "the server is shutting down"}

// denial is the refusal of a request by the application: the client gets the answer, and
// the server's log or hook the error.
type denial struct {
	answer *Refusal
	err    error
}

// Error says why.
func (d *denial) Error() string { return d.err.Error() }

// deny makes a denial of err. Only a Refusal is meant for the client; the text of other
// errors may be private. method is named in a [UsageError].
func deny(method string, err error) *denial {
	refusal, ok := errors.AsType[*Refusal](err)
	switch {
	case !ok:
		return &denial{plainRefusal(http.StatusForbidden), err}
	case refusal == nil: // of a function that returns a *Refusal, not an error
		return misuse(method, "the error is a nil *Refusal, which is not a nil error")
	}
	if problem := refusalProblem(refusal); problem != "" {
		denied := misuse(method, problem)
		denied.err = errors.Join(denied.err, err)
		return denied
	}
	return &denial{refusal, err}
}

// misuse is a denial where the application is at fault.
func misuse(method, problem string) *denial {
	return &denial{plainRefusal(http.StatusInternalServerError), &UsageError{method, problem}}
}

func plainRefusal(status int) *Refusal {
	return &Refusal{Status: status, Reason: http.StatusText(status)}
}

// refusalProblem says why the application's refusal cannot be sent; empty if it can.
func refusalProblem(r *Refusal) string {
	if r.Status < 300 || r.Status > 599 {
		return fmt.Sprintf("a request cannot be refused with status %d; use 300 to 599", r.Status)
	}
	sent := r.Fields()
	for name, values := range r.Header {
		for _, value := range values {
			if !slices.Contains(sent, handshake.Field{Name: name, Value: value}) {
				return fmt.Sprintf("header field %q: %q may not be sent with a refusal", name, value)
			}
		}
	}
	return ""
}

// respondDenial answers a request that the application refuses.
func respondDenial(w http.ResponseWriter, d *denial) error {
	refused := respond(w, d.answer, d.err)
	refused.onPurpose = d.err == error(d.answer)
	return refused
}

// respond answers a request that is refused. why is what the server's log or hook gets.
func respond(w http.ResponseWriter, refusal *Refusal, why error) *AcceptError {
	for _, f := range refusal.Fields() {
		w.Header().Del(f.Name)
	}
	for _, f := range refusal.Fields() {
		w.Header().Add(f.Name, f.Value)
	}
	http.Error(w, refusal.Error(), refusal.Status)
	return &AcceptError{Status: refusal.Status, Err: why}
}

// respondError answers a request that we failed to accept.
func respondError(w http.ResponseWriter, err error) error {
	status := http.StatusInternalServerError
	if errors.Is(err, http.ErrNotSupported) {
		status = http.StatusNotImplemented
	}
	http.Error(w, strconv.Itoa(status)+" "+http.StatusText(status), status)
	return &AcceptError{Status: status, Err: err}
}

package handshake

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// HTTP status codes of refusals.
const (
	statusBadRequest       = 400
	statusForbidden        = 403
	statusMethodNotAllowed = 405
	statusUpgradeRequired  = 426
	statusFieldsTooLarge   = 431
	statusNotImplemented   = 501
	statusVersion          = 505
)

// Refusal says why we, the server, do not accept a request, and how to answer. It shares no
// memory with the request.
type Refusal struct {
	Status  int    // HTTP status code of the answer
	Section string // the broken rule: "§4.2.1" in RFC 6455, or "RFC 9112 §3.2"; may be empty
	Reason  string // what is wrong, in one line of printable ASCII, suitable as the body of the answer
	Version bool   // the answer names the version we speak: Sec-WebSocket-Version: 13

	// Header has further fields for the answer, such as WWW-Authenticate or Retry-After; an
	// http.Header can be used. Fields are left out if they are [Reserved], describe the body,
	// or cannot be sent ([ValidFieldName], [ValidFieldValue]).
	Header map[string][]string
}

// Error returns the reason and the section.
func (r *Refusal) Error() string {
	if r.Section == "" {
		return r.Reason
	}
	return r.Reason + " (" + r.Section + ")"
}

// Fields returns the additional header fields of the answer: those that its status requires,
// and those of Header that may be sent.
func (r *Refusal) Fields() []Field {
	var fields []Field
	switch r.Status {
	case statusUpgradeRequired: // RFC 9110 §15.5.22
		fields = append(fields, Field{"Upgrade", "websocket"}, Field{"Connection", "Upgrade"})
	case statusMethodNotAllowed: // RFC 9110 §15.5.6
		fields = append(fields, Field{"Allow", "GET"})
	}
	if r.Version { // RFC 6455 §4.4
		fields = append(fields, Field{"Sec-WebSocket-Version", Version})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if Reserved(name) || ofBody(name) || !ValidFieldName(name) {
			continue
		}
		for _, value := range r.Header[name] {
			if ValidFieldValue(value) {
				fields = append(fields, Field{name, value})
			}
		}
	}
	return fields
}

// ofBody reports whether a field describes the body. Here the body is the reason.
func ofBody(name string) bool {
	return equalFold(name, "Content-Type") || equalFold(name, "Content-Encoding") || equalFold(name, "X-Content-Type-Options")
}

func refuse(status int, section, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Section: section, Reason: fmt.Sprintf(format, args...)}
}

func badRequest(section, format string, args ...any) *Refusal {
	return refuse(statusBadRequest, section, format, args...)
}

// quote makes data from a peer fit for a message: quoted, ASCII only, and cut if it is long.
func quote(s string) string {
	const enough = 100
	if len(s) > enough {
		return strconv.QuoteToASCII(s[:enough]) + "..."
	}
	return strconv.QuoteToASCII(s)
}

// quoteLines is quote for the lines of a header field.
func quoteLines(lines []string) string {
	switch len(lines) {
	case 0:
		return "missing"
	case 1:
		return quote(lines[0])
	}
	return quote(lines[0]) + " and " + strconv.Itoa(len(lines)-1) + " more"
}

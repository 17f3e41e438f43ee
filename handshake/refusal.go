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
	statusVersion          = 505
)

// Refusal is why we, the server, do not accept a client's request, and what to
// answer. It holds no part of the request's own memory.
type Refusal struct {
	Status  int    // HTTP status code of the answer
	Section string // where the broken rule stands: "§4.2.1" in RFC 6455, or "RFC 9112 §3.2"; may be empty
	Reason  string // what is wrong, in one line of printable ASCII, fit for the body of the answer
	Version bool   // the answer says which version we speak: Sec-WebSocket-Version: 13

	// Header has fields for the answer besides, such as WWW-Authenticate or
	// Retry-After; an http.Header will do. Left out are those that are [Reserved], that
	// describe the body, or that could not be sent ([ValidFieldName],
	// [ValidFieldValue]).
	Header map[string][]string
}

// Error is the reason and the section.
func (r *Refusal) Error() string {
	if r.Section == "" {
		return r.Reason
	}
	return r.Reason + " (" + r.Section + ")"
}

// Fields returns the header fields of the answer besides those that any answer has:
// the ones that its status demands, and those of Header that may be sent.
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

// ofBody reports whether a field describes the body, which is the reason.
func ofBody(name string) bool {
	return equalFold(name, "Content-Type") || equalFold(name, "Content-Encoding") || equalFold(name, "X-Content-Type-Options")
}

func refuse(status int, section, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Section: section, Reason: fmt.Sprintf(format, args...)}
}

func badRequest(section, format string, args ...any) *Refusal {
	return refuse(statusBadRequest, section, format, args...)
}

// quote makes what a peer sent fit for a message: in quotes, ASCII only, and
// cut where it gets long.
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
		return "nothing"
	case 1:
		return quote(lines[0])
	}
	return quote(lines[0]) + " and " + strconv.Itoa(len(lines)-1) + " more"
}

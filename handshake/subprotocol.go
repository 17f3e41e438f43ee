package handshake

import (
	"fmt"
	"strings"
)

// maxSubprotocols bounds a client's list, and with it the time to search it.
const maxSubprotocols = 64

// CheckSubprotocols reports what is wrong with a list of subprotocols that we are about to send
// or offer. Each must be a token, and none may occur twice (RFC 6455 §4.1, item 10).
func CheckSubprotocols(subprotocols []string) error {
	return checkSubprotocols(subprotocols, validToken, "a token")
}

// CheckLooseSubprotocols is [CheckSubprotocols] for those who have to speak to peers that
// name subprotocols as they like: Kubernetes has "SPDY/3.1+portforward.k8s.io". A name may be
// whatever a list in a header field can hold.
func CheckLooseSubprotocols(subprotocols []string) error {
	return checkSubprotocols(subprotocols, validElement, "an element of a list")
}

func checkSubprotocols(subprotocols []string, valid func(string) bool, what string) error {
	for i, s := range subprotocols {
		if !valid(s) {
			return fmt.Errorf("subprotocol %s is not %s (§4.1)", quote(s), what)
		}
		if contains(subprotocols[:i], s) {
			return fmt.Errorf("subprotocol %s is listed twice (§4.1)", quote(s))
		}
	}
	return nil
}

// validElement reports whether s can stand between two commas.
func validElement(s string) bool {
	return s != "" && s == trimSpace(s) && !strings.Contains(s, ",") && ValidFieldValue(s)
}

// selectSubprotocol returns the first of p.Subprotocols that is also in the client's lines, or
// "" when there is none.
//
// The client's list is "ordered by preference" (RFC 6455 §4.1, item 10), but the server is
// free in "selecting one of the values [...] that the server is willing to use" (§4.2.2,
// item 4). The server's order decides, as in other libraries for Go: servers list their
// newest version first.
//
// Case counts: a client has to refuse an answer that is not "present in the client's
// handshake" (§4.1, step 6), and browsers do.
//
// A list without an element is the same as none, as for [ParseExtensions]. Names that come
// again are passed over: they change nothing.
//
// The result is a string of the policy, which outlives the request.
//
// A refusal does not quote the client's value. Pages cannot set Authorization, so they pass
// tokens here, and refusals are logged.
//
// seen is memory for the client's list. On the stack it would take half of the 2 KiB that a
// goroutine starts with.
func (p *Policy) selectSubprotocol(lines []string, seen *[]string) (string, *Refusal) {
	*seen = (*seen)[:0]
	for _, rest := range lines {
		for rest != "" {
			var name string
			name, rest = cutElement(rest)
			switch {
			case name == "":
				continue
			case !validToken(name) && !(p.LooseSubprotocols && validElement(name)):
				return "", badRequest("§4.1", "Sec-WebSocket-Protocol: number %d is not a token", len(*seen)+1)
			case len(*seen) == maxSubprotocols:
				return "", badRequest("§4.1", "Sec-WebSocket-Protocol: more than %d subprotocols", maxSubprotocols)
			}
			*seen = append(*seen, name)
		}
	}
	for _, s := range p.Subprotocols {
		if contains(*seen, s) {
			return s, nil
		}
	}
	return "", nil
}

// find returns the element of list that equals s, or "".
func find(list []string, s string) string {
	for _, e := range list {
		if e == s {
			return e
		}
	}
	return ""
}

// contains reports whether s, which is not empty, is an element of list.
func contains(list []string, s string) bool { return find(list, s) != "" }

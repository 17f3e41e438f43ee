package handshake

import "fmt"

// maxSubprotocols bounds a client's list, and with it the search for duplicates.
const maxSubprotocols = 64

// CheckSubprotocols reports what is wrong with a list of subprotocols that we are about to send
// or offer. Each must be a token, and none may occur twice (RFC 6455 §4.1, item 10).
func CheckSubprotocols(subprotocols []string) error {
	for i, s := range subprotocols {
		if !validToken(s) {
			return fmt.Errorf("subprotocol %s is not a token (§4.1)", quote(s))
		}
		if contains(subprotocols[:i], s) {
			return fmt.Errorf("subprotocol %s is listed twice (§4.1)", quote(s))
		}
	}
	return nil
}

// selectSubprotocol returns the first subprotocol in the client's lines that is also in
// supported, or "" if there is none.
//
// RFC 6455 knows only the client's order: its list is "ordered by preference" (§4.1, item 10),
// while the server is merely "selecting one of the values [...] that the server is willing to
// use" (§4.2.2, item 4). So the client's order decides among those that the server speaks.
//
// coder/websocket behaves differently: it uses the server's order, and ignores case. The latter
// cannot be kept, since a client must refuse an answer that is not "present in the client's
// handshake" (§4.1, step 6), and browsers do.
//
// A list without elements is the same as none, as for [ParseExtensions].
//
// The result is a string of supported, which outlives the request.
//
// A refusal does not quote the client's value. Pages cannot set Authorization, so they pass
// tokens here, and refusals are logged.
//
// seen is memory for the client's list. On the stack it would take half of the 2 KiB that a
// goroutine starts with.
func selectSubprotocol(lines, supported []string, seen *[]string) (string, *Refusal) {
	*seen = (*seen)[:0]
	selected := ""
	for _, rest := range lines {
		for rest != "" {
			var name string
			name, rest = cutElement(rest)
			switch {
			case name == "":
				continue
			case !validToken(name):
				return "", badSubprotocol(len(*seen)+1, "is not a token")
			case len(*seen) == maxSubprotocols:
				return "", badRequest("§4.1", "Sec-WebSocket-Protocol: more than %d subprotocols", maxSubprotocols)
			case contains(*seen, name):
				return "", badSubprotocol(len(*seen)+1, "repeats one before it")
			}
			*seen = append(*seen, name)
			if selected == "" {
				selected = find(supported, name)
			}
		}
	}
	return selected, nil
}

// badSubprotocol refuses the nth element of the client's list.
func badSubprotocol(n int, why string) *Refusal {
	return badRequest("§4.1", "Sec-WebSocket-Protocol: number %d %s", n, why)
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

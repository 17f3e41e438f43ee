package handshake

import "fmt"

// Offer is what we, the client, send in our request and check the response against.
type Offer struct {
	Key          string   // Sec-WebSocket-Key; see [NewKey]
	Subprotocols []string // in order of preference, checked by [CheckSubprotocols]; none when empty

	// UpgradeList accepts a response whose Upgrade lists other protocols beside websocket.
	// False demands websocket alone, as RFC 6455 does (§4.1, step 2).
	UpgradeList bool

	// Deflate makes us offer permessage-deflate (RFC 7692), as written by
	// [Offer.ExtensionsValue]. Nil offers no extension.
	//
	// NoContextTakeover and MaxWindowBits of the server are demands: the server must accept
	// them or decline the offer. If it cannot limit its window, Server.NoContextTakeover is
	// enough. Those of the client are what we will do in any case.
	Deflate *Deflate
}

// Agreement is what client and server have agreed on.
type Agreement struct {
	Subprotocol string // a string of [Offer.Subprotocols]; empty for none
	Deflated    bool   // the server accepts permessage-deflate

	// Deflate has the terms, with all bits from 8 to 15; it is zero unless Deflated. The
	// server's terms are exactly those in its answer: a wish that it did not repeat is not
	// included. The client's terms are those that bind us: the server's answer, and whatever we
	// offered to do without, repeated or not. A server that did not repeat the latter may thus
	// expect less than we do.
	Deflate Deflate
}

// BadResponse says why we, the client, reject a server's response.
type BadResponse struct {
	Status  int    // HTTP status code of the response
	Section string // the broken rule: "§4.1" in RFC 6455, or "RFC 7692 §7"
	Reason  string // what is wrong, in one line of printable ASCII
}

// Error returns the reason and the section.
func (b *BadResponse) Error() string { return b.Reason + " (" + b.Section + ")" }

const statusSwitching = 101

// Check judges a response by RFC 6455 §4.1, "Once the client's opening handshake has been
// sent", steps 1 to 6 in order. Responses other than 101, such as redirects and authentication,
// must be handled by the caller before.
func (o *Offer) Check(status int, h Values) (Agreement, *BadResponse) {
	bad := func(format string, args ...any) (Agreement, *BadResponse) {
		return Agreement{}, badResponse(status, "§4.1", format, args...)
	}

	// Step 1.
	if status != statusSwitching {
		return bad("status is %d, not %d", status, statusSwitching)
	}
	// Step 2: the whole value, not an element of a list.
	upgrade := h.Values("Upgrade")
	alone := len(upgrade) == 1 && equalFold(trimSpace(upgrade[0]), "websocket")
	if !alone && !(o.UpgradeList && HasToken(upgrade, "websocket")) {
		return bad("Upgrade is %s, not websocket", quoteLines(upgrade))
	}
	// Step 3.
	connection := h.Values("Connection")
	if has, valid := listHas(connection, "upgrade", false); !has || !valid {
		return bad("Connection is %s, without Upgrade", quoteLines(connection))
	}
	// Step 4, and §11.3.3: only once.
	accept := h.Values("Sec-Websocket-Accept")
	if len(accept) != 1 {
		return bad("Sec-WebSocket-Accept comes %d times", len(accept))
	}
	want := AcceptKey(o.Key)
	if got := trimSpace(accept[0]); got != string(want[:]) {
		return bad("Sec-WebSocket-Accept is %s, not %s", quote(got), want[:])
	}
	return o.checkNegotiated(status, h)
}

// checkNegotiated judges the extensions and the subprotocol of a response by steps 5 and 6.
func (o *Offer) checkNegotiated(status int, h Values) (a Agreement, wrong *BadResponse) {
	bad := func(format string, args ...any) (Agreement, *BadResponse) {
		return Agreement{}, badResponse(status, "§4.1", format, args...)
	}
	// Step 5.
	lines := h.Values("Sec-Websocket-Extensions")
	if len(lines) > 1 { // §11.3.2: only a request may split it
		return bad("Sec-WebSocket-Extensions comes %d times", len(lines))
	}
	extensions, err := ParseExtensions(lines)
	if err != nil {
		return a, &BadResponse{Status: status, Section: "§9.1", Reason: err.Error()}
	}
	for i := range extensions {
		e := &extensions[i]
		if o.Deflate == nil || e.Name != deflateName {
			return bad("extension %s was not offered", quote(e.Name))
		}
		if a.Deflated {
			return bad("extension %s comes twice", quote(e.Name))
		}
		terms, wrong := o.Deflate.check(e)
		if wrong != nil {
			return Agreement{}, wrong
		}
		a.Deflated, a.Deflate = true, terms
	}
	// Step 6, and §11.3.4: only once.
	protocol := h.Values("Sec-Websocket-Protocol")
	switch len(protocol) {
	case 0:
		return a, nil
	case 1:
		a.Subprotocol = find(o.Subprotocols, trimSpace(protocol[0]))
		if a.Subprotocol == "" {
			return bad("subprotocol %s was not offered", quote(protocol[0]))
		}
		return a, nil
	}
	return bad("Sec-WebSocket-Protocol comes %d times", len(protocol))
}

func badResponse(status int, section, format string, args ...any) *BadResponse {
	return &BadResponse{Status: status, Section: section, Reason: fmt.Sprintf(format, args...)}
}

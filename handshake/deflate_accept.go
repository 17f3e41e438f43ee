package handshake

// accept returns the server's answer to the first valid offer of permessage-deflate. ok is
// false if there is none.
func (d *Deflate) accept(offers []Extension) (answer deflateHeader, ok bool) {
	// RFC 7692 §5: the order of the offers is the client's preference.
	for i := range offers {
		if offers[i].Name != deflateName {
			continue
		}
		// RFC 7692 §7: a faulty offer is declined; the request is not refused.
		if offer, _, err := parseDeflate(&offers[i], false); err == nil {
			return d.answer(&offer), true
		}
	}
	return answer, false
}

// answer returns the answer of a server with the settings d to an offer. It repeats everything
// that the client offers to do without, so the answer contains all the terms.
func (d *Deflate) answer(offer *deflateHeader) (answer deflateHeader) {
	// RFC 7692 §7.1.1.1: what is offered must be answered. The server may also answer what was
	// not offered.
	answer.Server.NoContextTakeover = d.Server.NoContextTakeover || offer.Server.NoContextTakeover
	// RFC 7692 §7.1.1.2: the same, except that the server may ignore the offer.
	answer.Client.NoContextTakeover = d.Client.NoContextTakeover || offer.Client.NoContextTakeover
	// RFC 7692 §7.1.2.1: an offer is answered with the same value or a smaller one. The server
	// may also answer what was not offered.
	answer.Server.MaxWindowBits = min(d.Server.WindowBits(), offer.Server.MaxWindowBits)
	answer.serverWindow = offer.serverWindow
	// RFC 7692 §7.1.2.2: likewise, but only if offered, and always with a value.
	answer.Client.MaxWindowBits = min(d.Client.WindowBits(), offer.Client.MaxWindowBits)
	switch offer.clientWindow {
	case windowValue:
		answer.clientWindow = windowValue
	case windowAbsent:
		// The client does not accept a smaller window. Then we demand that the larger one is
		// not kept between messages.
		if answer.Client.MaxWindowBits < maxWindowBits {
			answer.Client = DeflateSide{NoContextTakeover: true, MaxWindowBits: maxWindowBits}
		}
	}
	return answer
}

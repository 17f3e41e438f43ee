package handshake

// accept is the server's answer to the first offer of permessage-deflate that
// is as it should be; ok is false when there is none.
func (d *Deflate) accept(offers []Extension) (answer deflateHeader, ok bool) {
	// RFC 7692 §5: the order of the offers is the client's preference.
	for i := range offers {
		if offers[i].Name != deflateName {
			continue
		}
		// RFC 7692 §7: an offer with such a fault is declined, and no more than that.
		if offer, _, err := parseDeflate(&offers[i], false); err == nil {
			return d.answer(&offer), true
		}
	}
	return answer, false
}

// answer is what a server that is ready for d makes of an offer. Of what the
// client offers to do without, nothing is ignored, so that what the answer says
// is all there is to know.
func (d *Deflate) answer(offer *deflateHeader) (answer deflateHeader) {
	// RFC 7692 §7.1.1.1: what is offered has to be answered; the server may also
	// answer what was not offered.
	answer.Server.NoContextTakeover = d.Server.NoContextTakeover || offer.Server.NoContextTakeover
	// RFC 7692 §7.1.1.2: the same, but that the server could ignore the offer.
	answer.Client.NoContextTakeover = d.Client.NoContextTakeover || offer.Client.NoContextTakeover
	// RFC 7692 §7.1.2.1: an offer is answered with the same value or a smaller one;
	// the server may also answer what was not offered.
	answer.Server.MaxWindowBits = min(d.Server.WindowBits(), offer.Server.MaxWindowBits)
	answer.serverWindow = offer.serverWindow
	// RFC 7692 §7.1.2.2: likewise, but not without an offer, and with a value.
	answer.Client.MaxWindowBits = min(d.Client.WindowBits(), offer.Client.MaxWindowBits)
	switch offer.clientWindow {
	case windowValue:
		answer.clientWindow = windowValue
	case windowAbsent:
		// The client would not hear of a smaller window. We then want none of the
		// larger one to be kept between messages.
		if answer.Client.MaxWindowBits < maxWindowBits {
			answer.Client = DeflateSide{NoContextTakeover: true, MaxWindowBits: maxWindowBits}
		}
	}
	return answer
}

package handshake

import "fmt"

// ExtensionsValue returns the value of Sec-WebSocket-Extensions for our request, or "" if the
// request has no such field.
//
// If [Offer.Deflate] limits the server's window there are two offers. A server that cannot
// limit its window must decline the first. The second asks it for no context takeover instead,
// so that we need not keep a window between messages.
func (o *Offer) ExtensionsValue() string {
	if o.Deflate == nil {
		return ""
	}
	// RFC 7692 §7.1.2.2: without client_max_window_bits the server must not limit our window.
	offer := deflateHeader{Deflate: *o.Deflate, clientWindow: windowBare}
	value := offer.append(nil)
	if o.Deflate.Server.WindowBits() < maxWindowBits {
		offer.Server = DeflateSide{NoContextTakeover: true}
		value = append(value, ", "...)
		value = offer.append(value)
	}
	return string(value)
}

// check compares the server's answer with the offers that [Offer.ExtensionsValue] makes for d.
// It returns the terms for [Agreement.Deflate].
func (d *Deflate) check(x *Extension) (agreed Deflate, bad *BadResponse) {
	fails := func(section, format string, args ...any) (Deflate, *BadResponse) {
		return Deflate{}, &BadResponse{
			Status: statusSwitching, Section: "RFC 7692 " + section,
			Reason: deflateName + ": " + fmt.Sprintf(format, args...),
		}
	}
	answer, param, err := parseDeflate(x, true)
	if err != nil { // RFC 7692 §7
		return fails("§7", "parameter %s %v", quote(param.Name+valueOf(param)), err)
	}
	theirs, ours := d.Server.WindowBits(), d.Client.WindowBits()
	// RFC 7692 §7.1.1.1: both offers contain it if we want it.
	if d.Server.NoContextTakeover && !answer.Server.NoContextTakeover {
		return fails("§7.1.1.1", "%s was offered and is not answered", serverNoTakeover)
	}
	// RFC 7692 §7.1.2.1: if we limit the server's window, the first offer does. The second does
	// not, so any window is valid then; but it demands no context takeover.
	if theirs < maxWindowBits && !answer.Server.NoContextTakeover {
		if answer.serverWindow == windowAbsent {
			return fails("§7.1.2.1", "%s=%d was offered and is not answered", serverWindowParam, theirs)
		}
		if answer.Server.MaxWindowBits > theirs {
			return fails("§7.1.2.1", "%s=%d was offered, and the answer is %d", serverWindowParam, theirs, answer.Server.MaxWindowBits)
		}
	}
	// RFC 7692 §7.1.2.2: both offers contain it, with a value if that is below 15.
	if answer.clientWindow == windowValue && answer.Client.MaxWindowBits > ours {
		return fails("§7.1.2.2", "%s=%d was offered, and the answer is %d", clientWindowParam, ours, answer.Client.MaxWindowBits)
	}
	agreed = answer.Deflate
	// RFC 7692 §7.1.1.2 and §7.1.2.2: what we offer for ourselves applies whether or not the
	// server repeats it.
	agreed.Client.NoContextTakeover = agreed.Client.NoContextTakeover || d.Client.NoContextTakeover
	agreed.Client.MaxWindowBits = min(agreed.Client.MaxWindowBits, ours)
	return agreed, nil
}

// valueOf returns the value of a parameter as it was written, for a message.
func valueOf(p *Param) string {
	switch {
	case p.Quoted:
		return `="` + p.Value + `"`
	case p.HasValue:
		return "=" + p.Value
	}
	return ""
}

package handshake

import "strconv"

// The names are case-sensitive, like subprotocols: RFC 6455 §9.1 only says that extension-token
// is a token, and RFC 7692 §7.1 writes these in lower case.
const (
	deflateName       = "permessage-deflate"
	serverNoTakeover  = "server_no_context_takeover"
	clientNoTakeover  = "client_no_context_takeover"
	serverWindowParam = "server_max_window_bits"
	clientWindowParam = "client_max_window_bits"
)

// deflateHeader is permessage-deflate as written in Sec-WebSocket-Extensions, in an offer or an
// answer.
type deflateHeader struct {
	Deflate                    // parsed bits are from 8 to 15
	serverWindow, clientWindow windowForm
}

// windowForm is how a window parameter is written in the header. When writing, it only matters
// for 15 bits: a smaller window always has a value.
type windowForm uint8

const (
	windowAbsent windowForm = iota
	windowBare              // "client_max_window_bits": in an offer, and for the client only
	windowValue             // "client_max_window_bits=15"
)

// Faults of a parameter.
const (
	errDeflateParam   = grammarError("is not defined")
	errDeflateTwice   = grammarError("comes twice")
	errDeflateValue   = grammarError("has a value and may not")
	errDeflateNoValue = grammarError("has no value")
	errDeflateBits    = grammarError("is not a number from 8 to 15")
)

// parseDeflate parses the parameters of an offer or an answer. For these faults RFC 7692 §7
// makes a server decline the offer and a client fail the connection. param is the faulty one.
func parseDeflate(x *Extension, answer bool) (h deflateHeader, param *Param, err error) {
	for i := range x.Params {
		param = &x.Params[i]
		switch param.Name {
		case serverNoTakeover: // RFC 7692 §7.1.1.1
			err = parseFlag(param, &h.Server.NoContextTakeover)
		case clientNoTakeover: // RFC 7692 §7.1.1.2
			err = parseFlag(param, &h.Client.NoContextTakeover)
		case serverWindowParam: // RFC 7692 §7.1.2.1: a value is required
			err = parseWindow(param, false, &h.Server.MaxWindowBits, &h.serverWindow)
		case clientWindowParam: // RFC 7692 §7.1.2.2: in an offer, the value is optional
			err = parseWindow(param, !answer, &h.Client.MaxWindowBits, &h.clientWindow)
		default:
			err = errDeflateParam
		}
		if err != nil {
			return deflateHeader{}, param, err
		}
	}
	h.Server.MaxWindowBits, h.Client.MaxWindowBits = h.Server.WindowBits(), h.Client.WindowBits()
	return h, nil, nil
}

func parseFlag(p *Param, flag *bool) error {
	switch {
	case *flag:
		return errDeflateTwice
	case p.HasValue:
		return errDeflateValue
	}
	*flag = true
	return nil
}

// parseWindow leaves bits at 0 if the parameter has no value.
func parseWindow(p *Param, mayBeBare bool, bits *int, form *windowForm) error {
	switch {
	case *form != windowAbsent:
		return errDeflateTwice
	case p.HasValue:
		*form = windowValue
		if *bits = parseBits(p); *bits == 0 {
			return errDeflateBits
		}
		return nil
	case mayBeBare:
		*form = windowBare
		return nil
	}
	return errDeflateNoValue
}

// parseBits parses a decimal number from 8 to 15 without leading zeros (RFC 7692 §7.1.2). It
// returns 0 for anything else, including a quoted-string.
func parseBits(p *Param) int {
	switch v := p.Value; {
	case p.Quoted:
	case v == "8", v == "9":
		return int(v[0] - '0')
	case len(v) == 2 && v[0] == '1' && '0' <= v[1] && v[1] <= '5':
		return 10 + int(v[1]-'0')
	}
	return 0
}

func (h deflateHeader) append(dst []byte) []byte {
	dst = append(dst, deflateName...)
	if h.Server.NoContextTakeover {
		dst = append(dst, "; "+serverNoTakeover...)
	}
	if h.Client.NoContextTakeover {
		dst = append(dst, "; "+clientNoTakeover...)
	}
	dst = appendWindow(dst, "; "+serverWindowParam, h.Server.WindowBits(), h.serverWindow)
	return appendWindow(dst, "; "+clientWindowParam, h.Client.WindowBits(), h.clientWindow)
}

func appendWindow(dst []byte, param string, bits int, form windowForm) []byte {
	if bits < maxWindowBits {
		form = windowValue
	}
	if form == windowAbsent {
		return dst
	}
	dst = append(dst, param...)
	if form == windowValue {
		dst = append(dst, '=')
		dst = strconv.AppendInt(dst, int64(bits), 10)
	}
	return dst
}

package handshake

import "strconv"

// The names are compared with regard to case, as subprotocols are: RFC 6455 §9.1
// says of extension-token no more than that it is a token, and RFC 7692 §7.1 writes
// these in small letters.
const (
	deflateName       = "permessage-deflate"
	serverNoTakeover  = "server_no_context_takeover"
	clientNoTakeover  = "client_no_context_takeover"
	serverWindowParam = "server_max_window_bits"
	clientWindowParam = "client_max_window_bits"
)

// deflateHeader is permessage-deflate as it stands in Sec-WebSocket-Extensions,
// in an offer or in an answer.
type deflateHeader struct {
	Deflate                    // with bits from 8 to 15 when it was parsed
	serverWindow, clientWindow windowForm
}

// windowForm is how the parameter for a window stands in the header. In what is
// to be written it decides about 15 bits only: less is always a value.
type windowForm uint8

const (
	windowAbsent windowForm = iota
	windowBare              // "client_max_window_bits": in an offer, and of the client's only
	windowValue             // "client_max_window_bits=15"
)

// What is wrong with a parameter.
const (
	errDeflateParam   = grammarError("is not defined")
	errDeflateTwice   = grammarError("comes twice")
	errDeflateValue   = grammarError("has a value and may not")
	errDeflateNoValue = grammarError("has no value")
	errDeflateBits    = grammarError("is not a number from 8 to 15")
)

// parseDeflate reads the parameters of an offer, or of an answer to one. These
// are the faults for which RFC 7692 §7 has a server decline the offer and a
// client fail the connection; param is the one at fault.
func parseDeflate(x *Extension, answer bool) (h deflateHeader, param *Param, err error) {
	for i := range x.Params {
		param = &x.Params[i]
		switch param.Name {
		case serverNoTakeover: // RFC 7692 §7.1.1.1
			err = parseFlag(param, &h.Server.NoContextTakeover)
		case clientNoTakeover: // RFC 7692 §7.1.1.2
			err = parseFlag(param, &h.Client.NoContextTakeover)
		case serverWindowParam: // RFC 7692 §7.1.2.1: always with a value
			err = parseWindow(param, false, &h.Server.MaxWindowBits, &h.serverWindow)
		case clientWindowParam: // RFC 7692 §7.1.2.2: in an offer also without
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

// parseWindow leaves bits at 0 when the parameter is bare.
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

// parseBits is 0 for what is not a decimal number from 8 to 15 without leading
// zeros (RFC 7692 §7.1.2). A quoted-string is not one.
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

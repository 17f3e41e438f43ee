package handshake

import "strconv"

// Reserved reports whether a header field is the handshake's own: one that the
// rules of this package write, or that must not be in a handshake at all. A
// caller's extra fields leave these alone.
func Reserved(name string) bool {
	for _, own := range [...]string{
		"Upgrade", "Connection", "Content-Length", "Transfer-Encoding",
		"Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key",
		"Sec-WebSocket-Protocol", "Sec-WebSocket-Version",
	} {
		if equalFold(name, own) {
			return true
		}
	}
	return false
}

// AppendSwitching appends the response that opens the connection (RFC 6455
// §4.2.2, item 5). Of the extra fields it leaves out those that are [Reserved]
// or could not be sent ([ValidFieldName], [ValidFieldValue]); a caller who wants
// to hear of that asks before.
func AppendSwitching(dst []byte, a Acceptance, extra []Field) []byte {
	return a.AppendSwitching(dst, extra)
}

// AppendSwitching is the function of that name without a copy of a.
func (a *Acceptance) AppendSwitching(dst []byte, extra []Field) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\n"+
		"Connection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "...)
	dst = AppendAccept(dst, a.Key)
	dst = append(dst, "\r\n"...)
	if a.Subprotocol != "" {
		dst = appendField(dst, Field{"Sec-WebSocket-Protocol", a.Subprotocol})
	}
	if a.Deflated {
		dst = a.appendDeflate(dst)
	}
	if len(extra) > 0 {
		dst = appendExtra(dst, extra)
	}
	return append(dst, "\r\n"...)
}

func (a *Acceptance) appendDeflate(dst []byte) []byte {
	dst = append(dst, "Sec-WebSocket-Extensions: "...)
	dst = deflateHeader{a.Deflate, a.serverWindow, a.clientWindow}.append(dst)
	return append(dst, "\r\n"...)
}

func appendExtra(dst []byte, extra []Field) []byte {
	for _, f := range extra {
		if !Reserved(f.Name) && ValidFieldName(f.Name) && ValidFieldValue(f.Value) {
			dst = appendField(dst, f)
		}
	}
	return dst
}

// AppendRefusal appends a complete response that says why, after which the
// connection is to be closed. Through net/http, [Refusal.Fields] and
// [Refusal.Error] say the same.
func AppendRefusal(dst []byte, r *Refusal) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, statusText(r.Status)...)
	dst = append(dst, "\r\n"...)
	for _, f := range r.Fields() {
		dst = appendField(dst, f)
	}
	body := r.Error()
	dst = append(dst, "Connection: close\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n"+
		"X-Content-Type-Options: nosniff\r\n"+
		"Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)+1), 10)
	dst = append(dst, "\r\n\r\n"...)
	dst = append(dst, body...)
	return append(dst, '\n')
}

func appendField(dst []byte, f Field) []byte {
	dst = append(dst, f.Name...)
	dst = append(dst, ": "...)
	dst = append(dst, f.Value...)
	return append(dst, "\r\n"...)
}

// statusText is empty, which RFC 9112 §4 allows, for what we do not send.
func statusText(status int) string {
	switch status {
	case statusBadRequest:
		return "Bad Request"
	case statusForbidden:
		return "Forbidden"
	case statusMethodNotAllowed:
		return "Method Not Allowed"
	case statusUpgradeRequired:
		return "Upgrade Required"
	case statusFieldsTooLarge:
		return "Request Header Fields Too Large"
	case statusVersion:
		return "HTTP Version Not Supported"
	}
	return ""
}

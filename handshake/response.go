package handshake

import "strconv"

// Reserved reports whether a header field belongs to the handshake: the rules of this package
// write it, or it must not occur in a handshake at all. Extra fields of a caller must not use
// these names.
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

// AppendSwitching appends the response that opens the connection (RFC 6455 §4.2.2, item 5). It
// leaves out extra fields that are [Reserved] or cannot be sent ([ValidFieldName],
// [ValidFieldValue]); use these functions to find out beforehand.
func AppendSwitching(dst []byte, a Acceptance, extra []Field) []byte {
	return a.AppendSwitching(dst, extra)
}

// AppendSwitching is like the function of that name, without copying a.
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
		if maySend(f) {
			dst = appendField(dst, f)
		}
	}
	return dst
}

// AppendRefusal appends a complete response with the reason. The connection must be closed
// afterwards. With net/http, use [Refusal.Fields] and [Refusal.Error] for the same response.
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

// statusText returns "" for a status that we do not send, as RFC 9112 §4 allows.
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
	case statusNotImplemented:
		return "Not Implemented"
	case statusVersion:
		return "HTTP Version Not Supported"
	}
	return ""
}

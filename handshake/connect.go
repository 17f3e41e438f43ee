package handshake

import (
	"strings"

	"github.com/hawser-ws/websocket/internal/hostport"
)

// ConnectProtocol is the value of :protocol that opens a WebSocket (RFC 8441 §5).
const ConnectProtocol = "websocket"

// checkConnect judges a request of HTTP/2 or HTTP/3 by RFC 8441 §4 and §5, and RFC 9220 §3. It
// takes the place of checkHTTP and checkUpgrade.
//
// Sec-WebSocket-Key is not looked at: RFC 8441 §5 drops it, and haproxy sends one.
func (r *Request) checkConnect() *Refusal {
	if refusal := r.checkConnectProtocol(); refusal != nil {
		return refusal
	}
	if refusal := r.checkPseudo(); refusal != nil {
		return refusal
	}
	// RFC 9113 §8.2.2: the fields of an HTTP/1.1 connection make a request malformed.
	switch {
	case len(r.Upgrade) > 0:
		return badRequest("RFC 9113 §8.2.2", "Upgrade does not exist in HTTP/%d", r.ProtoMajor)
	case len(r.Connection) > 0:
		return badRequest("RFC 9113 §8.2.2", "Connection does not exist in HTTP/%d", r.ProtoMajor)
	case len(r.TransferEncoding) > 0:
		return badRequest("RFC 9113 §8.2.2", "Transfer-Encoding does not exist in HTTP/%d", r.ProtoMajor)
	case len(r.ContentLength) > 0: // the DATA of the stream are frames, without a known end
		return badRequest("RFC 9110 §9.3.6", "Content-Length is %s: a CONNECT request has no content", quoteLines(r.ContentLength))
	case r.EndStream: // RFC 8441 §5: the stream is the connection
		return badRequest("RFC 8441 §5", "the request ends its stream, which is to be the connection")
	}
	return r.checkVersionField(statusBadRequest)
}

// checkConnectProtocol checks that this is an extended CONNECT for a WebSocket.
func (r *Request) checkConnectProtocol() *Refusal {
	method, lines := r.Method, r.Connect
	switch {
	case method != "CONNECT" && len(lines) > 0: // RFC 8441 §4
		return badRequest("RFC 8441 §4", "method is %s, but :protocol belongs to CONNECT", quote(method))
	case method != "CONNECT":
		return refuse(statusVersion, "RFC 8441 §4", "in HTTP/%d a WebSocket begins with CONNECT and :protocol, not with %s", r.ProtoMajor, quote(method))
	case len(lines) == 0: // RFC 9110 §9.3.6
		return refuse(statusNotImplemented, "RFC 9110 §9.3.6", "this is no proxy: CONNECT needs the :protocol %s", ConnectProtocol)
	case len(lines) > 1: // RFC 9113 §8.3
		return badRequest("RFC 9113 §8.3", ":protocol comes %d times", len(lines))
	case lines[0] != ConnectProtocol: // RFC 9220 §3
		return refuse(statusNotImplemented, "RFC 9220 §3", ":protocol is %s, not %s", quote(lines[0]), ConnectProtocol)
	}
	return nil
}

// checkPseudo checks what takes the place of the request line and of Host.
func (r *Request) checkPseudo() *Refusal {
	// RFC 8441 §4: :scheme and :path are included. Not every HTTP library shows :scheme.
	if r.Scheme != "" && !equalFold(r.Scheme, "https") && !equalFold(r.Scheme, "http") {
		return badRequest("RFC 8441 §5", ":scheme is %s, not https or http", quote(r.Scheme))
	}
	if !strings.HasPrefix(r.Target, "/") {
		return badRequest("RFC 9113 §8.3.1", ":path is %s, which does not begin with a slash", quote(r.Target))
	}
	if !validPathQuery(r.Target) { // as a request-target of HTTP/1.1: it may be passed on as one
		return badRequest("RFC 9113 §8.3.1", ":path %s is malformed", quote(r.Target))
	}
	if hasDotSegment(r.Target) { // routers treat it as another path than the one they checked
		return badRequest("RFC 3986 §5.2.4", ":path %s has a dot segment", quote(r.Target))
	}
	host, ok := r.authority() // RFC 6455 §4.2.1, item 2
	if !ok {
		return badRequest("RFC 9113 §8.3.1", ":authority %s is not a host and port", quote(r.Host))
	}
	if len(r.HostField) == 0 {
		return nil
	}
	other, ok := splitAuthority(r.HostField[0], &hostport.RegName)
	if !ok || len(r.HostField) > 1 || other.port != host.port || !other.sameHost(host) {
		return badRequest("RFC 9113 §8.3.1", "Host is %s, but :authority is %s", quoteLines(r.HostField), quote(r.Host))
	}
	return nil
}

// hasDotSegment reports whether the path before a query has a segment "." or "..", which may be
// percent-encoded.
func hasDotSegment(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	for segment := range strings.SplitSeq(path, "/") {
		if dots, ok := countDots(segment); ok && (dots == 1 || dots == 2) {
			return true
		}
	}
	return false
}

// countDots returns how many dots the segment has; ok is false if it has anything else.
func countDots(segment string) (dots int, ok bool) {
	for len(segment) > 0 {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && equalFold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return 0, false
		}
		dots++
	}
	return dots, true
}

// Fields returns the header fields of a response with status 200, which opens a connection over
// HTTP/2 or HTTP/3 (RFC 8441 §5). It leaves out extra fields as [Acceptance.AppendSwitching]
// does.
func (a *Acceptance) Fields(extra []Field) []Field {
	var fields []Field
	if a.Subprotocol != "" {
		fields = append(fields, Field{"Sec-WebSocket-Protocol", a.Subprotocol})
	}
	if a.Deflated {
		value := deflateHeader{a.Deflate, a.serverWindow, a.clientWindow}.append(nil)
		fields = append(fields, Field{"Sec-WebSocket-Extensions", string(value)})
	}
	for _, f := range extra {
		if maySend(f) {
			f.Value = trimSpace(f.Value) // RFC 9113 §8.2.1: with spaces around it the response is malformed
			fields = append(fields, f)
		}
	}
	return fields
}

// maySend reports whether the application may add f to the handshake.
func maySend(f Field) bool {
	return !Reserved(f.Name) && ValidFieldName(f.Name) && ValidFieldValue(f.Value)
}

// CheckConnect judges a response to extended CONNECT (RFC 8441 §5, RFC 9220 §3): any status of
// 2xx opens the connection. The caller must have handled redirects and authentication before.
// Sec-WebSocket-Accept is not looked at: RFC 8441 §5 drops it, and haproxy sends one.
func (o *Offer) CheckConnect(status int, h Values) (Agreement, *BadResponse) {
	bad := func(section, format string, args ...any) (Agreement, *BadResponse) {
		return Agreement{}, badResponse(status, section, format, args...)
	}
	switch {
	case status == statusSwitching: // RFC 9113 §8.6
		return bad("RFC 9113 §8.6", "status is 101, which does not exist in HTTP/2 and HTTP/3")
	case status < 200 || status > 299:
		return bad("RFC 8441 §5", "status is %d, not 2xx", status)
	}
	for _, name := range [...]string{"Upgrade", "Connection"} {
		if lines := h.Values(name); len(lines) > 0 {
			return bad("RFC 9113 §8.2.2", "%s is %s, but does not exist in HTTP/2 and HTTP/3", name, quoteLines(lines))
		}
	}
	return o.checkNegotiated(status, h)
}

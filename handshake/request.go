package handshake

import "github.com/hawser-ws/websocket/internal/hostport"

// Values looks header fields up by name. http.Header is one. The names it is
// asked for are in the form that net/http calls canonical.
type Values interface{ Values(name string) []string }

// Field is one header line.
type Field struct{ Name, Value string }

// Request is what the server's rules look at, whether it came through net/http
// ([Request.Collect]) or through [ParseRequest]. The zero value is a request
// without anything. A header that may not come twice is kept with all its
// lines, since that it did come twice is for the rules to see.
type Request struct {
	Method     string // "GET", exactly
	Target     string // request-target as sent; not judged by [Policy.Accept]
	Host       string // of an absolute target or else of the Host header; behind a trusted proxy, of what it forwards
	ProtoMajor int    // 1 of HTTP/1.1
	ProtoMinor int    // 1 of HTTP/1.1
	TLS        bool   // it came over TLS that ended here: the origin must then be https

	// The lines of the header fields that the rules look at, in order.
	Upgrade          []string
	Connection       []string
	Key              []string // Sec-WebSocket-Key
	Version          []string // Sec-WebSocket-Version
	Protocol         []string // Sec-WebSocket-Protocol
	Extensions       []string // Sec-WebSocket-Extensions
	Origin           []string
	SecFetchSite     []string // Sec-Fetch-Site
	ContentLength    []string
	TransferEncoding []string

	// Header is every header line in order, for callers that look for others.
	// Only ParseRequest fills it, and a RequestParser that is not RulesOnly.
	Header []Field

	rulesOnly bool     // Header is to stay empty
	protocols []string // the elements of Protocol
	offers    extensionList
	host      authority // of hostOf, if it has one: see authority
	hostOf    string
}

// Collect fills the named slices from h, in place of what they held. The
// strings are not copied; the slices of h are.
//
// net/http takes the Host and Transfer-Encoding lines out of its header: the
// caller sets Host from the http.Request, and appends its TransferEncoding to
// r.TransferEncoding, after Collect.
func (r *Request) Collect(h Values) {
	collect(&r.Upgrade, h, "Upgrade")
	collect(&r.Connection, h, "Connection")
	collect(&r.Key, h, "Sec-Websocket-Key")
	collect(&r.Version, h, "Sec-Websocket-Version")
	collect(&r.Protocol, h, "Sec-Websocket-Protocol")
	collect(&r.Extensions, h, "Sec-Websocket-Extensions")
	collect(&r.Origin, h, "Origin")
	collect(&r.SecFetchSite, h, "Sec-Fetch-Site")
	collect(&r.ContentLength, h, "Content-Length")
	collect(&r.TransferEncoding, h, "Transfer-Encoding")
}

func collect(lines *[]string, h Values, name string) {
	*lines = append((*lines)[:0], h.Values(name)...)
}

// keptLines is how many lines of a field Reset keeps room for. An http.Server takes
// some 40,000 in a request, and what resets may be kept for as long as it runs.
const keptLines = 128

// Reset makes r the zero value again, but keeps the room that its slices have, unless
// that is large. It holds on to none of the strings.
func (r *Request) Reset() {
	for _, lines := range [...]*[]string{
		&r.Upgrade, &r.Connection, &r.Key, &r.Version, &r.Protocol, &r.Extensions,
		&r.Origin, &r.SecFetchSite, &r.ContentLength, &r.TransferEncoding, &r.protocols,
	} {
		if cap(*lines) > keptLines {
			*lines = nil
			continue
		}
		clear(*lines)
		*lines = (*lines)[:0]
	}
	clear(r.Header)
	r.Header = r.Header[:0]
	r.offers.reset()
	r.Method, r.Target, r.Host = "", "", ""
	r.host, r.hostOf = authority{}, ""
	r.ProtoMajor, r.ProtoMinor, r.TLS, r.rulesOnly = 0, 0, false, false
}

// add keeps a header line, and keeps it by name when the rules look at it. It returns
// 1 if it is Host.
func (r *Request) add(f Field) (hosts int) {
	if !r.rulesOnly {
		r.Header = append(r.Header, f)
	}
	if len(f.Name) == len("Host") && equalFold(f.Name, "Host") {
		r.Host = f.Value
		return 1
	}
	if lines := r.lines(f.Name); lines != nil {
		*lines = append(*lines, f.Value)
	}
	return 0
}

// lines tells names apart by their length first, which few share.
func (r *Request) lines(name string) *[]string {
	var own string
	var lines *[]string
	switch len(name) {
	case len("Origin"):
		own, lines = "Origin", &r.Origin
	case len("Upgrade"):
		own, lines = "Upgrade", &r.Upgrade
	case len("Connection"):
		own, lines = "Connection", &r.Connection
	case len("Content-Length"): // and of Sec-Fetch-Site
		if equalFold(name, "Content-Length") {
			return &r.ContentLength
		}
		own, lines = "Sec-Fetch-Site", &r.SecFetchSite
	case len("Sec-WebSocket-Key"): // and of Transfer-Encoding
		if equalFold(name, "Transfer-Encoding") {
			return &r.TransferEncoding
		}
		own, lines = "Sec-WebSocket-Key", &r.Key
	case len("Sec-WebSocket-Version"):
		own, lines = "Sec-WebSocket-Version", &r.Version
	case len("Sec-WebSocket-Protocol"):
		own, lines = "Sec-WebSocket-Protocol", &r.Protocol
	case len("Sec-WebSocket-Extensions"):
		own, lines = "Sec-WebSocket-Extensions", &r.Extensions
	}
	if lines != nil && equalFold(name, own) {
		return lines
	}
	return nil
}

// authority is Host taken apart; ok is false if it is not a host and port. Several
// rules ask for it, so what was found is kept for the next.
func (r *Request) authority() (a authority, ok bool) {
	if r.hostOf == r.Host && r.host.host != "" {
		return r.host, true
	}
	a, ok = splitAuthority(r.Host, &hostport.RegName)
	if ok {
		r.host, r.hostOf = a, r.Host
	}
	return a, ok
}

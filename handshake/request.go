package handshake

import (
	"strings"

	"github.com/hawser-ws/websocket/internal/hostport"
)

// Values looks up header fields by name, in the form that net/http calls canonical. http.Header
// implements it.
type Values interface{ Values(name string) []string }

// Field is one header line.
type Field struct{ Name, Value string }

// Request has the parts of a request that the server's rules look at. It is filled from
// net/http ([Request.Collect]) or by [ParseRequest]. The zero value is an empty request. A
// header that must occur only once still has all its lines here, so that the rules can detect
// repetition.
type Request struct {
	Method     string // exactly "GET"; over HTTP/2 and HTTP/3 "CONNECT"
	Target     string // request-target or :path as sent; [Policy.Accept] does not judge it in HTTP/1.1
	Host       string // from an absolute target or :authority, or else from the Host header; behind a trusted proxy, the forwarded one
	ProtoMajor int    // 1 in HTTP/1.1
	ProtoMinor int    // 1 in HTTP/1.1
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

	// Of extended CONNECT (RFC 8441, RFC 9220); zero in HTTP/1.1.
	Connect   []string // the values of :protocol
	HostField []string // the lines of Host, which may come beside :authority
	Scheme    string   // :scheme; empty if the HTTP library does not tell
	EndStream bool     // the request ended its stream

	// Header has every header line in order, for other uses. ParseRequest fills it, and a
	// RequestParser without RulesOnly; Collect does not.
	Header []Field

	rulesOnly bool     // Header stays empty
	protocols []string // the elements of Protocol
	offers    extensionList
	host      authority // of hostOf, if valid: see authority
	hostOf    string
}

// Collect replaces the named slices by the lines in h. It copies the slices, but not the
// strings.
//
// net/http removes the Host and Transfer-Encoding lines of HTTP/1.1 from its header. The caller
// sets Host from the http.Request and, after Collect, appends its TransferEncoding to
// r.TransferEncoding. In HTTP/2 net/http keeps :protocol among the header fields; a library that
// does not leaves r.Connect to the caller.
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
	collect(&r.Connect, h, ":protocol")
	collect(&r.HostField, h, "Host")
}

// Values returns the values of all lines of a field in r.Header, in order. The case of name does
// not matter. With it a Request implements [Values]; http.ParseCookie parses those of "Cookie".
func (r *Request) Values(name string) []string {
	var values []string
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

func collect(lines *[]string, h Values, name string) {
	*lines = append((*lines)[:0], h.Values(name)...)
}

// keptLines is for how many lines of a field Reset keeps room. An http.Server accepts some
// 40,000 in a request, and a reused Request may live as long as the server.
const keptLines = 128

// Reset makes r the zero value again, but keeps the memory of its slices unless that is large.
// It retains no strings.
func (r *Request) Reset() {
	for _, lines := range [...]*[]string{
		&r.Upgrade, &r.Connection, &r.Key, &r.Version, &r.Protocol, &r.Extensions,
		&r.Origin, &r.SecFetchSite, &r.ContentLength, &r.TransferEncoding, &r.protocols,
		&r.Connect, &r.HostField,
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
	r.Method, r.Target, r.Host, r.Scheme = "", "", "", ""
	r.host, r.hostOf = authority{}, ""
	r.ProtoMajor, r.ProtoMinor, r.TLS, r.EndStream, r.rulesOnly = 0, 0, false, false, false
}

// add stores a header line, also by name if the rules look at it. It returns 1 if the field is
// Host.
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

// lines distinguishes names by length first, since few share one.
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

// authority returns the parsed Host; ok is false if it is not a host and port. Several rules
// need it, so the result is kept.
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

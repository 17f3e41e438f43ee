package handshake

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
	// Only ParseRequest fills it.
	Header []Field

	offers extensionList
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

// Reset makes r the zero value again, but keeps the room that its slices have.
// It holds on to none of the strings.
func (r *Request) Reset() {
	for _, lines := range [...]*[]string{
		&r.Upgrade, &r.Connection, &r.Key, &r.Version, &r.Protocol, &r.Extensions,
		&r.Origin, &r.SecFetchSite, &r.ContentLength, &r.TransferEncoding,
	} {
		clear(*lines)
		*lines = (*lines)[:0]
	}
	clear(r.Header)
	r.Header = r.Header[:0]
	r.offers.reset()
	r.Method, r.Target, r.Host = "", "", ""
	r.ProtoMajor, r.ProtoMinor, r.TLS = 0, 0, false
}

// add keeps a header line, and keeps it by name when the rules look at it.
func (r *Request) add(f Field) {
	r.Header = append(r.Header, f)
	if lines := r.lines(f.Name); lines != nil {
		*lines = append(*lines, f.Value)
	}
}

func (r *Request) lines(name string) *[]string {
	switch {
	case equalFold(name, "Upgrade"):
		return &r.Upgrade
	case equalFold(name, "Connection"):
		return &r.Connection
	case equalFold(name, "Sec-WebSocket-Key"):
		return &r.Key
	case equalFold(name, "Sec-WebSocket-Version"):
		return &r.Version
	case equalFold(name, "Sec-WebSocket-Protocol"):
		return &r.Protocol
	case equalFold(name, "Sec-WebSocket-Extensions"):
		return &r.Extensions
	case equalFold(name, "Origin"):
		return &r.Origin
	case equalFold(name, "Sec-Fetch-Site"):
		return &r.SecFetchSite
	case equalFold(name, "Content-Length"):
		return &r.ContentLength
	case equalFold(name, "Transfer-Encoding"):
		return &r.TransferEncoding
	}
	return nil
}

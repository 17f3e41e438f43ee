package handshake

import (
	"fmt"
	"strings"
)

// origin is a parsed serialized origin (RFC 6454 §6.2).
type origin struct {
	null   bool // the literal "null", which only the pattern "null" matches
	scheme string
	authority
}

// maxOrigin is the longest Origin that is parsed. A DNS name has at most 253 bytes.
const maxOrigin = 300

// Browsers send no other bytes in the host of an origin. The other bytes that they allow in a
// host name ("!", "$", …) could only serve to trick a pattern.
var originHostByte = byteSet("-._" + digits + letters)

var schemeByte = byteSet("+-." + digits + letters)

// parseOrigin parses scheme "://" host [ ":" port ], or "null". It accepts one slash after it,
// which is not part of an origin but is sent by golang.org/x/net/websocket and its users. An
// empty host ("file://") is not an error here.
func parseOrigin(s string) (o origin, ok bool) {
	if s == "null" {
		return origin{null: true}, true
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found || len(s) > maxOrigin || scheme == "" || !made(scheme, &schemeByte) {
		return o, false
	}
	o.scheme, o.port = scheme, noPort
	rest = strings.TrimSuffix(rest, "/")
	if rest == "" {
		return o, defaultPort(scheme) == noPort
	}
	o.authority, ok = splitAuthority(rest, &originHostByte)
	return o, ok && !strings.HasSuffix(rest, ":")
}

// effectivePort returns the port of the origin, or the default port of its scheme.
func (o *origin) effectivePort() int {
	if o.port != noPort {
		return o.port
	}
	return defaultPort(o.scheme)
}

// defaultPort returns the default port of http, https, ws or wss, or noPort for any other
// scheme.
func defaultPort(scheme string) int {
	switch {
	case equalFold(scheme, "http"), equalFold(scheme, "ws"):
		return 80
	case equalFold(scheme, "https"), equalFold(scheme, "wss"):
		return 443
	}
	return noPort
}

// sameOrigin reports whether o is the origin that r was sent to.
//
// We know the host of that origin, the port if the Host header has one, and the scheme only if
// TLS ends here. A plain request may have been https up to a proxy in front of us. So on a
// plain connection the page's own scheme is assumed, and must only agree with the port. A page
// of https://example.com may connect to "Host: example.com" and to "Host: example.com:443", but
// not to "Host: example.com:80".
func sameOrigin(o *origin, r *Request) bool {
	scheme := o.scheme
	if defaultPort(scheme) == noPort {
		return false
	}
	if r.TLS && defaultPort(scheme) != defaultPort("https") {
		return false
	}
	host, ok := r.authority()
	if !ok {
		return false
	}
	port := host.port
	if port == noPort {
		port = defaultPort(scheme)
	}
	return port == o.effectivePort() && host.sameHost(o.authority)
}

// checkOrigin refuses a request that a page of another site made a browser send (RFC 6455
// §10.2).
func (p *Policy) checkOrigin(r *Request) *Refusal {
	if len(r.Origin) > 1 {
		return badRequest("RFC 6454 §7.3", "Origin comes %d times", len(r.Origin))
	}
	if p.AnyOrigin {
		return nil
	}
	return p.judgeOrigin(r)
}

func (p *Policy) judgeOrigin(r *Request) *Refusal {
	// Fetch Metadata §2.3: the browser's own judgement, which no script can set. It is reliable
	// even if a proxy has rewritten Host, and if http and https cannot be told apart here.
	site := fetchSite(r.SecFetchSite)
	if len(r.Origin) == 0 {
		if site == elsewhere {
			return foreignSite(r)
		}
		return nil // RFC 6455 §4.2.1, item 7: not a browser
	}

	value := trimSpace(r.Origin[0])
	o, ok := parseOrigin(value)
	if !ok {
		return noOrigin(value, r)
	}
	if !o.null && (site == fromHere || site == unknownSite && sameOrigin(&o, r)) {
		return nil
	}
	return p.matchOrigin(r, value, &o, site)
}

// Refusals are in a function of their own, because producing a reason needs more stack.

func foreignSite(r *Request) *Refusal {
	return forbidden("Sec-Fetch-Site is %s for Host %s, and there is no Origin for OriginPatterns to match; InsecureSkipVerify would allow it",
		quoteLines(r.SecFetchSite), quote(r.Host))
}

func noOrigin(value string, r *Request) *Refusal {
	return forbidden("Origin %s for Host %s is not an origin, and OriginPatterns cannot match it; InsecureSkipVerify would allow it",
		quote(value), quote(r.Host))
}

// matchOrigin refuses an origin other than our own, unless a pattern allows it.
func (p *Policy) matchOrigin(r *Request, value string, o *origin, site site) *Refusal {
	for _, pattern := range p.OriginPatterns {
		matched, err := o.matches(pattern)
		if matched {
			return nil
		}
		if err != nil {
			return forbidden("origin pattern %s: %v", quote(pattern), err)
		}
	}
	because := ""
	if site == elsewhere && sameOrigin(o, r) {
		because = fmt.Sprintf(" (the browser says Sec-Fetch-Site: %s)", quoteLines(r.SecFetchSite))
	}
	return forbidden("Origin %s is not allowed for Host %s%s; OriginPatterns: %s would allow it",
		quote(value), quote(r.Host), because, quote(o.pattern()))
}

func forbidden(format string, args ...any) *Refusal {
	return refuse(statusForbidden, "§10.2", format, args...)
}

// site is what Sec-Fetch-Site says about the source of a request.
type site int

const (
	unknownSite site = iota // missing, "none", or an unknown value
	fromHere                // "same-origin"
	elsewhere               // "cross-site", or "same-site", which is another port or subdomain
)

func fetchSite(lines []string) site {
	s := unknownSite
	for _, line := range lines {
		switch line {
		case "same-site", "cross-site":
			return elsewhere
		case "same-origin":
			s = fromHere
		}
	}
	return s
}

package handshake

import (
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// origin is a serialized origin (RFC 6454 §6.2) taken apart.
type origin struct {
	null   bool // the literal "null": an origin that no pattern but "null" can mean
	scheme string
	authority
}

// maxOrigin is the longest Origin that is looked at: a DNS name has up to 253
// bytes.
const maxOrigin = 300

// Browsers send no other byte in the host of an origin; what else they let into
// a host name ("!", "$", …) could only serve to fool a pattern.
var originHostByte = byteSet("-._" + digits + letters)

var schemeByte = byteSet("+-." + digits + letters)

// parseOrigin reads scheme "://" host [ ":" port ], or "null". It lets pass one
// slash after it, which is no part of an origin, but golang.org/x/net/websocket
// and its users send it. An empty host ("file://") is not an error here.
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

// effectivePort is the port of the origin: the one given, or else the default
// of its scheme.
func (o *origin) effectivePort() int {
	if o.port != noPort {
		return o.port
	}
	return defaultPort(o.scheme)
}

// defaultPort is the port that http and https, or ws and wss, mean when they
// give none; noPort for any other scheme.
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
// Of that origin we know the host and, when the Host header gives it, the port;
// but its scheme only if TLS ends here. A request that comes in plain may have
// been https as far as a proxy in front of us. So on a plain connection the
// scheme is taken to be the page's own, and only has to agree with the port: a
// page of https://example.com may talk to "Host: example.com" and to "Host:
// example.com:443", but not to "Host: example.com:80".
func sameOrigin(o *origin, r *Request) bool {
	scheme := o.scheme
	if defaultPort(scheme) == noPort {
		return false
	}
	if r.TLS && defaultPort(scheme) != defaultPort("https") {
		return false
	}
	host, ok := splitAuthority(r.Host, &hostByte)
	if !ok {
		return false
	}
	port := host.port
	if port == noPort {
		port = defaultPort(scheme)
	}
	return port == o.effectivePort() && host.sameHost(o.authority)
}

// matches reports whether pattern allows o. See [Policy.OriginPatterns].
func (o *origin) matches(pattern string) (bool, error) {
	if o.null || pattern == "null" {
		return o.null && pattern == "null", nil
	}
	pattern = strings.ToLower(pattern)
	scheme, wanted, hasScheme := strings.Cut(pattern, "://")
	if !hasScheme {
		scheme, wanted = "*", pattern
		if o.host == "" { // "*" is any host, and "file://" has none
			return false, nil
		}
	}

	// Both forms of the default port: "host:443", and "host" before it.
	var stack [maxOrigin + 20]byte
	full := appendLower(stack[:0], o.scheme)
	full = append(full, "://"...)
	hostAt := len(full)
	full = o.appendHost(full)
	portAt := len(full)
	if port := o.effectivePort(); port != noPort {
		full = strconv.AppendInt(append(full, ':'), int64(port), 10)
	}
	elided := o.effectivePort() == defaultPort(o.scheme)

	if literal, ok := ipLiteral(wanted); ok {
		// "[::1]:8080" means the address. To path.Match it is a class.
		if addr, _ := o.ip(); addr != literal {
			return false, nil
		}
		return o.matchAround(scheme, wanted[strings.IndexByte(wanted, ']')+1:], alias(full[portAt:]), elided)
	}

	from := hostAt
	if hasScheme {
		from = 0
	}
	pattern = undot(pattern)
	matched, err := path.Match(pattern, alias(full[from:]))
	if !matched && err == nil && elided {
		matched, err = path.Match(pattern, alias(full[from:portAt]))
	}
	return matched, err
}

// matchAround matches what stands before and after an address.
func (o *origin) matchAround(scheme, wanted, port string, elided bool) (bool, error) {
	matched, err := path.Match(scheme, strings.ToLower(o.scheme))
	if !matched || err != nil {
		return false, err
	}
	matched, err = path.Match(wanted, port)
	return matched || wanted == "" && elided, err
}

// undot takes the dot off the end of the host in a pattern.
func undot(pattern string) string {
	if host, port, ok := strings.Cut(pattern, ".:"); ok && !strings.Contains(pattern, "[") {
		return host + ":" + port
	}
	return strings.TrimSuffix(pattern, ".")
}

func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, lower(s[i]))
	}
	return dst
}

// checkOrigin refuses a request that a page of another site made a browser send
// (RFC 6455 §10.2).
func (p *Policy) checkOrigin(r *Request) *Refusal {
	if len(r.Origin) > 1 {
		return badRequest("RFC 6454 §7.3", "Origin comes %d times", len(r.Origin))
	}
	if p.AnyOrigin {
		return nil
	}
	// Fetch Metadata §2.3: the browser's own judgement, which no script can
	// set. It holds where a proxy has rewritten Host, and where http and https
	// cannot be told apart from here.
	site := fetchSite(r.SecFetchSite)
	if len(r.Origin) == 0 {
		if site == elsewhere {
			return forbidden("Sec-Fetch-Site is %s, and there is no Origin to match", quoteLines(r.SecFetchSite))
		}
		return nil // RFC 6455 §4.2.1, item 7: not a browser
	}

	value := trimSpace(r.Origin[0])
	o, ok := parseOrigin(value)
	if !ok {
		return forbidden("Origin %s is not an origin", quote(value))
	}
	if !o.null && (site == fromHere || site == unknownSite && sameOrigin(&o, r)) {
		return nil
	}
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
	if site == elsewhere && sameOrigin(&o, r) {
		because = fmt.Sprintf(" (the browser says Sec-Fetch-Site: %s)", quoteLines(r.SecFetchSite))
	}
	return forbidden("Origin %s is not allowed for Host %s%s; OriginPatterns: %s would allow it",
		quote(value), quote(r.Host), because, quote(o.pattern()))
}

func forbidden(format string, args ...any) *Refusal {
	return refuse(statusForbidden, "§10.2", format, args...)
}

// pattern returns the pattern that allows o and no other origin.
func (o *origin) pattern() string {
	if o.null {
		return "null"
	}
	b := append(appendLower(nil, o.scheme), "://"...)
	b = o.appendHost(b)
	if o.port != noPort && o.port != defaultPort(o.scheme) {
		b = strconv.AppendInt(append(b, ':'), int64(o.port), 10)
	}
	return string(b)
}

// site is what Sec-Fetch-Site says of where a request came from.
type site int

const (
	unknownSite site = iota // nothing, "none", or something unheard of
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

// CheckOriginPatterns says which of the patterns of a [Policy] is malformed.
// Such a pattern allows nothing.
func CheckOriginPatterns(patterns []string) error {
	for _, pattern := range patterns {
		_, wanted, found := strings.Cut(pattern, "://")
		if !found {
			wanted = pattern
		}
		if _, ok := ipLiteral(strings.ToLower(wanted)); ok {
			wanted = wanted[strings.IndexByte(wanted, ']')+1:]
		}
		if _, err := path.Match(wanted, ""); err != nil {
			return fmt.Errorf("origin pattern %s: %w", quote(pattern), err)
		}
	}
	return nil
}

// ipLiteral returns the address when s begins with one in brackets.
func ipLiteral(s string) (netip.Addr, bool) {
	if !strings.HasPrefix(s, "[") {
		return netip.Addr{}, false
	}
	inside, _, closed := strings.Cut(s[1:], "]")
	if !closed || !strings.Contains(inside, ":") {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(inside)
	return addr, err == nil
}

// Package hostport takes apart the host and port of a URL, a Host header, an Origin
// or a request-target (RFC 3986 §3.2, without the userinfo). Package handshake reads
// with it what peers send, internal/dial what the application and servers name.
//
//	example.com:8080   Split   example.com   every byte is in RegName
//	                           8080          Port
//	[fe80::1%eth0]:80  Split   [fe80::1%eth0]   IPv6, with its zone
//	                           80               Port
//
// The syntax is here, once. Its users decide the rest: whether a name may be
// international, end in a dot or have an empty label, and whether an address may have
// a zone.
package hostport

import (
	"net/netip"
	"strings"
)

// RegName has the bytes of a reg-name (RFC 3986 §3.2.2), but for percent-encoding: no
// host on the network has that.
var RegName = regName()

func regName() (set [256]bool) {
	for c := range len(set) {
		set[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("-._~!$&'()*+,;=", byte(c)) >= 0
	}
	return set
}

// Split cuts host [ ":" port ] before the port, which is of digits only and may be
// empty. The host is everything else: it may be empty, and an IPv6 address keeps its
// brackets.
func Split(s string) (host, port string) {
	i := len(s)
	for i > 0 && '0' <= s[i-1] && s[i-1] <= '9' {
		i--
	}
	if i == 0 || s[i-1] != ':' {
		return s, ""
	}
	return s[:i-1], s[i:]
}

// Port reads the port that [Split] returned. It reports false if there is none or it is
// above 65535.
func Port(digits string) (port int, ok bool) {
	for i := range len(digits) {
		port = port*10 + int(digits[i]-'0')
		if port > 0xffff {
			return 0, false
		}
	}
	return port, digits != ""
}

// IPv6 reads a host that is an IPv6 address in brackets, perhaps with a zone (RFC 6874;
// not percent-encoded). It reports false if host is anything else.
func IPv6(host string) (addr netip.Addr, ok bool) {
	inside, bracketed := strings.CutPrefix(host, "[")
	if inside, ok = strings.CutSuffix(inside, "]"); !ok || !bracketed {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(inside)
	if err != nil || !addr.Is6() {
		return netip.Addr{}, false
	}
	return addr, true
}

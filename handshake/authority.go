package handshake

import (
	"net/netip"
	"strings"
)

// authority is the host and port of a Host header, an Origin or an absolute
// request-target (RFC 9110 §4.2).
type authority struct {
	host string // without a trailing dot; IPv6 addresses in brackets
	port int    // noPort when it is not given
}

const noPort = -1

// RFC 3986 §3.2.2: the bytes of a reg-name, without percent-encoding, which no
// host on the network has.
var hostByte = byteSet("-._~!$&'()*+,;=" + digits + letters)

// splitAuthority takes host [ ":" port ] apart, where the host is of the bytes
// given or an IPv6 address in brackets, without a zone. The host is not empty.
func splitAuthority(s string, hostBytes *[256]bool) (a authority, ok bool) {
	var host, rest string
	if strings.HasPrefix(s, "[") {
		if _, ok := ipLiteral(s); !ok || strings.Contains(s, "%") {
			return a, false
		}
		end := strings.IndexByte(s, ']') + 1
		host, rest = s[:end], s[end:]
	} else {
		end, before := 0, byte('.')
		for ; end < len(s) && s[end] != ':'; end++ {
			c := s[end]
			if !hostBytes[c] || c == '.' && before == '.' { // no label is empty
				return a, false
			}
			before = c
		}
		// The root label of DNS: "example.com." is "example.com".
		host, rest = strings.TrimSuffix(s[:end], "."), s[end:]
		if host == "" {
			return a, false
		}
	}
	port, ok := parsePort(rest)
	return authority{host, port}, ok
}

// parsePort reads [ ":" *DIGIT ]: RFC 3986 §3.2.3 lets the digits be missing.
func parsePort(s string) (port int, ok bool) {
	if s == "" || s == ":" {
		return noPort, true
	}
	if s[0] != ':' || len(s) > len(":65535") {
		return noPort, false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return noPort, false
		}
		port = port*10 + int(s[i]-'0')
	}
	return port, port <= 0xffff
}

// ip returns the host as an IPv6 address, if it is one.
func (a *authority) ip() (netip.Addr, bool) { return ipLiteral(a.host) }

// sameHost compares names without regard to case, and addresses by value.
func (a authority) sameHost(b authority) bool {
	if equalFold(a.host, b.host) {
		return true
	}
	x, ok := a.ip()
	y, _ := b.ip()
	return ok && x == y
}

// appendHost appends the host in the form in which browsers send it.
func (a *authority) appendHost(dst []byte) []byte {
	if addr, ok := a.ip(); ok {
		return append(addr.AppendTo(append(dst, '[')), ']')
	}
	return appendLower(dst, a.host)
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

func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, lower(s[i]))
	}
	return dst
}

package handshake

import (
	"net/netip"
	"strings"

	"github.com/hawser-ws/websocket/internal/hostport"
)

// authority is the host and port of a Host header, an Origin or an absolute request-target (RFC
// 9110 §4.2).
type authority struct {
	host string // without a trailing dot; IPv6 addresses in brackets
	port int    // noPort if none was given
}

const noPort = -1

// maxPortDigits is the longest port accepted: nobody writes one with leading zeros beyond it.
const maxPortDigits = len("65535")

// splitAuthority splits host [ ":" port ]. The host consists of the given bytes, or is an IPv6
// address in brackets without a zone. It is not empty.
func splitAuthority(s string, hostBytes *[256]bool) (a authority, ok bool) {
	host, port := hostport.Split(s)
	if strings.HasPrefix(host, "[") {
		if addr, ok := hostport.IPv6(host); !ok || addr.Zone() != "" {
			return a, false
		}
	} else if host, ok = domainName(host, hostBytes); !ok {
		return a, false
	}
	a = authority{host: host, port: noPort}
	if port == "" { // RFC 3986 §3.2.3: the digits may be missing
		return a, true
	}
	a.port, ok = hostport.Port(port)
	return a, ok && len(port) <= maxPortDigits
}

// domainName removes the dot of the root label: "example.com." becomes "example.com". No label
// may be empty.
func domainName(host string, hostBytes *[256]bool) (name string, ok bool) {
	before := byte('.')
	for i := range len(host) {
		c := host[i]
		if !hostBytes[c] || c == '.' && before == '.' {
			return "", false
		}
		before = c
	}
	name = strings.TrimSuffix(host, ".")
	return name, name != ""
}

// ip returns the host as an IPv6 address, if it is one.
func (a *authority) ip() (netip.Addr, bool) { return ipLiteral(a.host) }

// sameHost compares names ignoring case, and addresses by value.
func (a authority) sameHost(b authority) bool {
	if equalFold(a.host, b.host) {
		return true
	}
	x, ok := a.ip()
	y, _ := b.ip()
	return ok && x == y
}

// SameHost reports whether two hosts with or without a port, as in an Origin and a Host
// header, are the same: names without regard to case, addresses by value, and the same
// port or none in both. It is false if either is not a host and port.
func SameHost(a, b string) bool {
	x, ok := splitAuthority(a, &hostport.RegName)
	if !ok {
		return false
	}
	y, ok := splitAuthority(b, &hostport.RegName)
	return ok && x.port == y.port && x.sameHost(y)
}

// appendHost appends the host as browsers write it.
func (a *authority) appendHost(dst []byte) []byte {
	if addr, ok := a.ip(); ok {
		return append(addr.AppendTo(append(dst, '[')), ']')
	}
	return appendLower(dst, a.host)
}

// ipLiteral returns the address if s is an IPv6 address in brackets.
func ipLiteral(s string) (netip.Addr, bool) {
	if !strings.HasPrefix(s, "[") {
		return netip.Addr{}, false
	}
	return hostport.IPv6(s[:strings.IndexByte(s, ']')+1])
}

func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, lower(s[i]))
	}
	return dst
}

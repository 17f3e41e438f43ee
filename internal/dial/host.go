package dial

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/hawser-ws/websocket/internal/hostport"
)

// splitHost takes the host and port of a URL or a Host header apart. The host comes
// back in ASCII and lower case, without brackets, with its zone; the port is empty if
// there is none.
func splitHost(s string) (host, port string, err error) {
	host, digits := hostport.Split(s)
	if digits != "" {
		n, ok := hostport.Port(digits)
		if !ok {
			return "", "", fmt.Errorf("port %s is not below 65536", printable(digits))
		}
		port = strconv.Itoa(n)
	}
	if strings.HasPrefix(host, "[") || strings.Contains(host, ":") {
		host, err = ipv6Host(host)
	} else {
		host, err = asciiHost(host)
	}
	if err != nil {
		return "", "", err
	}
	return host, port, nil
}

// ipv6Host takes an address out of its brackets.
func ipv6Host(host string) (string, error) {
	ip, ok := hostport.IPv6(host)
	if !ok {
		if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
			host = host[1 : len(host)-1]
		}
		return "", fmt.Errorf("host %s is not an IPv6 address in brackets", printable(host))
	}
	if r, bad := unexpected(strings.ToLower(ip.Zone()), unreserved); bad { // RFC 6874 §2
		return "", fmt.Errorf("zone %s has the character %q", printable(ip.Zone()), r)
	}
	return ip.String(), nil
}

// asciiHost maps an international name as a browser does (UTS #46, IDNA 2008).
// What is ASCII already is taken as it is, since names with an underscore exist
// whatever the standard says.
func asciiHost(host string) (string, error) {
	ascii := strings.ToLower(host)
	if strings.ContainsFunc(host, func(r rune) bool { return r >= 0x80 }) {
		var err error
		if ascii, err = idna.Lookup.ToASCII(host); err != nil {
			return "", fmt.Errorf("host %s is no international domain name: %w", printable(host), err)
		}
	}
	if r, bad := unexpected(ascii, regName); bad {
		return "", fmt.Errorf("host %s has the character %q", printable(host), r)
	}
	if strings.Trim(ascii, ".") == "" {
		return "", errors.New("the URL has no host")
	}
	return ascii, nil
}

// unexpected returns the first character of s that is not allowed.
func unexpected(s string, allowed func(rune) bool) (rune, bool) {
	for _, r := range s {
		if !allowed(r) {
			return r, true
		}
	}
	return 0, false
}

// regName and unreserved are the sets of these names in RFC 3986 (§3.2.2, §2.3).
func regName(r rune) bool    { return r < 0x80 && hostport.RegName[r] }
func unreserved(r rune) bool { return regName(r) && !strings.ContainsRune("!$&'()*+,;=", r) }

// certificateName is a host as certificates have it (RFC 6066 §3: no dot at the
// end; no zone, no brackets).
func certificateName(host string) string {
	host, _, _ = strings.Cut(host, "%")
	return strings.TrimSuffix(host, ".")
}

// bracketed is a host as URLs and Host headers have it.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

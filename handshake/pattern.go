package handshake

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

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

	// Both forms with the default port: "host:443", and "host" before it.
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
		// "[::1]:8080" means the address. path.Match would read the brackets as a class.
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

// matchAround matches the parts before and after an address.
func (o *origin) matchAround(scheme, wanted, port string, elided bool) (bool, error) {
	matched, err := path.Match(scheme, strings.ToLower(o.scheme))
	if !matched || err != nil {
		return false, err
	}
	matched, err = path.Match(wanted, port)
	return matched || wanted == "" && elided, err
}

// undot removes the dot at the end of the host in a pattern.
func undot(pattern string) string {
	if host, port, ok := strings.Cut(pattern, ".:"); ok && !strings.Contains(pattern, "[") {
		return host + ":" + port
	}
	return strings.TrimSuffix(pattern, ".")
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

// CheckOriginPatterns reports which pattern of a [Policy] is malformed. Such a pattern allows
// nothing.
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

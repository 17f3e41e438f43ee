package play

import (
	"fmt"
	"strings"
)

// An extension is one element of Sec-WebSocket-Extensions.
type extension struct {
	name   string
	params []param
}

type param struct {
	name, value string
	valued      bool
}

// parseExtensions parses Sec-WebSocket-Extensions (RFC 6455 section 9.1). Its grammar allows
// blanks around everything, and empty elements (RFC 2616 section 2.1). An empty list is
// accepted: RFC 9110 section 5.6.1.2, "a recipient MUST accept".
func parseExtensions(values []string) (list []extension, err error) {
	for _, value := range values {
		for _, element := range splitUnquoted(value, ',') {
			if strings.Trim(element, " \t") == "" {
				continue
			}
			parts := splitUnquoted(element, ';')
			e := extension{name: strings.Trim(parts[0], " \t")}
			if !isToken(e.name) {
				return nil, fmt.Errorf("extension %q is not a token", e.name)
			}
			for _, part := range parts[1:] {
				p, ok := parseParam(part)
				if !ok {
					return nil, fmt.Errorf("parameter %q of extension %s is not valid", part, e.name)
				}
				e.params = append(e.params, p)
			}
			list = append(list, e)
		}
	}
	return list, nil
}

// parseParam parses a parameter. A quoted value must be a token without its quotes.
func parseParam(s string) (p param, ok bool) {
	p.name, p.value, p.valued = strings.Cut(s, "=")
	p.name, p.value = strings.Trim(p.name, " \t"), strings.Trim(p.value, " \t")
	if n := len(p.value); n >= 2 && p.value[0] == '"' && p.value[n-1] == '"' {
		p.value = unescape(p.value[1 : n-1])
	}
	return p, isToken(p.name) && (!p.valued || isToken(p.value))
}

// unescape removes the backslashes from the text between quotes.
func unescape(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

// splitUnquoted splits at separators outside quotes.
func splitUnquoted(s string, separator byte) (parts []string) {
	begin, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			parts, begin = append(parts, s[begin:i]), i+1
		}
	}
	return append(parts, s[begin:])
}

package seeds

import (
	"slices"
	"strings"
)

// Extensions returns values of Sec-WebSocket-Extensions, valid and odd: a few of our own, and
// those in the heads.
func Extensions() []string {
	all := []string{
		"",
		"permessage-deflate",
		"permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits=15; server_max_window_bits=15; client_no_context_takeover; server_no_context_takeover",
		"permessage-deflate; server_max_window_bits=8, permessage-deflate",
		`permessage-deflate; client_max_window_bits="10"`,
		`permessage-deflate; client_max_window_bits="\1\0"`,
		"permessage-deflate; client_max_window_bits=08",
		"permessage-deflate; server_max_window_bits=16",
		"permessage-deflate; server_max_window_bits",
		"permessage-deflate; server_no_context_takeover=1",
		"permessage-deflate; client_no_context_takeover; client_no_context_takeover",
		"permessage-deflate; x, permessage-deflate; server_no_context_takeover",
		"Permessage-Deflate; CLIENT_MAX_WINDOW_BITS",
		"x-webkit-deflate-frame",
		`foo, bar; baz=2, a; b="c"`,
		`foo; bar; baz="a,b"`,
		" ,\t, foo ; bar = baz ,",
		"foo;", "foo;=", "foo=", "foo bar", `foo; a=""`, `foo; a="`, `foo; a="\`, ";", ",", "foo\x00", "föö",
		strings.Repeat("a,", 64) + "a",
		"a" + strings.Repeat(";a", 65),
	}
	for _, heads := range [][]Head{Requests(), Responses()} {
		for _, h := range heads {
			for line := range strings.SplitSeq(string(h.Data), "\r\n") {
				name, value, _ := strings.Cut(line, ":")
				if value = strings.TrimSpace(value); strings.EqualFold(name, "Sec-WebSocket-Extensions") && !slices.Contains(all, value) {
					all = append(all, value)
				}
			}
		}
	}
	return all
}

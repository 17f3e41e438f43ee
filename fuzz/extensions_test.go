package fuzz_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/handshake"
)

// The grammar of RFC 6455 §9.1 as regular expressions, with the implied white space
// of RFC 2616 §2.1 between its words.
const (
	lws       = "[ \t]*"
	tokenRE   = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
	quotedRE  = `"(?:[^"\\]|\\[\x00-\xff])*"`
	paramRE   = "(" + tokenRE + ")" + lws + "(?:=" + lws + "(" + tokenRE + "|" + quotedRE + "))?"
	elementRE = tokenRE + "(?:" + lws + ";" + lws + paramRE + ")*"
)

var (
	paramAt   = regexp.MustCompile("(?s)^" + lws + ";" + lws + paramRE)
	elementAt = regexp.MustCompile("(?s)^" + lws + "(" + elementRE + ")" + lws + "(,|$)")
	nothingAt = regexp.MustCompile("^" + lws + ",")
	nameAt    = regexp.MustCompile("^" + tokenRE)
	isToken   = regexp.MustCompile("^" + tokenRE + "$")
)

// obvious reads lines of Sec-WebSocket-Extensions by that grammar; ok is false when
// they do not follow it.
func obvious(lines []string) (list []handshake.Extension, params int, ok bool) {
	for _, line := range lines {
		line = latin1(line)
		for strings.Trim(line, " \t") != "" {
			if m := nothingAt.FindString(line); m != "" {
				line = line[len(m):]
				continue
			}
			m := elementAt.FindStringSubmatch(line)
			if m == nil {
				return nil, 0, false
			}
			line = line[len(m[0]):]
			name := nameAt.FindString(m[1])
			e := handshake.Extension{Name: name}
			for rest := m[1][len(name):]; rest != ""; {
				p := paramAt.FindStringSubmatch(rest)
				rest = rest[len(p[0]):]
				param := handshake.Param{Name: p[1], Value: p[2], HasValue: p[2] != "", Quoted: strings.HasPrefix(p[2], `"`)}
				if param.Quoted {
					param.Value = unescape(p[2][1 : len(p[2])-1])
					// "When using the quoted-string syntax variant, the value after
					// quoted-string unescaping MUST conform to the 'token' ABNF."
					if !isToken.MatchString(param.Value) {
						return nil, 0, false
					}
				}
				e.Params = append(e.Params, param)
			}
			params += len(e.Params)
			list = append(list, e)
		}
	}
	return list, params, true // an empty list is one: RFC 9110 §5.6.1.2
}

// latin1 has a character for each byte, which is what the expressions count in.
func latin1(s string) string {
	var out strings.Builder
	for i := range len(s) {
		out.WriteRune(rune(s[i]))
	}
	return out.String()
}

func unescape(s string) string {
	var out strings.Builder
	escaped := false
	for _, c := range s {
		if c == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		out.WriteRune(c)
	}
	return out.String()
}

// mostExtensions is how many extensions or parameters are taken.
const mostExtensions = 64

// FuzzExtensions reads Sec-WebSocket-Extensions as a second parser does, writes it
// so that it reads the same, and agrees to nothing that RFC 7692 §7.1 does not allow.
func FuzzExtensions(f *testing.F) {
	values := seeds.Extensions()
	seeds.Need(f, values, 50)
	for i, v := range values {
		f.Add(v, byte(i*37), byte(i*11))
	}
	f.Fuzz(func(t *testing.T, value string, want, bits byte) {
		if len(value) > 4<<10 {
			return
		}
		lines := strings.Split(value, "\n") // several lines of the field
		got, err := handshake.ParseExtensions(lines)
		oracle, params, ok := obvious(lines)
		if len(oracle) > mostExtensions || params > mostExtensions {
			// Too many is refused where it is noticed, so that what comes after it
			// may break the grammar as well.
			ok = false
		}
		if (err == nil) != ok {
			t.Fatalf("%q: %v, %v; by the grammar %v, %v", lines, got, err, oracle, ok)
		}
		d := terms(want, bits)
		wantAnswerThatFits(t, lines, oracle, ok, d)
		wantAnswerJudged(t, value, oracle, ok, d)
		if err != nil {
			return
		}
		if len(got) != len(oracle) || len(got) > 0 && !reflect.DeepEqual(got, oracle) {
			t.Fatalf("%q: %+v, by the grammar %+v", lines, got, oracle)
		}
		written := string(handshake.AppendExtensions(nil, got))
		again, err := handshake.ParseExtensions([]string{written})
		if len(got) > 0 && (err != nil || !reflect.DeepEqual(again, got)) {
			t.Fatalf("%q: written as %q, which reads %+v, %v", lines, written, again, err)
		}
		if !handshake.ValidFieldValue(written) {
			t.Fatalf("%q: written as %q", lines, written)
		}
	})
}

// terms are what one of us wants, any of them.
func terms(want, bits byte) handshake.Deflate {
	return handshake.Deflate{
		Server: handshake.DeflateSide{NoContextTakeover: want&1 != 0, MaxWindowBits: 8 + int(bits&7)},
		Client: handshake.DeflateSide{NoContextTakeover: want&2 != 0, MaxWindowBits: 8 + int(bits>>3&7)},
	}
}

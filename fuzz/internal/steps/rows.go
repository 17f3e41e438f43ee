package steps

import "strings"

// A Row is an input of any length: prefix, units, suffix.
type Row struct{ Prefix, Unit, Suffix string }

// Rows are the inputs for lists and heads.
var Rows = []Row{
	{"", ",", "a"},
	{"a", " ", "; b"},
	{"", " ,\t", "a"},
	{"", "a", ""},
	{`a; b="`, "a", `"`},
	{`a; b="`, `\a`, `"`},
	{`a; b="`, `\"`, ""},
	{"", "a,", ""},
	{"", "permessage-deflate, ", "x"},
	{"a", ";a", ""},
	{"a", `;a="a"`, ""},
	{"", ", a\n", ""},
	{"", "\n", "a"},
	{"", "a/b, ", "upgrade"},
	{"http://", "a.", "b"},
	{"http://[", "1:", "]"},
	{"http://", "a", ".example.com:1"},
	{"http://", "*.", "example.com"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "a", ""},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "a:b\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "a:\r\n", "\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Host: a\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Connection: a, b\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Sec-WebSocket-Extensions: a; b=c\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\n", "Sec-WebSocket-Protocol: a\r\n", "\r\n"},
	{"GET / HTTP/1.1\r\nHost: a\r\nX: ", " \t", "b\r\n\r\n"},
	{"GET /", "%41", " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"GET http://a/", "a?", " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"GET http://", "a.", " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"", "\r\n", ""},
	{"GET / HTTP/1.1", "\r\n\r", ""},
}

// slack is the number of steps beside the work on the input: error messages, which quote part
// of it, and one-time work.
const slack = 4 << 10

// Growth returns the number of steps with n units, and with twice as many. The work is linear
// if the latter are at most twice the former.
func (c *Counter) Growth(work string, r Row, n int) (once, twice uint64, linear bool, err error) {
	if once, err = c.Count(work, r.Prefix+strings.Repeat(r.Unit, n)+r.Suffix); err != nil {
		return 0, 0, false, err
	}
	twice, err = c.Count(work, r.Prefix+strings.Repeat(r.Unit, 2*n)+r.Suffix)
	return once, twice, twice <= 2*once+slack, err
}

// Units returns how many units make an input whose square slack does not hide.
func (r Row) Units() int { return max(1, (8<<10)/max(1, len(r.Unit))) }

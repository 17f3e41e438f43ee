package steps

import "strings"

// A Row is an input that can be made longer: prefix, units, suffix.
type Row struct{ Prefix, Unit, Suffix string }

// Rows are what lists and heads are made of.
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

// slack is what is counted beside the work on the input: messages of errors, which
// quote some of it, and what happens once.
const slack = 4 << 10

// Growth is how many steps a work takes with n units, and with twice as many. It is
// linear if those are at most twice the steps.
func (c *Counter) Growth(work string, r Row, n int) (once, twice uint64, linear bool, err error) {
	if once, err = c.Count(work, r.Prefix+strings.Repeat(r.Unit, n)+r.Suffix); err != nil {
		return 0, 0, false, err
	}
	twice, err = c.Count(work, r.Prefix+strings.Repeat(r.Unit, 2*n)+r.Suffix)
	return once, twice, twice <= 2*once+slack, err
}

// Units is how many units make an input of which the square is not hidden by slack.
func (r Row) Units() int { return max(1, (8<<10)/max(1, len(r.Unit))) }

package autobahn

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Role is the side of a connection that is judged. The suite plays the other side.
type Role int

const (
	Server Role = iota + 1 // the suite is the fuzzing client
	Client                 // the suite is the fuzzing server
)

func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}

// A Case is one thing that the suite does to a peer, and what the peer must do.
type Case struct {
	ID          string // such as 6.4.1
	Index       int    // in the catalog of its role; the first is 1
	Description string // what the suite does
	Expectation string // what the peer must do
	Sentence    string // the sentence of the RFC, with its section; only in chapter 20

	begin func() play
	// heavy cases move megabytes. No more of them are played at a time than there are cores;
	// the others mostly wait.
	heavy bool
	// offer is what the suite asks of permessage-deflate; nil means no extension.
	offer *negotiation
	// door is a deliberately unusual opening handshake; nil means the usual one.
	door *door
	// only is the role that the case is for, or 0 for both.
	only Role
}

// scripted returns a case that a script plays.
func scripted(id, description, expectation string, p script) *Case {
	return &Case{
		ID: id, Description: description, Expectation: expectation,
		begin: func() play {
			fresh := p
			return &fresh
		},
	}
}

// Cases returns all cases for a role, in order: the 517 of the original, then chapter 20.
func Cases(judged Role) []*Case { return catalogs()[judged] }

var catalogs = sync.OnceValue(func() map[Role][]*Case {
	all := slices.Concat(chapter1(), chapter2(), chapter3(), chapter4(), chapter5(), chapter6(),
		chapter7(), chapter9(), chapter10(), chapter12(), chapter13(), chapter20())
	of := map[Role][]*Case{}
	for _, role := range []Role{Server, Client} {
		for _, c := range all {
			if c.only != 0 && c.only != role {
				continue
			}
			numbered := *c
			numbered.Index = len(of[role]) + 1
			of[role] = append(of[role], &numbered)
		}
	}
	return of
})

// Original selects the chapters of Autobahn|Testsuite.
const Original = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*,12.*,13.*"

// Quick selects cases that find nearly every fault in a few seconds: chapters 1 to 10 and 20,
// and from every group of 12 and 13 a small size and a fragmented one.
const Quick = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*,12.*.4,12.*.13,13.*.4,13.*.13,20.*"

// Select returns the cases of a role that match one of patterns and none of exclude. Patterns
// are separated by commas, as in "1.*,7.9.*,20.3.1"; a star matches anything. Empty patterns
// match every case. A pattern that matches no case is probably a typo, so it is an error: a
// [*PatternError].
func Select(judged Role, patterns, exclude string) ([]*Case, error) {
	take, err := matcher(patterns, "*")
	if err != nil {
		return nil, err
	}
	leave, err := matcher(exclude, "")
	if err != nil {
		return nil, err
	}
	var selected []*Case
	for _, c := range Cases(judged) {
		if take(c.ID) && !leave(c.ID) {
			selected = append(selected, c)
		}
	}
	if len(selected) == 0 {
		return nil, fmt.Errorf("autobahn: no case is left of -cases %q without -exclude %q", patterns, exclude)
	}
	return selected, nil
}

// matcher returns a function that matches case numbers against patterns.
func matcher(patterns, otherwise string) (func(id string) bool, error) {
	if patterns == "" {
		patterns = otherwise
	}
	var list []string
	for _, p := range strings.Split(patterns, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		known := func(c *Case) bool { return matches(p, c.ID) }
		if !slices.ContainsFunc(Cases(Server), known) && !slices.ContainsFunc(Cases(Client), known) {
			return nil, &PatternError{p}
		}
		list = append(list, p)
	}
	return func(id string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return matches(p, id) })
	}, nil
}

// A PatternError reports that a pattern of [Select] matches no case.
type PatternError struct{ Pattern string }

func (e *PatternError) Error() string {
	return fmt.Sprintf("autobahn: no case matches %q; cases are numbered like 6.4.1, and 6.* is a chapter", e.Pattern)
}

func matches(pattern, id string) bool {
	ok, _ := path.Match(pattern, id)
	return ok
}

// compareIDs orders case numbers: 2.9 comes before 2.10.
func compareIDs(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
}

// titles has the titles of chapters and groups.
var titles = map[string]string{
	"1":    "Framing",
	"1.1":  "Text messages",
	"1.2":  "Binary messages",
	"2":    "Pings and Pongs",
	"3":    "Reserved bits",
	"4":    "Opcodes",
	"4.1":  "Reserved opcodes of data frames",
	"4.2":  "Reserved opcodes of control frames",
	"5":    "Fragmentation",
	"6":    "UTF-8",
	"6.1":  "Text in empty fragments",
	"6.2":  "Text whole, in fragments between and within characters",
	"6.3":  "Invalid text, whole and in fragments",
	"6.4":  "Invalid text fails at the first byte that is wrong",
	"6.5":  "Valid text",
	"6.6":  "Every beginning of a text with characters of several bytes",
	"6.7":  "First character of every length",
	"6.8":  "First character of 5 and 6 bytes",
	"6.9":  "Last character of every length",
	"6.10": "Last character of 4, 5 and 6 bytes, beyond Unicode",
	"6.11": "Characters at other boundaries",
	"6.12": "Continuation bytes alone",
	"6.13": "Leading bytes alone",
	"6.14": "The last continuation byte is missing",
	"6.15": "Incomplete characters one after the other",
	"6.16": "Bytes that UTF-8 does not have",
	"6.17": "Overlong forms of an ASCII character",
	"6.18": "The longest overlong forms",
	"6.19": "Overlong forms of NUL",
	"6.20": "UTF-16 surrogates alone",
	"6.21": "UTF-16 surrogates in pairs",
	"6.22": "Noncharacters, which are valid UTF-8",
	"6.23": "Unicode's specials, such as the replacement character",
	"7":    "Closing",
	"7.1":  "The suite closes",
	"7.3":  "Close frames of every structure",
	"7.5":  "Close reason that is not UTF-8",
	"7.7":  "Valid close codes",
	"7.9":  "Invalid close codes",
	"7.13": "Close codes that the RFC does not speak of",
	"9":    "Limits and speed",
	"9.1":  "Text of growing size",
	"9.2":  "Binary of growing size",
	"9.3":  "Text of 4 MiB in fragments of growing size",
	"9.4":  "Binary of 4 MiB in fragments of growing size",
	"9.5":  "Text of 1 MiB written in pieces of growing size",
	"9.6":  "Binary of 1 MiB written in pieces of growing size",
	"9.7":  "1,000 texts, each after the echo of the one before",
	"9.8":  "1,000 binary messages, each after the echo of the one before",
	"10":   "Misc",
	"10.1": "Automatic fragmentation",
	"12":   "Compression of different payloads",
	"12.1": "JSON, text",
	"12.2": "An image, binary",
	"12.3": "Prose, binary",
	"12.4": "HTML, text",
	"12.5": "A document of compressed parts, binary",
	"13":   "Compression with different parameters",
	"13.1": "Nothing asked for",
	"13.2": "No context takeover",
	"13.3": "Window of 9 bits",
	"13.4": "Window of 15 bits",
	"13.5": "No context takeover, window of 9 bits",
	"13.6": "No context takeover, window of 15 bits",
	"13.7": "Three offers: as 13.5, as 13.2, as 13.1",

	"20":    "Beyond Autobahn",
	"20.1":  "Opening handshakes that a server has to refuse",
	"20.2":  "Opening handshakes that a server has to accept",
	"20.3":  "Answers that a client has to refuse",
	"20.4":  "Answers that a client has to accept",
	"20.5":  "Masks",
	"20.6":  "Lengths that are not encoded in the fewest bytes",
	"20.7":  "Fragments",
	"20.8":  "Close frames",
	"20.9":  "Stalls, and the end of TCP",
	"20.10": "Compression as agreed, by value",
	"20.11": "Odd offers of compression",
	"20.12": "RSV1",
	"20.13": "Compressed streams out of the ordinary",
	"20.14": "Compressed streams that do not inflate",
	"20.15": "More than a peer should take",
}

// Title returns the subject of a chapter or a group of cases, as in Title("6") and
// Title("6.4"). A single case has a Description instead.
func Title(id string) string { return titles[id] }

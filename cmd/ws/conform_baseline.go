package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A baseline is a file of known failures. Each line has a role, an agent, a case and its verdicts:
//
//	server  mine    7.1.6   OK / UNCLEAN             # the second verdict is on the end of the connection
//	server  "my 2"  9.2.6   FAILED
//	client  *       10.1.1  FAILED | OK              # any agent; it flaps, so either will do
//
// A star in quotes is an agent of that name. A hash begins a comment. The file keeps its comments and its order when it is written anew.
type baseline struct {
	file  string
	ends  string // of its lines: a newline, on Windows perhaps after a carriage return
	lines []*baselineLine
}

// A baselineLine is a line of the file.
type baselineLine struct {
	text  string        // as it is in the file, without the newline
	known *knownFailure // nil for a comment or an empty line
}

// A knownFailure is a case that an agent is known to fail.
type knownFailure struct {
	role    autobahn.Role
	agent   string // anyAgent for every one
	id      string
	allowed []verdicts // more than one if the case flaps
	comment string     // with its hash
	number  int        // of the line, the first is 1
}

// anyAgent stands for every agent in a baseline. No agent has this name.
const anyAgent = ""

// anyWord is anyAgent in the file. A peer may call itself so, and then stands in quotes.
const anyWord = "*"

// readBaseline reads a file. That there is none is an error that matches fs.ErrNotExist.
func readBaseline(file string) (*baseline, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b := &baseline{file: file, ends: "\n"}
	if bytes.Contains(text, []byte("\r\n")) {
		b.ends = "\r\n"
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // which editors on Windows write
	var wrong []error
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		known, err := parseKnown(line)
		if known != nil {
			known.number = i + 1
			if earlier := b.exact(known.role, known.agent, known.id); earlier != nil {
				err = fmt.Errorf("line %d has the same case", earlier.number)
			}
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", file, i+1, err))
		}
		b.lines = append(b.lines, &baselineLine{line, known})
	}
	return b, errors.Join(wrong...)
}

// openBaseline reads the file of -baseline, or the one that -write-baseline will replace.
func openBaseline(file string, mayBeNew bool) (*baseline, error) {
	b, err := readBaseline(file)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, fs.ErrNotExist) && mayBeNew:
		return newBaseline(file), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, usageError(fmt.Sprintf("-baseline: there is no %s; -write-baseline writes it", file))
	}
	return nil, usageError("the baseline: " + err.Error())
}

// parseKnown parses a line. It returns nil for a line without a case.
func parseKnown(line string) (*knownFailure, error) {
	rest, comment := cutComment(line)
	role, rest := cutWord(rest)
	if role == "" {
		return nil, nil
	}
	k := &knownFailure{comment: comment}
	switch role {
	case autobahn.Server.String():
		k.role = autobahn.Server
	case autobahn.Client.String():
		k.role = autobahn.Client
	default:
		return nil, fmt.Errorf("want server or client, not %q", role)
	}
	if quoted, err := strconv.QuotedPrefix(rest); err == nil && rest[0] == '"' {
		k.agent, _ = strconv.Unquote(quoted)
		rest = strings.TrimSpace(rest[len(quoted):])
		if k.agent == "" {
			return nil, errors.New("the agent has no name")
		}
	} else if k.agent, rest = cutWord(rest); k.agent == anyWord {
		k.agent = anyAgent
	}
	k.id, rest = cutWord(rest)
	if rest == "" {
		return nil, errors.New("want a role, an agent, a case and its verdict")
	}
	for part := range strings.SplitSeq(rest, "|") {
		v, err := parseVerdicts(part)
		if err != nil {
			return nil, err
		}
		k.allowed = append(k.allowed, v)
	}
	if len(k.allowed) == 1 && k.allowed[0].fine() {
		return nil, fmt.Errorf("%s is not a failure", k.allowed[0])
	}
	return k, nil
}

// cutComment cuts a line before the comment. A hash in a quoted name begins none.
func cutComment(line string) (rest, comment string) {
	quoted, escaped := false, false
	for i, c := range line {
		switch {
		case escaped:
			escaped = false
		case c == '\\' && quoted:
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == '#' && !quoted && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return strings.TrimSpace(line[:i]), line[i:]
		}
	}
	return strings.TrimSpace(line), ""
}

// cutWord cuts the first word off.
func cutWord(s string) (word, rest string) {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimSpace(s[i:])
	}
	return s, ""
}

// String returns the line of the file.
func (k *knownFailure) String() string {
	var allowed []string
	for _, v := range k.allowed {
		allowed = append(allowed, v.String())
	}
	line := fmt.Sprintf("%s  %s  %-7s  %s", k.role, k.agentText(), k.id, strings.Join(allowed, " | "))
	if k.comment != "" {
		line += "  " + k.comment
	}
	return line
}

// agentText returns the agent as it is in the file.
func (k *knownFailure) agentText() string {
	switch {
	case k.agent == anyAgent:
		return anyWord
	case k.agent == anyWord, strings.ContainsAny(k.agent, " \t\"#\\"), strconv.Quote(k.agent) != `"`+k.agent+`"`:
		return strconv.Quote(k.agent)
	}
	return k.agent
}

// exists reports whether the suite has the case.
func (k *knownFailure) exists() bool {
	return slices.ContainsFunc(autobahn.Cases(k.role), func(c *autobahn.Case) bool { return c.ID == k.id })
}

// all returns the known failures, in the order of the file.
func (b *baseline) all() (list []*knownFailure) {
	for _, line := range b.lines {
		if line.known != nil {
			list = append(list, line.known)
		}
	}
	return list
}

// exact returns the line with this agent's name or star, or nil.
func (b *baseline) exact(role autobahn.Role, agent, id string) *knownFailure {
	for _, k := range b.all() {
		if k.role == role && k.agent == agent && k.id == id {
			return k
		}
	}
	return nil
}

// lookup returns what is known of a case of an agent, or nil. Its own line comes before that of
// any agent.
func (b *baseline) lookup(role autobahn.Role, agent, id string) *knownFailure {
	if b == nil {
		return nil
	}
	if k := b.exact(role, agent, id); k != nil {
		return k
	}
	return b.exact(role, anyAgent, id)
}

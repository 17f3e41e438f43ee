package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A finding explains why some cases of a peer fail.
type finding struct {
	Kind       string // one of kinds
	Title      string
	Roles      []autobahn.Role
	Cases      []string // patterns; each matches a case that fails
	Sometimes  []string // patterns of cases that may fail
	Show       string   // the case whose wire log is shown; "" for the first that fails
	Documented string   // URL, of a choice
	Security   string   // why the project is to be told before anybody else; "" if not
	Text       []string // paragraphs
	line       int
	Verdict    string   // of the cases that it explains; "" for any
	Shared     bool     // by several peers
	Peers      []string // that share it; none means all
}

// kinds of findings; doc.go says what they mean.
var kinds = []string{"Fault", "Choice", "Limit", "Lenient"}

// sharedFile, with .md, has the findings that several peers share.
const sharedFile = "shared"

// findings reads those of a peer; without a file there are none.
func findings(dir, key string) ([]*finding, error) {
	name := filepath.Join(dir, key+".md")
	in, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := parseFindings(string(in))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	for _, f := range list {
		f.Shared = key == sharedFile
		if f.Shared && f.Verdict == "" {
			return nil, fmt.Errorf("%s:%d: a shared finding says for which verdict it is", name, f.line)
		}
		if !f.Shared && f.Peers != nil {
			return nil, fmt.Errorf("%s:%d: only a shared finding has peers", name, f.line)
		}
	}
	return list, nil
}

// parseFindings reads the form that doc.go describes. An error begins with the line.
func parseFindings(in string) (list []*finding, err error) {
	var f *finding
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			f.Text = append(f.Text, strings.Join(paragraph, " "))
			paragraph = nil
		}
	}
	for i, line := range strings.Split(in, "\n") {
		line = strings.TrimSpace(line)
		heading, isHeading := strings.CutPrefix(line, "## ")
		switch {
		case isHeading:
			end()
			f = &finding{line: i + 1}
			list = append(list, f)
			kind, title, ok := strings.Cut(heading, ": ")
			if !ok || !slices.Contains(kinds, kind) {
				return nil, fmt.Errorf("%d: a heading is \"## KIND: …\", and the kind is one of %s", i+1, strings.Join(kinds, ", "))
			}
			f.Kind, f.Title = kind, title
		case line == "" && f == nil || strings.HasPrefix(line, "# ") && f == nil:
		case f == nil:
			return nil, fmt.Errorf("%d: text before the first heading", i+1)
		case line == "":
			end()
		case strings.HasPrefix(line, "- ") && len(f.Text) == 0 && len(paragraph) == 0:
			if err := f.set(line[len("- "):]); err != nil {
				return nil, fmt.Errorf("%d: %w", i+1, err)
			}
		default:
			paragraph = append(paragraph, line)
		}
	}
	end()
	for _, f := range list {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("%d: %w", f.line, err)
		}
	}
	return list, nil
}

// set reads a line of the header.
func (f *finding) set(line string) error {
	key, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch key {
	case "role":
		roles, ok := map[string][]autobahn.Role{
			"server": {autobahn.Server}, "client": {autobahn.Client}, "both": {autobahn.Server, autobahn.Client},
		}[value]
		if !ok {
			return fmt.Errorf("the role is server, client or both, not %q", value)
		}
		f.Roles = roles
	case "cases":
		f.Cases = patterns(value)
	case "sometimes":
		f.Sometimes = patterns(value)
	case "show":
		f.Show = value
	case "verdict":
		f.Verdict = value
	case "peers":
		f.Peers = patterns(value)
	case "security":
		f.Security = value
	case "documented":
		f.Documented = value
	default:
		return fmt.Errorf("a finding has no %q", key)
	}
	return nil
}

func patterns(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
}

func (f *finding) check() error {
	switch {
	case len(f.Roles) == 0:
		return errors.New("the finding has no role")
	case len(f.Cases)+len(f.Sometimes) == 0:
		return errors.New("the finding has no cases")
	case slices.Contains(f.Sometimes, "*"):
		return errors.New("a finding of whatever fails explains nothing")
	case len(f.Text) == 0:
		return errors.New("the finding has no text")
	case f.Kind == "Choice" && !strings.HasPrefix(f.Documented, "https://"):
		return errors.New("a choice says where it is documented")
	}
	for _, p := range slices.Concat(f.Cases, f.Sometimes) {
		if _, err := autobahn.Select(f.Roles[0], p, ""); err != nil {
			return err
		}
	}
	return nil
}

func (f *finding) covers(role autobahn.Role, id, verdict string) bool {
	return slices.Contains(f.Roles, role) && (f.Verdict == "" || f.Verdict == verdict) && matchesAny(slices.Concat(f.Cases, f.Sometimes), id)
}

// A notebook has the findings of a peer, its own before the shared ones.
type notebook struct {
	peer        string
	own, shared []*finding
}

func readNotebook(dir, key string) (*notebook, error) {
	own, err := findings(dir, key)
	if err != nil {
		return nil, err
	}
	shared, err := findings(dir, sharedFile)
	return &notebook{key, own, shared}, err
}

// explains returns the finding that explains a case, or nil.
func (n *notebook) explains(role autobahn.Role, id, verdict string) *finding {
	for _, f := range n.own {
		if f.covers(role, id, verdict) {
			return f
		}
	}
	for _, f := range n.shared {
		if f.covers(role, id, verdict) && (len(f.Peers) == 0 || slices.Contains(f.Peers, n.peer)) {
			return f
		}
	}
	return nil
}

func matchesAny(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, id)
		return ok
	})
}

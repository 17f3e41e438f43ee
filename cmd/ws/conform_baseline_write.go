package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// baselineHead begins a new file.
const baselineHead = `# Known failures in the cases of ws conform. A run with -baseline fails on what is not
# here, and on what is here and does better; -write-baseline with the same flags mends the file.
#
#   ROLE  AGENT  CASE  VERDICT        the role is server or client; the agent * is any one
#   ROLE  AGENT  CASE  OK / UNCLEAN   the second verdict is on the end of the connection
#   ROLE  AGENT  CASE  FAILED | OK    a case that flaps: either will do
#
# A hash begins a comment. Comments and the order of lines stay when the file is written.

`

func newBaseline(file string) *baseline {
	b := &baseline{file: file, ends: "\n"}
	for line := range strings.Lines(baselineHead) {
		b.lines = append(b.lines, &baselineLine{text: strings.TrimSuffix(line, "\n")})
	}
	return b
}

// A change counts what an update did to a baseline.
type change struct{ added, changed, removed int }

// fit makes the baseline fit a run. A line that goes may uncover one for any agent that does not
// hold either, hence the rounds.
func (b *baseline) fit(sides []side, stale []*knownFailure, name func(*standing) string) (all change) {
	const most = 10
	for range most {
		c := b.update(sides, stale, name)
		if c == (change{}) {
			break
		}
		all = change{all.added + c.added, all.changed + c.changed, all.removed + c.removed}
		stale = compare(sides, b)
	}
	return all
}

// update makes the baseline fit a run. name returns how a line is to call an agent. stale is what
// compare has returned.
func (b *baseline) update(sides []side, stale []*knownFailure, name func(*standing) string) (c change) {
	needed := map[*knownFailure]bool{} // by an agent that does as the line says, or has made it say so
	for _, st := range standings(sides) {
		for _, r := range st.known {
			needed[b.lookup(st.role, st.agent.Name, r.ID)] = true
		}
	}
	for _, st := range standings(sides) {
		for _, r := range slices.Concat(st.fresh, st.better) {
			k, came := st.before[r], verdictsOf(r)
			switch {
			case came.fine():
			case k == nil:
				b.insert(&knownFailure{role: st.role, agent: name(st), id: r.ID, allowed: []verdicts{came}})
				c.added++
			case len(k.allowed) > 1:
				k.allowed = append(k.allowed, came)
				needed[k] = true
				c.changed++
			case !needed[k]:
				k.allowed = []verdicts{came}
				needed[k] = true
				c.changed++
			case !slices.Contains(k.allowed, came):
				b.insert(&knownFailure{role: st.role, agent: st.agent.Name, id: r.ID, allowed: []verdicts{came}})
				c.added++
			}
		}
	}
	b.lines = slices.DeleteFunc(b.lines, func(line *baselineLine) bool {
		gone := line.known != nil && !needed[line.known] && slices.Contains(stale, line.known)
		if gone {
			c.removed++
		}
		return gone
	})
	return c
}

// insert adds a line among those of the same agent, in the order of the cases. An agent that has
// none comes last. A line that is there already is left alone.
func (b *baseline) insert(k *knownFailure) {
	if b.exact(k.role, k.agent, k.id) != nil {
		return
	}
	at := len(b.lines)
	placed := false
	for i, line := range b.lines {
		other := line.known
		if other == nil || other.role != k.role || other.agent != k.agent {
			continue
		}
		if caseOrder(other) < caseOrder(k) {
			at, placed = i+1, true
		} else if !placed {
			at, placed = i, true
		}
	}
	b.lines = slices.Insert(b.lines, at, &baselineLine{known: k})
}

// caseOrder returns where a case stands in the catalog.
func caseOrder(k *knownFailure) int {
	return slices.IndexFunc(autobahn.Cases(k.role), func(c *autobahn.Case) bool { return c.ID == k.id })
}

// encode returns the file. Lines that say what they said stay as they are.
func (b *baseline) encode() []byte {
	var out strings.Builder
	for _, line := range b.lines {
		text := line.text
		if line.known != nil {
			if before, err := parseKnown(text); err != nil || before == nil || !slices.Equal(before.allowed, line.known.allowed) {
				text = line.known.String()
			}
		}
		out.WriteString(text + b.ends)
	}
	return []byte(out.String())
}

// replaceFile writes a file so that it never is there in part. What is not a regular file, such
// as /dev/stdout, is written to.
func replaceFile(name string, p []byte) error {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		if !info.Mode().IsRegular() {
			return os.WriteFile(name, p, 0)
		}
		mode = info.Mode().Perm()
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = file.Write(p)
	if failed := file.Close(); err == nil {
		err = failed
	}
	if err == nil {
		err = os.Chmod(file.Name(), mode)
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

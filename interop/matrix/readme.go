package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

const readmeHead = `# WebSocket implementations, compared

Made by ` + "`make matrix`" + ` on %s. Do not edit: it is made from the results, and from
the [findings](../../interop/matrix/findings) and manifests in
[interop/matrix](../../interop/matrix).

%d implementations in %d languages were judged by the suite of package
[autobahn](../../autobahn), as servers and as clients. A case counts by the worse of
its two verdicts: on the messages, and on how the connection ended. The page
[index.html](index.html) shows what differs case by case, and a wire log for every
finding; [results.json](results.json) has the verdicts for programs. Three failures
were [repeated by hand](by-hand.md), with other tools.

The versions are those that Debian 12, npm and the Go module proxy have, some of them years
old: what is a fault here may have been mended since. Hawser has the same authors as the
suite, so its own lines say that the two agree, and no more;
[why believe it](../../autobahn/README.md#why-believe-it) tells how the suite was checked
against others. A paragraph that is wrong or unfair is a bug of this page; please report it.

`

const readmeTail = `
OK: as the RFC requires. INFO: the RFC leaves a choice. NON-STRICT: it took what nobody
may send, did less than a SHOULD asks, or refused without saying why. END: WRONG CODE,
UNCLEAN or FAILED BY CLIENT: the connection ended otherwise than it has to. FAILED:
against the RFC. UNIMPL: it did not agree to the extension of the case. Of chapters 12
and 13 (permessage-deflate), two sizes of each group were played.

## Play it again

On Debian 12, as root or with sudo, with Go and Node.js 20:

    make matrix                                                    # everything
    cd interop
    GOWORK=off go run ./matrix -only gorilla,node-ws               # some of them
    GOWORK=off go run ./matrix -show gorilla/server/5.3            # one case with its wire log
    GOWORK=off go run ./matrix -render                             # this page, without playing

Each implementation is a folder in [interop/matrix/peers](../../interop/matrix/peers): an
echo server and a client as its own documentation would write them, with pinned versions.
[interop/matrix/doc.go](../../interop/matrix/doc.go) says how to add one. To judge one
server by hand, or in CI:

    go build -o ws ./cmd/ws                                        # at the root of a clone
    ./ws conform -server ws://localhost:9000/
`

const readmeFindings = `
## Findings

A fault is against the RFC. A choice is documented by the project. A limit of size or time
ends a case, and the RFC asks for neither. Lenient is milder: the implementation takes what
nobody may send, does less than a SHOULD asks, or refuses as it has to without saying why. The
text, with the frames and the sentence of the RFC, is behind the name, and on the page with a
wire log.

`

// readme returns README.md.
func (c *comparison) readme() []byte {
	var made time.Time
	languages := map[string]bool{}
	var views []*peerView
	for _, p := range c.peers {
		of := c.results.Peers[p.Key]
		if of == nil {
			continue
		}
		languages[p.Language] = true
		views = append(views, c.peerView(p))
		if of.Made.After(made) {
			made = of.Made
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, readmeHead, made.Format("2 January 2006"), len(views), len(languages))
	out.WriteString("| language | implementation | version | role | OK | INFO | NON-STRICT | END | FAILED | UNIMPL |\n|---|---|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, v := range views {
		for _, r := range v.Roles {
			fmt.Fprintf(&out, "| %s | [%s](%s) | %s | %s | %s |\n", v.Language, inCell(v.Name), v.Project, v.Version, r.Role, strings.Join(r.columns(), " | "))
		}
	}
	out.WriteString(readmeTail)
	out.WriteString(c.embargo())
	out.WriteString(readmeFindings)
	fmt.Fprintf(&out, "**[Shared by several](../../interop/matrix/findings/%s.md)**\n\n", sharedFile)
	for _, f := range c.shared {
		fmt.Fprintf(&out, "- %s: %s (%s)\n", f.Kind, f.Title, c.findingView(f, "").who())
	}
	out.WriteString("\n")
	for _, v := range views {
		if len(v.Findings) == 0 {
			continue
		}
		fmt.Fprintf(&out, "**[%s](../../interop/matrix/findings/%s.md)** %s\n\n", v.Name, v.Key, v.Version)
		for _, f := range v.Findings {
			fmt.Fprintf(&out, "- %s: %s (%s)\n", f.Kind, f.Title, f.where())
		}
		out.WriteString("\n")
	}
	return append(bytes.TrimSpace(out.Bytes()), '\n')
}

// embargo is the section about findings that their projects have to hear of first.
func (c *comparison) embargo() string {
	var out strings.Builder
	for _, p := range c.peers {
		for _, f := range c.notes[p.Key].own {
			if f.Security != "" {
				fmt.Fprintf(&out, "- [%s](../../interop/matrix/findings/%s.md): %s: %s.\n", p.Name, p.Key, f.Title, f.Security)
			}
		}
	}
	if out.Len() == 0 {
		return ""
	}
	return "\n## Before this page is published\n\n" +
		"By these findings a peer can end a process, or foresee what has to be unforeseeable. Their\n" +
		"projects are told first, through their security contact, and have 90 days. Until then the\n" +
		"page and these findings stay private.\n\n" + out.String()
}

// inCell escapes what would end the cell of a table.
func inCell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// columns are the numbers of a line of the table.
func (r *roleView) columns() []string {
	n := map[autobahn.Verdict]int{}
	for _, c := range r.Counts {
		n[c.Verdict] = c.Count
	}
	cells := []string{}
	for _, count := range []int{
		n[autobahn.OK], n[autobahn.Informational], n[autobahn.NonStrict],
		n[autobahn.WrongCode] + n[autobahn.Unclean] + n[autobahn.FailedByClient],
		n[autobahn.Failed], n[autobahn.Unimplemented],
	} {
		cells = append(cells, fmt.Sprint(count))
	}
	if r.NotRun > 0 {
		cells[0] += fmt.Sprintf(" (%d not run)", r.NotRun)
	}
	return cells
}

// where names the cases of a finding of one peer.
func (f *findingView) where() string {
	var words []string
	for _, one := range f.Failures {
		words = append(words, fmt.Sprintf("%s: %s", one.role, one.Names()))
	}
	if len(words) == 0 {
		return "not in this run"
	}
	return strings.Join(words, "; ")
}

// who names the peers of a shared finding.
func (f *findingView) who() string {
	var words []string
	for _, role := range f.Roles {
		var names []string
		for _, one := range f.Failures {
			if one.role == role {
				names = append(names, one.peer.Name)
			}
		}
		if len(names) > 0 {
			words = append(words, fmt.Sprintf("%ss: %s", role, strings.Join(names, ", ")))
		}
	}
	return strings.Join(words, "; ")
}

// Names lists the cases, the first ones if there are many.
func (f failure) Names() string {
	const shown = 8
	if len(f.Cases) <= shown {
		return strings.Join(f.Cases, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(f.Cases[:shown-1], ", "), len(f.Cases)-shown+1)
}

package show

import (
	"fmt"
	"html"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
)

// Sizes in the diagram, in its own units.
const (
	diagramWidth = 900
	clientX      = 190
	serverX      = 870
	rowHeight    = 24
	topMargin    = 40
	labelLength  = 92 // characters
	pageRows     = 36 // in one drawing, so that a page break fits between two
)

// arrowRow is one arrow of a sequence diagram, or a gap between two.
type arrowRow struct {
	at    trace.Mark
	last  int
	dir   trace.Dir
	class string
	label string
	title string // shown when the pointer is over it
	gap   bool
}

// diagram draws the arrows in order: the client on the left, the server on the right, time
// downwards. A long diagram is split into several drawings, one below the other.
func diagram(c *trace.Conversation, rows []arrowRow, start time.Time) template.HTML {
	var b strings.Builder
	for part := range slices.Chunk(rows, pageRows) {
		drawing(&b, c, part, start)
	}
	return template.HTML(b.String())
}

func drawing(b *strings.Builder, c *trace.Conversation, rows []arrowRow, start time.Time) {
	height := topMargin + len(rows)*rowHeight + 20
	fmt.Fprintf(b, `<svg viewBox="0 0 %d %d" role="img" aria-label="Sequence diagram of stream %s">`, diagramWidth, height, c.Name())
	b.WriteString(`<defs>`)
	for _, class := range []string{"tcp", "http", "text", "binary", "control", "close", "bad"} {
		fmt.Fprintf(b, `<marker id="m%s-%s" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="%s" d="M0 0L8 4L0 8z"/></marker>`, anchor(c), class, class)
	}
	b.WriteString(`</defs>`)
	for _, end := range []struct {
		x          int
		name, addr string
	}{{clientX, "client", c.Client}, {serverX, "server", c.Server}} {
		fmt.Fprintf(b, `<line class="life" x1="%d" y1="%d" x2="%d" y2="%d"/>`, end.x, topMargin-8, end.x, height-4)
		anchor := "start"
		if end.x == serverX {
			anchor = "end"
		}
		fmt.Fprintf(b, `<text class="end" x="%d" y="16" text-anchor="%s">%s %s</text>`, end.x, anchor, end.name, html.EscapeString(end.addr))
	}
	y := topMargin
	for _, r := range rows {
		y += rowHeight
		if r.gap {
			fmt.Fprintf(b, `<text class="gap" x="%d" y="%d" text-anchor="middle">%s</text>`, (clientX+serverX)/2, y-4, html.EscapeString(r.label))
			continue
		}
		from, to := clientX, serverX
		if r.dir == trace.FromServer {
			from, to = to, from
		}
		fmt.Fprintf(b, `<g class="%s"><title>%s</title>`, r.class, html.EscapeString(r.title))
		fmt.Fprintf(b, `<text class="time" x="4" y="%d">%.6f</text>`, y-2, r.at.Since(start).Seconds())
		fmt.Fprintf(b, `<text class="time" x="%d" y="%d" text-anchor="end">%s</text>`, clientX-8, y-2, packets(r.at.Packet, r.last))
		fmt.Fprintf(b, `<text class="label" x="%d" y="%d" text-anchor="middle">%s</text>`, (clientX+serverX)/2, y-6, html.EscapeString(shorten(r.label, labelLength)))
		fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" marker-end="url(#m%s-%s)"/></g>`, from, y, to, y, anchor(c), r.class)
	}
	b.WriteString(`</svg>`)
}

// anchor identifies a conversation on the page.
func anchor(c *trace.Conversation) string { return strings.ReplaceAll(c.Name(), "/", "-") }

// shorten cuts s to n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// frameRow returns the arrow of a frame.
func frameRow(f *trace.Frame) arrowRow {
	class := "text"
	switch {
	case len(f.Violations) > 0:
		class = "bad"
	case f.Opcode == "close":
		class = "close"
	case f.Opcode == "ping" || f.Opcode == "pong":
		class = "control"
	case f.Opcode == "binary":
		class = "binary"
	}
	words := strings.Join(strings.Fields(FrameWords(f)), " ")
	title := words
	for _, v := range f.Violations {
		title += "\nbreaks " + v.RFC + ": " + v.Reason
	}
	return arrowRow{at: f.Mark, last: f.LastPacket, dir: f.Dir, class: class, label: words, title: title}
}

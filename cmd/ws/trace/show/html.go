package show

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// How much of a capture is drawn. A page with a million arrows would be useless.
const (
	maxDrawn = 200   // conversations; of any others only the first lines are shown
	maxNamed = 5_000 // conversations; any others are only counted
	maxFirst = 400   // frames at the beginning of a conversation
	maxLast  = 100   // and at its end
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"visible":   payload.Visible,
	"agreed":    AgreedWords,
	"tls":       TLSLines,
	"title":     Title,
	"anchor":    anchor,
	"announced": func(c trace.Check) string { return AnnouncedWords(&c) },
	"figures":   func(m trace.Media) []string { return MediaWords(&m) },
	"count":     func(n int, one string) string { return count(n, one) },
	"first":     func(c *trace.Conversation) string { return FigureWords(c, trace.FromClient) },
	"second":    func(c *trace.Conversation) string { return FigureWords(c, trace.FromServer) },
}).Parse(pageSource))

// drawn is a conversation as the page shows it.
type drawn struct {
	*trace.Conversation
	Diagram  template.HTML
	Broken   []string // frames that break a rule
	Verdict  string
	Steps    []string
	Notes    []string
	Complete bool // drawn, not only named
}

// HTML writes a self-contained page.
func HTML(w io.Writer, name string, t *trace.Trace) error {
	out := bufio.NewWriter(w)
	head := struct {
		Name string
		*trace.Trace
	}{name, t}
	if err := page.ExecuteTemplate(out, "head", head); err != nil {
		return err
	}
	n := 0
	for k, err := range t.Kept() {
		if err != nil {
			return err
		}
		if n++; n > maxNamed {
			break
		}
		c, err := k.Conversation()
		if err != nil {
			return err
		}
		d := &drawn{Conversation: c, Complete: n <= maxDrawn}
		if d.Complete {
			if err := d.draw(k, t); err != nil {
				return err
			}
		}
		if err := page.ExecuteTemplate(out, "conversation", d); err != nil {
			return err
		}
	}
	foot := struct {
		Unnamed int
		Media   []trace.Media
	}{max(0, t.Number()-maxNamed), t.Media[:min(len(t.Media), maxFlows)]}
	if err := page.ExecuteTemplate(out, "foot", foot); err != nil {
		return err
	}
	return out.Flush()
}

// draw prepares what the page shows of a conversation.
func (d *drawn) draw(k *trace.Kept, t *trace.Trace) error {
	c := d.Conversation
	rows := openingRows(c)
	var last []arrowRow // a ring buffer
	frames := 0
	for e, err := range k.Events() {
		if err != nil {
			return err
		}
		if n := e.Note; n != nil {
			if len(d.Notes) < maxLast {
				d.Notes = append(d.Notes, fmt.Sprintf("#%d, from the %s: %s", n.Packet, n.Dir.Sender(), NoteWords(n)))
			}
			continue
		}
		f := e.Frame
		for _, v := range f.Violations {
			if len(d.Broken) < maxLast {
				d.Broken = append(d.Broken, fmt.Sprintf("#%d, %s of the %s: %s breaks %s", f.Packet, f.Opcode, v.By.Sender(), payload.Visible(v.Reason), v.RFC))
			}
		}
		switch frames++; {
		case frames <= maxFirst:
			rows = append(rows, frameRow(f))
		case len(last) < maxLast:
			last = append(last, frameRow(f))
		default:
			last[(frames-maxFirst-1)%maxLast] = frameRow(f)
		}
	}
	if left := frames - maxFirst - len(last); left > 0 {
		rows = append(rows, arrowRow{gap: true, label: fmt.Sprintf("… %d frames that are not drawn …", left)})
		at := (frames - maxFirst) % maxLast
		last = append(last[at:len(last):len(last)], last[:at]...)
	}
	rows = append(rows, last...)
	steps, verdict := Closing(c)
	for _, s := range steps {
		text := fmt.Sprintf("#%d %s", s.Packet, s.What)
		if s.Text != "" {
			text += ": " + s.Text
		}
		d.Steps = append(d.Steps, text)
	}
	for _, e := range c.Ends {
		rows = append(rows, arrowRow{at: e.Mark, dir: e.By, class: "tcp", label: endWords(&e), title: endWords(&e)})
	}
	d.Verdict = verdict
	d.Diagram = diagram(c, rows, t.Start)
	return nil
}

// openingRows returns the arrows before the first frame.
func openingRows(c *trace.Conversation) (rows []arrowRow) {
	for _, step := range []struct {
		m    *trace.Mark
		d    trace.Dir
		text string
	}{{c.SYN, trace.FromClient, "SYN"}, {c.SYNACK, trace.FromServer, "SYN ACK"}, {c.ACK, trace.FromClient, "ACK"}} {
		if step.m != nil {
			rows = append(rows, arrowRow{at: *step.m, dir: step.d, class: "tcp", label: step.text, title: step.text})
		}
	}
	for d, h := range []*trace.Head{c.Request, c.Response} {
		if h == nil {
			continue
		}
		lines := []string{payload.Visible(h.Line)}
		for _, f := range h.Fields {
			lines = append(lines, payload.Visible(f.Name)+": "+payload.Visible(f.Value))
		}
		rows = append(rows, arrowRow{
			at: h.Mark, last: h.LastPacket, dir: trace.Dir(d), class: "http",
			label: lines[0], title: strings.Join(lines, "\n"),
		})
	}
	return rows
}

package show

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// Style controls how text is printed.
type Style struct {
	Width  int  // characters in a line; 0 means 160
	Colour bool // for a terminal with colours
}

// Text prints every conversation from its TCP handshake to its FIN.
func Text(w io.Writer, name string, t *trace.Trace, s Style) error {
	if s.Width == 0 {
		s.Width = 160
	}
	p := &printer{out: bufio.NewWriter(w), style: s, start: t.Start}
	p.file(name, t)
	for k, err := range t.Kept() {
		if err == nil {
			err = p.conversation(k)
		}
		if err != nil {
			return err
		}
	}
	p.media(t)
	return p.out.Flush()
}

// printer prints lines that fit the width.
type printer struct {
	out   *bufio.Writer
	style Style
	start time.Time
}

// The colours, by purpose.
const (
	plain  = ""
	bold   = "1"
	faint  = "2"
	alarm  = "31"
	client = "36"
	server = "33"
)

// line prints a line in a colour, cut to the width.
func (p *printer) line(colour, format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if utf8.RuneCountInString(s) > p.style.Width {
		s = string([]rune(s)[:p.style.Width-1]) + "…"
	}
	s = strings.TrimRight(s, " ")
	if colour != plain && p.style.Colour {
		s = "\x1b[" + colour + "m" + s + "\x1b[0m"
	}
	p.out.WriteString(s)
	p.out.WriteByte('\n')
}

// at prints a line about a place in the capture.
func (p *printer) at(colour string, m trace.Mark, last int, d trace.Dir, format string, args ...any) {
	p.line(colour, "  %-11s %10.6f  %s  %s", packets(m.Packet, last), m.Since(p.start).Seconds(), arrow(d), fmt.Sprintf(format, args...))
}

func packets(first, last int) string {
	if last > first {
		return fmt.Sprintf("#%d–%d", first, last)
	}
	return fmt.Sprintf("#%d", first)
}

func arrow(d trace.Dir) string {
	if d == trace.FromServer {
		return "←"
	}
	return "→"
}

func colour(d trace.Dir) string {
	if d == trace.FromServer {
		return server
	}
	return client
}

// count returns a number with its unit.
func count[N int | int64 | uint64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func (p *printer) file(name string, t *trace.Trace) {
	n := t.Packets
	p.line(bold, "%s: %s, %s, %s, %s", name, t.Format, count(n.Packets, "packet"),
		count(t.Connections, "TCP connection"), count(t.Conversations, "WebSocket conversation"))
	for _, odd := range []struct {
		n    int
		text string
	}{
		{n.Other, "without TCP"},
		{n.Fragments, "with a fragment of IP: they are not put together"},
		{n.Unreadable, "that cannot be read"},
		{n.Truncated, "of which the capture does not have all (snap length)"},
		{n.Untimed, "without a usable time: the time of the packet before is shown"},
	} {
		if odd.n > 0 {
			p.line(faint, "  %s %s", count(odd.n, "packet"), odd.text)
		}
	}
	if t.GivenUp > 0 {
		p.line(alarm, "  %s given up on the way: too many at a time", count(t.GivenUp, "connection"))
	}
	if t.Damage != "" {
		p.line(alarm, "  the file is damaged: %s", payload.Visible(t.Damage))
	}
}

func (p *printer) conversation(k *trace.Kept) error {
	c, err := k.Conversation()
	if err != nil {
		return err
	}
	p.line(plain, "")
	p.line(bold, "Stream %s  %s → %s  %s", c.Name(), c.Client, c.Server, Title(c))
	p.tcp(c)
	p.tls(c)
	p.opening(c)
	first := true
	for e, err := range k.Events() {
		if err != nil {
			return err
		}
		if first {
			p.line(faint, "%s", eventsTitle(c))
			first = false
		}
		p.event(c, e)
	}
	p.closing(c)
	p.figures(c)
	return nil
}

// eventsTitle is the line above the events.
func eventsTitle(c *trace.Conversation) string {
	if c.Kind == trace.HTTP2 {
		return " HTTP/2"
	}
	return " Frames"
}

func (p *printer) tcp(c *trace.Conversation) {
	if c.HTTP2Stream != 0 {
		return // see that of the connection
	}
	if c.SYN == nil && c.SYNACK == nil {
		p.line(faint, " The capture begins in the middle of the connection")
		return
	}
	p.line(faint, " TCP handshake")
	for _, step := range []struct {
		m    *trace.Mark
		d    trace.Dir
		text string
	}{{c.SYN, trace.FromClient, "SYN"}, {c.SYNACK, trace.FromServer, "SYN ACK"}, {c.ACK, trace.FromClient, "ACK"}} {
		if step.m != nil {
			p.at(colour(step.d), *step.m, 0, step.d, "%s", step.text)
		}
	}
}

func (p *printer) tls(c *trace.Conversation) {
	if c.TLS == nil {
		return
	}
	p.line(faint, " TLS")
	for _, text := range TLSLines(c.TLS) {
		p.line(plain, "  %s", text)
	}
}

func (p *printer) opening(c *trace.Conversation) {
	if c.Request == nil && c.Response == nil {
		return
	}
	p.line(faint, " Opening handshake")
	p.head(c.Request, trace.FromClient)
	p.head(c.Response, trace.FromServer)
	if c.Agreed != nil {
		p.line(bold, "  agreed: %s", AgreedWords(c.Agreed))
	}
	for _, v := range c.Violations {
		p.violation(v)
	}
}

func (p *printer) head(h *trace.Head, d trace.Dir) {
	if h == nil {
		return
	}
	p.at(colour(d), h.Mark, h.LastPacket, d, "%s", payload.Visible(h.Line))
	for _, f := range h.Fields {
		p.line(plain, "                             %s: %s", payload.Visible(f.Name), payload.Visible(f.Value))
	}
}

func (p *printer) violation(v trace.Violation) {
	answer := ""
	if v.Code != 0 {
		answer = fmt.Sprintf("; it is answered with %d", v.Code)
	}
	p.line(alarm, "  ! the %s breaks %s: %s%s", v.By.Sender(), v.RFC, payload.Visible(v.Reason), answer)
}

func (p *printer) event(c *trace.Conversation, e *trace.Event) {
	if e.Note != nil {
		p.note(c, e.Note)
		return
	}
	f := e.Frame
	p.at(colour(f.Dir), f.Mark, f.LastPacket, f.Dir, "%s", FrameWords(f))
	for _, v := range f.Violations {
		p.violation(v)
	}
}

// note prints a note. What happens on an HTTP/2 connection is told in notes alone.
func (p *printer) note(c *trace.Conversation, n *trace.Note) {
	switch {
	case n.Violation != nil:
		p.at(alarm, n.Mark, 0, n.Dir, "! %s", NoteWords(n))
	case c.Kind == trace.HTTP2:
		p.at(colour(n.Dir), n.Mark, 0, n.Dir, "%s", NoteWords(n))
	default:
		p.at(faint, n.Mark, 0, n.Dir, "(%s)", NoteWords(n))
	}
}

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

// Style is how text is printed.
type Style struct {
	Width  int  // characters in a line; 0 means 160
	Colour bool // for a terminal
}

// Text prints every conversation from its TCP handshake to its FIN.
func Text(w io.Writer, name string, t *trace.Trace, s Style) error {
	if s.Width == 0 {
		s.Width = 160
	}
	p := &printer{out: bufio.NewWriter(w), style: s, start: t.Start}
	p.file(name, t)
	for _, k := range t.Kept() {
		if err := p.conversation(&k); err != nil {
			return err
		}
	}
	return p.out.Flush()
}

// printer prints lines that fit.
type printer struct {
	out   *bufio.Writer
	style Style
	start time.Time
}

// The colours, by what they are for.
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
	p.line(colour, "  %-11s %10.6f  %s  %s", packets(m.Packet, last), m.Time.Sub(p.start).Seconds(), arrow(d), fmt.Sprintf(format, args...))
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

// count is a number and what it is of.
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
	p.line(bold, "Stream %d  %s → %s  %s", c.Stream, c.Client, c.Server, Title(c))
	p.tcp(c)
	p.tls(c)
	p.opening(c)
	first := true
	for e, err := range k.Events() {
		if err != nil {
			return err
		}
		if first {
			p.line(faint, " Frames")
			first = false
		}
		p.event(c, e)
	}
	p.closing(c)
	p.figures(c)
	return nil
}

// Title says in a few words what a connection carries.
func Title(c *trace.Conversation) string {
	switch c.Kind {
	case trace.TLS:
		return "TLS"
	case trace.HTTP2:
		return "HTTP/2"
	case trace.Unsynchronised:
		return "not synchronised"
	}
	scheme := "ws"
	if c.TLS != nil {
		scheme = "wss"
	}
	if c.Request == nil {
		return "WebSocket"
	}
	host := c.Server
	if hosts := c.Request.Values("Host"); len(hosts) > 0 {
		host = hosts[0]
	}
	target := c.Request.Line
	if f := strings.Fields(target); len(f) > 1 {
		target = f[1]
	}
	return payload.Visible(scheme + "://" + host + target)
}

func (p *printer) tcp(c *trace.Conversation) {
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

// TLSLines says what is known of TLS.
func TLSLines(s *trace.Secured) (lines []string) {
	var words []string
	for _, w := range []string{s.Version, s.Cipher} {
		if w != "" {
			words = append(words, w)
		}
	}
	if s.Name != "" {
		words = append(words, "server name "+payload.Visible(s.Name))
	}
	if len(s.ALPN) > 0 {
		words = append(words, "ALPN "+payload.Visible(strings.Join(s.ALPN, " ")))
	}
	if s.Records != [2]int{} {
		words = append(words, fmt.Sprintf("%d records from the client, %d from the server", s.Records[0], s.Records[1]))
	}
	if len(words) > 0 {
		lines = append(lines, strings.Join(words, ", "))
	}
	switch {
	case s.Decrypted && s.Why != "":
		lines = append(lines, "decrypted with the secrets of the key log, but not to the end: "+s.Why)
	case s.Decrypted:
		lines = append(lines, "decrypted with the secrets of the key log; offsets below are those of the plaintext")
	case s.Why != "":
		lines = append(lines, "not decrypted: "+s.Why)
	}
	return lines
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

// AgreedWords says what the opening handshake settled on.
func AgreedWords(a *trace.Agreed) string {
	s := "no subprotocol"
	if a.Subprotocol != "" {
		s = "subprotocol " + payload.Visible(a.Subprotocol)
	}
	if a.Deflate == "" {
		return s + ", no compression"
	}
	return s + ", permessage-deflate: " + a.Deflate
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
	if n := e.Note; n != nil {
		p.at(faint, n.Mark, 0, n.Dir, "(%s)", payload.Visible(n.Text))
		return
	}
	f := e.Frame
	p.at(colour(f.Dir), f.Mark, f.LastPacket, f.Dir, "%s", FrameWords(f))
	for _, v := range f.Violations {
		p.violation(v)
	}
}

// FrameWords is a frame in one line.
func FrameWords(f *trace.Frame) string {
	var flags []string
	if f.FIN {
		flags = append(flags, "FIN")
	}
	for i, name := range []string{"RSV1", "RSV2", "RSV3"} {
		if f.RSV&(4>>i) != 0 {
			flags = append(flags, name)
		}
	}
	if f.Masked {
		flags = append(flags, "[MASKED]")
	}
	size := fmt.Sprint(f.Length)
	m := f.Message
	if m != nil && m.Compressed && m.Unreadable == "" && m.Fragments == 1 {
		size += fmt.Sprintf(" → %d", m.Length)
	}
	return fmt.Sprintf("%-6s %-18s %10s  %s", f.Opcode, strings.Join(flags, " "), size, Said(f))
}

// Said is what a frame says, in a few words.
func Said(f *trace.Frame) string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	if f.Close != nil {
		if f.Close.Code == 1005 {
			add("without a code")
		} else {
			add("%d %s", f.Close.Code, payload.Visible(f.Close.Reason))
		}
	}
	if m := f.Message; m != nil && m.Fragments > 1 {
		add("message of %d fragments,", m.Fragments)
		if m.Unreadable == "" {
			add("%d octets:", m.Length)
		}
	}
	if f.Message != nil && f.Message.Unreadable != "" {
		add("(not readable: %s)", payload.Visible(f.Message.Unreadable))
	}
	if f.Kind != "" && (f.Kind != payload.Text || f.Opcode == "binary") {
		add("%s", f.Kind)
	}
	if f.Preview != "" {
		add("%s", f.Preview)
	}
	if f.RTT > 0 {
		add("(%s after the ping)", f.RTT.Round(time.Microsecond))
	}
	if f.Missing > 0 {
		add("(%s of it not in the capture)", count(f.Missing, "octet"))
	}
	return strings.Join(words, " ")
}

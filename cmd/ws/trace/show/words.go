package show

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// Title says in a few words what a connection carries.
func Title(c *trace.Conversation) string {
	switch c.Kind {
	case trace.TLS:
		return "TLS"
	case trace.HTTP2:
		return http2Title(c)
	case trace.Unsynchronised:
		return "not synchronised"
	}
	if c.Request == nil {
		return "WebSocket"
	}
	scheme := "ws"
	if c.TLS != nil || slices.Contains(c.Request.Values(":scheme"), "https") {
		scheme = "wss"
	}
	host := c.Server
	if hosts := append(c.Request.Values(":authority"), c.Request.Values("Host")...); len(hosts) > 0 {
		host = hosts[0]
	}
	target := c.Request.Line
	if f := strings.Fields(target); len(f) > 1 {
		target = f[1]
	}
	return payload.Visible(scheme + "://" + host + target)
}

func http2Title(c *trace.Conversation) string {
	h := c.HTTP2
	switch {
	case h == nil && c.TLS != nil && c.TLS.Decrypted && c.TLS.Why == "":
		return "HTTP/2, which the client has not begun"
	case h == nil:
		return "HTTP/2, which cannot be read"
	}
	s := fmt.Sprintf("HTTP/2: %s, %s", count(h.WebSockets, "WebSocket"), count(h.Requests, "other request"))
	if h.Unknown > 0 {
		s += fmt.Sprintf(", %s of which the request is not known", count(h.Unknown, "stream"))
	}
	return s
}

// NoteWords describes a note in one line.
func NoteWords(n *trace.Note) string {
	if v := n.Violation; v != nil {
		return fmt.Sprintf("the %s breaks %s: %s", v.By.Sender(), v.RFC, payload.Visible(v.Reason))
	}
	return payload.Visible(n.Text)
}

// TLSLines describes the TLS of a connection.
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

// AgreedWords describes the outcome of the opening handshake.
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

// FrameWords describes a frame in one line.
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

// Said describes the content of a frame in a few words.
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

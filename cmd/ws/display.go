package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/term"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/cmd/ws/escape"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
	"github.com/hawser-ws/websocket/frame"
)

// display is what ws dial reads from and prints to: a terminal, or a pipe.
type display struct {
	verbose  bool
	describe bool           // a line about each message instead of the message
	terminal *term.Terminal // nil: pipe, or not connected yet
	restore  func()         // the terminal as it was

	sending atomic.Int64 // length of the message that is being sent, for trace

	mu sync.Mutex // of standard output and error, and of:
	// compressed tells of the messages that trace has seen begin, and that have not
	// been printed, which of them are compressed. There may be several: while a ping
	// waits, frames are read ahead of the messages.
	compressed []bool
}

func newDisplay(verbose bool) *display { return &display{verbose: verbose, restore: func() {}} }

// open takes the terminal, if there is one on both sides. Before that Ctrl-C is a
// signal, and ends a handshake that takes too long.
func (d *display) open() error {
	in, out := int(os.Stdin.Fd()), int(os.Stdout.Fd())
	if !term.IsTerminal(in) || !term.IsTerminal(out) {
		return nil
	}
	before, err := term.MakeRaw(in)
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	d.restore = func() {
		d.terminal.SetPrompt("")
		_, _ = d.terminal.Write(nil) // takes the last prompt away
		_ = term.Restore(in, before)
	}
	d.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{os.Stdin, os.Stdout}, "> ")
	if width, height, err := term.GetSize(out); err == nil && width > 0 {
		_ = d.terminal.SetSize(width, height)
	}
	return nil
}

// readLine returns the next line. The last of a pipe may lack its newline.
func (d *display) readLine(pipe *bufio.Reader) ([]byte, error) {
	if d.terminal == nil {
		return pipe.ReadBytes('\n')
	}
	line, err := d.terminal.ReadLine()
	if err != nil {
		// Ctrl-D or Ctrl-C: the next Ctrl-C is a signal again.
		d.restore()
		return nil, err
	}
	return []byte(line + "\n"), nil // an empty line is a message, too
}

// connected tells that the handshake is done.
func (d *display) connected(c *websocket.Conn, resp *http.Response) {
	if d.verbose && resp != nil {
		var head strings.Builder
		fmt.Fprintf(&head, "%s %s\n", resp.Proto, resp.Status)
		_ = resp.Header.Write(&head)
		for line := range strings.Lines(head.String()) {
			d.note("  " + strings.TrimSpace(line))
		}
	}
	text := agreed(c)
	if p := c.Subprotocol(); p != "" {
		text = "subprotocol " + p + ", " + text
	}
	text = "connected (" + text + ")"
	switch {
	case d.terminal != nil:
		d.note(text + "; Ctrl-D closes")
	case d.verbose:
		d.note(text)
	}
}

// message prints a message that came in.
func (d *display) message(typ websocket.MessageType, p []byte) {
	if d.verbose && d.nextCompressed() {
		d.note(fmt.Sprintf("decompressed to %d bytes", len(p)))
	}
	if d.terminal == nil {
		line := bytes.Clone(p)
		if d.describe {
			line = []byte(describe(typ, p))
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		_, _ = os.Stdout.Write(append(line, '\n'))
		return
	}
	_, _ = fmt.Fprintf(d.terminal, "< %s\n", d.onTerminal(typ, p))
}

// onTerminal shows a message to somebody who waits for it: text as it is, octets in
// hexadecimal unless they look like something that is easier to read.
func (d *display) onTerminal(typ websocket.MessageType, p []byte) string {
	if d.describe {
		return describe(typ, p)
	}
	if typ == websocket.MessageText {
		return visible(string(p), true)
	}
	if kind, preview := payload.Describe(sample(p), int64(len(p))); kind == payload.Protobuf {
		return fmt.Sprintf("%d bytes, %s: %s", len(p), kind, preview)
	}
	const most = 64
	text := fmt.Sprintf("%d bytes: % x", len(p), p[:min(len(p), most)])
	if len(p) > most {
		text += " …"
	}
	return text
}

// describe is a line about a message, such as "binary, 3 bytes, protobuf: 1: 150".
func describe(typ websocket.MessageType, p []byte) string {
	name := "binary"
	if typ == websocket.MessageText {
		name = "text"
	}
	kind, preview := payload.Describe(sample(p), int64(len(p)))
	text := fmt.Sprintf("%s, %d bytes", name, len(p))
	if kind != "" && kind != name {
		text += ", " + kind
	}
	if preview != "" {
		text += ": " + preview
	}
	return text
}

func sample(p []byte) []byte { return p[:min(len(p), payload.MaxSample)] }

// nextCompressed tells whether the message to be printed next was compressed.
func (d *display) nextCompressed() (is bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.compressed) > 0 {
		is, d.compressed = d.compressed[0], d.compressed[1:]
	}
	return is
}

// note prints something about the connection, beside the messages.
func (d *display) note(text string) {
	if d.terminal != nil {
		_, _ = fmt.Fprintf(d.terminal, "* %s\n", visible(text, false))
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(os.Stderr, "* %s\n", visible(text, false))
}

// trace shows every frame.
func (d *display) trace() *websocket.Trace {
	show := func(direction string, f websocket.FrameInfo, more string) {
		if !f.FIN {
			more += ", more follows"
		}
		d.note(fmt.Sprintf("%s %v, %d bytes%s", direction, f.Opcode, f.Length, more))
	}
	return &websocket.Trace{
		FrameRead: func(_ *websocket.Conn, f websocket.FrameInfo) {
			more := ""
			if f.Opcode == frame.Text || f.Opcode == frame.Binary {
				d.mu.Lock()
				d.compressed = append(d.compressed, f.RSV1)
				d.mu.Unlock()
			}
			if f.RSV1 {
				more = ", compressed"
			}
			show("received", f, more)
		},
		FrameWritten: func(_ *websocket.Conn, f websocket.FrameInfo) {
			more := ""
			if f.RSV1 {
				more = fmt.Sprintf(", compressed from %d", d.sending.Load())
			}
			show("sent", f, more)
		},
	}
}

// visible escapes what a peer could use to take the terminal over, or to show what it
// has not sent. Tabs stay, and newlines if they may.
func visible(s string, lines bool) string {
	if lines {
		return escape.Text(s, "\t\n")
	}
	return escape.Text(s, "\t")
}

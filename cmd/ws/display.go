package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
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
	describe bool                // print a line about each message instead of the message
	seen     bool                // standard output is a terminal, perhaps without a keyboard
	terminal *term.Terminal      // nil: a pipe, or not connected yet
	screen   terminalOut         // below terminal
	restore  func()              // restores the terminal; may be called repeatedly
	redact   func(string) string // removes secrets from the server's response

	sending atomic.Int64 // length of the message being sent, for trace

	mu       sync.Mutex // for standard output and error, and for:
	restored bool       // restore was called: the line editor is gone
	// compressed has one element for each message whose first frame trace has seen and that was
	// not printed yet: whether it is compressed. There may be several, because frames are read
	// ahead of the messages while a ping waits.
	compressed []bool
}

func newDisplay(verbose bool) *display {
	return &display{verbose: verbose, restore: func() {}, redact: func(s string) string { return s }}
}

// open takes over the terminal, if both input and output are one, and makes Ctrl-C call
// interrupt. Until then Ctrl-C is a signal, and ends a handshake that takes too long.
func (d *display) open(interrupt func()) error {
	in, out := int(os.Stdin.Fd()), int(os.Stdout.Fd())
	d.seen = term.IsTerminal(out)
	if !term.IsTerminal(in) || !d.seen {
		return nil
	}
	before, err := term.MakeRaw(in)
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	quiet, restored := context.WithCancel(context.Background())
	d.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{newKeyboard(os.Stdin, quiet, interrupt, func() {
		_ = term.Restore(in, before)
		os.Exit(exitInterrupted)
	}), &d.screen}, "> ")
	d.restore = sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		defer restored()
		d.restored = true
		d.screen.cut.Store(false)
		d.terminal.SetPrompt("")
		_, _ = d.terminal.Write(nil)                 // removes the last prompt
		_, _ = io.WriteString(os.Stdout, "\r\x1b[K") // and the text typed after it
		_ = term.Restore(in, before)
	})
	if width, height, err := term.GetSize(out); err == nil && width > 0 {
		_ = d.terminal.SetSize(width, height)
	}
	return nil
}

// terminalOut is standard output when it is a terminal. The data being printed may take it
// hours.
type terminalOut struct {
	cut atomic.Bool // the rest is not printed
}

func (s *terminalOut) Write(p []byte) (n int, err error) {
	const part = 4 << 10
	for n < len(p) && err == nil && !s.cut.Load() {
		var wrote int
		wrote, err = os.Stdout.Write(p[n:min(n+part, len(p))])
		n += wrote
	}
	if err != nil {
		return n, err
	}
	return len(p), nil
}

// readLine returns the next line. In a pipe, the last line may lack its newline.
func (d *display) readLine(pipe *bufio.Reader) ([]byte, error) {
	if d.terminal == nil {
		return pipe.ReadBytes('\n')
	}
	line, err := d.terminal.ReadLine()
	if err != nil {
		// Ctrl-D or Ctrl-C. From now on Ctrl-C is a signal again.
		d.restore()
		return nil, err
	}
	return []byte(line + "\n"), nil // an empty line is a message as well
}

// connected reports that the handshake is done.
func (d *display) connected(c *websocket.Conn, resp *http.Response) {
	d.response(resp)
	text := agreed(c)
	if p := c.Subprotocol(); p != "" {
		text = "subprotocol " + p + ", " + text
	}
	if carrierOf(resp) != byTCP {
		text = protocolName(resp.ProtoMajor, resp.ProtoMinor) + ", " + text
	}
	text = "connected (" + text + ")"
	switch {
	case d.terminal != nil:
		d.note(text + "; Ctrl-D closes")
	case d.verbose:
		d.note(text)
	}
}

// message prints a received message. It may overwrite the capacity of p beyond its length.
func (d *display) message(typ websocket.MessageType, p []byte) error {
	if d.verbose && d.nextCompressed() {
		d.note(fmt.Sprintf("decompressed to %d bytes", len(p)))
	}
	if d.terminal != nil {
		return d.printLine("< " + d.onTerminal(typ, p))
	}
	if d.describe {
		p = []byte(describe(typ, p))
	} else if d.seen {
		p = []byte(d.onTerminal(typ, p))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := os.Stdout.Write(append(p, '\n'))
	return err
}

// printLine prints a line on the terminal, above the line being typed.
func (d *display) printLine(text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := io.Writer(d.terminal)
	if d.restored {
		out = os.Stdout
	}
	_, err := io.WriteString(out, text+"\n")
	return err
}

// onTerminal formats a message for a terminal: text as it is, protobuf by its fields, other
// bytes in hexadecimal. Lines after the first are indented.
func (d *display) onTerminal(typ websocket.MessageType, p []byte) string {
	if d.describe {
		return describe(typ, p)
	}
	if typ == websocket.MessageText {
		return indent(visible(string(p), true))
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

// describe returns a line about a message, such as "binary, 3 bytes, protobuf: 1: 150".
func describe(typ websocket.MessageType, p []byte) string {
	name, describe := "binary", payload.Describe
	if typ == websocket.MessageText {
		name, describe = "text", payload.DescribeText
	}
	kind, preview := describe(sample(p), int64(len(p)))
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

// nextCompressed reports whether the next message to print was compressed.
func (d *display) nextCompressed() (is bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.compressed) > 0 {
		is, d.compressed = d.compressed[0], d.compressed[1:]
	}
	return is
}

// closing tells the user that the connection is being closed, and that Ctrl-C, which is no
// longer caught, ends the program.
func (d *display) closing() {
	const text = "closing; press Ctrl-C again to end at once"
	if d.terminal != nil || d.verbose || term.IsTerminal(int(os.Stderr.Fd())) {
		d.note(text)
	}
}

// ended prints how a connection ended, if it ended well. In a pipe it does so only if the
// server closed it unasked.
func (d *display) ended(how outcome, asked bool) {
	switch {
	case d.terminal != nil, d.verbose:
		d.note("ended: " + how.Error())
	case how.Began == websocket.SideRemote && !asked:
		fmt.Fprintf(os.Stderr, "ws dial: %v\n", how)
	}
}

// note prints a remark about the connection, separate from the messages.
func (d *display) note(text string) {
	if d.terminal != nil {
		_ = d.printLine("* " + visible(text, false))
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(os.Stderr, "* %s\n", visible(text, false))
}

// trace returns hooks that print every frame.
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

// visible escapes what a peer could use to control the terminal, or to display something it has
// not sent. Tabs remain, and so do newlines if lines is set.
func visible(s string, lines bool) string {
	if lines {
		return escape.Text(s, "\t\n")
	}
	return escape.Text(s, "\t")
}

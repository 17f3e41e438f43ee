package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/term"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/show"
)

const traceUsage = `ws trace [flags] FILE

Finds the WebSocket conversations in a packet capture, pcap or pcapng, on any port.
It prints each from the TCP handshake to the FIN: the Upgrade and what was agreed,
every frame with its packet, time, direction, opcode, FIN, mask, length and content,
every broken rule, and how the conversation ended.

WebSockets in HTTP/2 (RFC 8441) are read stream by stream: stream 0/5 is the HTTP/2
stream 5 of TCP connection 0. Messages are decompressed. If the capture begins in the middle, frames are read from
the first boundary that can be proven; without one, the stream is reported as not
synchronised. TLS 1.3 and 1.2 with AES-GCM or ChaCha20-Poly1305 is decrypted with the
secrets in a pcapng file or in the file of -keylog. FILE - is standard input.

  ws trace call.pcapng
  ws trace -o report.html call.pcapng
  ws trace -tsv call.pcapng | cut -f 2,7,9
  SSLKEYLOGFILE=keys.txt chromium …; ws trace -keylog keys.txt call.pcapng`

// traceFlags are the flags of ws trace.
type traceFlags struct {
	json, tsv, messages bool
	out, keyLog, file   string
}

func readTraceFlags(args []string) (*traceFlags, error) {
	f := &traceFlags{}
	flags := newFlags("trace", traceUsage)
	flags.BoolVar(&f.json, "json", false, "print everything as one JSON object")
	flags.BoolVar(&f.tsv, "tsv", false, "print a tab-separated table of frames")
	flags.BoolVar(&f.messages, "messages", false, "print a tab-separated table of messages")
	flags.StringVar(&f.out, "o", "", "also write a page with a sequence diagram into this `file.html`")
	flags.StringVar(&f.keyLog, "keylog", "", "decrypt TLS with the secrets in this `file`, which a browser writes if SSLKEYLOGFILE names it")
	rest, err := parse(flags, args)
	if err != nil {
		return nil, err
	}
	if err := exclusive(map[string]bool{"-json": f.json, "-tsv": f.tsv, "-messages": f.messages}); err != nil {
		return nil, err
	}
	switch {
	case len(rest) == 0:
		return nil, usageError("the file is missing: ws trace FILE")
	case len(rest) > 1:
		return nil, usageError("unexpected argument " + strconv.Quote(rest[1]))
	}
	f.file = rest[0]
	return f, nil
}

// exclusive reports an error if more than one of the flags is set.
func exclusive(flags map[string]bool) error {
	n := 0
	for _, set := range flags {
		if set {
			n++
		}
	}
	if n > 1 {
		return usageError("-json, -tsv and -messages exclude each other")
	}
	return nil
}

// traceFile is the command ws trace.
func traceFile(ctx context.Context, args []string) error {
	f, err := readTraceFlags(args)
	if err != nil {
		return err
	}
	var options trace.Options
	if f.keyLog != "" {
		if options.KeyLog, err = os.ReadFile(f.keyLog); err != nil {
			return usageError("-keylog: " + err.Error())
		}
	}
	in := io.Reader(os.Stdin)
	if f.file != "-" {
		file, err := os.Open(f.file)
		if errors.Is(err, fs.ErrNotExist) {
			return usageError(err.Error())
		} else if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	var page *os.File
	if f.out != "" {
		if page, err = os.Create(f.out); err != nil {
			return usageError("-o: " + err.Error())
		}
		defer func() { _ = page.Close() }()
	}
	t, err := trace.Read(ctx, in, options)
	if err != nil {
		return err
	}
	err = f.print(t)
	if err == nil && page != nil {
		if err = show.HTML(page, filepath.Base(f.file), t); err == nil {
			err = page.Close()
		}
	}
	return errors.Join(err, t.Close())
}

func (f *traceFlags) print(t *trace.Trace) error {
	name := filepath.Base(f.file)
	switch {
	case f.json:
		return show.JSON(os.Stdout, name, t)
	case f.tsv:
		return show.Frames(os.Stdout, t)
	case f.messages:
		return show.Messages(os.Stdout, t)
	}
	return show.Text(os.Stdout, name, t, terminalStyle())
}

// terminalStyle returns the terminal's width, and colours unless NO_COLOR forbids them.
func terminalStyle() (s show.Style) {
	out := int(os.Stdout.Fd())
	if !term.IsTerminal(out) {
		return s
	}
	s.Colour = os.Getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(out); err == nil && width >= 40 {
		s.Width = width
	}
	return s
}

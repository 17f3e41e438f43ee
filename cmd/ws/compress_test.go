package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/term"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// logOf ends a server that start has started, and returns what it has logged.
func logOf(t *testing.T, server *exec.Cmd) string {
	t.Helper()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Fatal(err)
	}
	return server.Stderr.(*bytes.Buffer).String()
}

// What the flags of the two ends come to, as either of them tells it.
func TestCompressAgreed(t *testing.T) {
	const (
		none  = "no compression"
		plain = "permessage-deflate"
		short = plain + "; server_no_context_takeover; client_no_context_takeover"
	)
	windows := func(bits int) string {
		return fmt.Sprintf("; server_max_window_bits=%d; client_max_window_bits=%[1]d", bits)
	}
	for _, test := range []struct{ serve, dial, agreed string }{
		{"", "", plain},
		{"-compress takeover", "-compress takeover", plain},
		{"-compress no-takeover", "", short},
		{"", "-compress no-takeover", short},
		{"-compress no-takeover", "-compress no-takeover", short},
		{"-compress off", "", none},
		{"", "-compress off", none},
		{"-compress off", "-compress no-takeover -window-bits 9", none},
		{"-compress off", "-compress off", none},
		{"-window-bits 15", "-window-bits 15", plain},
		{"-window-bits 12", "", plain + windows(12)},
		{"", "-window-bits 12", plain + windows(12)},
		{"-window-bits 9", "-window-bits 14", plain + windows(9)},
		{"-window-bits 14", "-window-bits 9", plain + windows(9)},
		{"-compress no-takeover", "-window-bits 10", short + windows(10)},
	} {
		t.Run(test.serve+" with "+test.dial, func(t *testing.T) {
			t.Parallel()
			url, server := start(t, append(strings.Fields(test.serve), "-v")...)
			long := strings.Repeat("again and ", 200) + "\n"
			args := append([]string{"dial", url}, strings.Fields(test.dial)...)
			ws(t, long+long, args...).want(t, long+long, "", exitFine)
			e := ws(t, long, append(args, "-v")...)
			e.want(t, long, "* connected ("+test.agreed+")\n", exitFine)
			log := logOf(t, server)
			if n := strings.Count(log, "msg=accepted "); n != 2 || strings.Count(log, "compression="+strconv.Quote(test.agreed)) < n && strings.Count(log, "compression="+test.agreed+"\n") < n {
				t.Errorf("the server agrees to something else, or %d times", n)
			}
			for name, trace := range map[string]string{"client": e.stderr, "server": log} {
				said := strings.Contains(trace, "compressed") || strings.Contains(trace, "rsv1=true")
				if said != (test.agreed != none) {
					t.Errorf("the %s's frames:\n%s", name, trace)
				}
			}
		})
	}
}

var (
	sentFrame     = regexp.MustCompile(`\* sent text, (\d+) bytes(?:, compressed from (\d+))?\n`)
	receivedFrame = regexp.MustCompile(`\* received text, (\d+) bytes(, compressed)?\n`)
)

// sizes of the messages that went out, on the wire and in themselves: 0 if they were
// not compressed.
func sizes(t *testing.T, stderr string) (wire, whole []int) {
	t.Helper()
	for _, m := range sentFrame.FindAllStringSubmatch(stderr, -1) {
		n, _ := strconv.Atoi(m[1])
		of, _ := strconv.Atoi(m[2])
		wire, whole = append(wire, n), append(whole, of)
	}
	return wire, whole
}

// What goes over the wire, with its lengths there and here.
func TestCompressFrames(t *testing.T) {
	url, server := start(t, "-v")
	line := strings.Repeat("All work and no play. ", 20) // 440 bytes
	e := ws(t, line+"\nshort\n", "dial", "-v", url)
	e.want(t, line+"\nshort\n", "decompressed to 440 bytes\n", exitFine)
	wire, whole := sizes(t, e.stderr)
	if len(wire) != 2 || wire[0] > 100 || whole[0] != 440 || wire[1] != 5 || whole[1] != 0 {
		t.Errorf("sent %v bytes, of %v:\n%s", wire, whole, e.stderr)
	}
	got := receivedFrame.FindAllStringSubmatch(e.stderr, -1)
	if len(got) != 2 || got[0][2] == "" || got[1][1] != "5" || got[1][2] != "" || strings.Count(e.stderr, "decompressed") != 1 {
		t.Errorf("received %q:\n%s", got, e.stderr)
	}
	frame := fmt.Sprintf("frame.opcode=text frame.fin=true frame.rsv1=true frame.masked=true frame.length=%d\n", wire[0])
	if log := logOf(t, server); !strings.Contains(log, frame) {
		t.Errorf("the server has not read %s", frame)
	}
}

// The flags that say how to compress.
func TestCompressHow(t *testing.T) {
	url, _ := start(t)
	line := strings.Repeat("go test ./cmd/ws; ", 8) // 144 bytes
	sent := func(input, flags string) (wire, whole []int) {
		t.Helper()
		e := ws(t, input, append([]string{"dial", "-v", url}, strings.Fields(flags)...)...)
		e.want(t, input, "connected", exitFine)
		return sizes(t, e.stderr)
	}
	for flags, compressed := range map[string]bool{
		"": true, "-threshold 144": true, "-threshold 145": false, "-threshold 0": true,
		"-compress no-takeover": false, "-compress no-takeover -threshold 144": true,
	} {
		if wire, whole := sent(line+"\n", flags); (whole[0] == 144) != compressed {
			t.Errorf("%q: %v bytes of %v", flags, wire, whole)
		}
	}
	if wire, whole := sent(strings.Repeat("a", 20)+"\n", "-threshold 0"); whole[0] != 20 {
		t.Errorf("-threshold 0: %v bytes of %v", wire, whole)
	}

	twice := line + "\n" + line + "\n"
	if wire, _ := sent(twice, ""); wire[1] >= wire[0] {
		t.Errorf("with takeover: %v bytes", wire)
	}
	if wire, _ := sent(twice, "-compress no-takeover -threshold 1"); wire[1] != wire[0] {
		t.Errorf("without takeover: %v bytes", wire)
	}

	var text strings.Builder // of numbers, in which the best matches are not the first
	for i := range 4000 {
		fmt.Fprintf(&text, "%d,", i*i%1009)
	}
	text.WriteByte('\n')
	fast, _ := sent(text.String(), "-level 1")
	small, _ := sent(text.String(), "-level 9")
	near, _ := sent(text.String(), "-level 9 -window-bits 9")
	if fast[0] <= small[0] || near[0] <= small[0] {
		t.Errorf("-level 1: %v bytes, -level 9: %v, with -window-bits 9: %v", fast, small, near)
	}
}

// A message in fragments is compressed as a whole.
func TestCompressFragments(t *testing.T) {
	url := serving(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			return err
		}
		for range 10_000 {
			if _, err := io.WriteString(w, "nine fold "); err != nil {
				return err
			}
		}
		return w.Close()
	}, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover}))
	e := ws(t, "", "dial", "-v", "-1", url)
	e.want(t, strings.Repeat("nine fold ", 10_000)+"\n", "decompressed to 100000 bytes", exitFine)
	for _, line := range []string{"compressed, more follows\n", "* received continuation, "} {
		if !strings.Contains(e.stderr, line) {
			t.Errorf("%q is not in\n%s", line, e.stderr)
		}
	}
}

// On a terminal, where one can see what was agreed on without asking for it.
func TestCompressOnTerminal(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	for _, test := range []struct {
		options websocket.ConnOptions
		line    string
	}{
		{websocket.ConnOptions{}, "* connected (no compression); Ctrl-D closes"},
		{websocket.ConnOptions{Subprotocol: "chat"}, "* connected (subprotocol chat, no compression); Ctrl-D closes"},
		{
			websocket.ConnOptions{Deflate: &handshake.Deflate{Server: handshake.DeflateSide{MaxWindowBits: 12}}},
			"* connected (permessage-deflate; server_max_window_bits=12); Ctrl-D closes",
		},
	} {
		c := websocket.NewConn(here, websocket.RoleClient, &test.options)
		var screen bytes.Buffer
		d := newDisplay(false)
		d.terminal = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{strings.NewReader(""), &screen}, "> ")
		d.connected(c, &http.Response{ProtoMajor: 1, ProtoMinor: 1})
		if !strings.Contains(screen.String(), test.line) {
			t.Errorf("the terminal shows %q, want %q", screen.String(), test.line)
		}
	}
}

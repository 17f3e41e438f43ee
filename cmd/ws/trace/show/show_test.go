package show

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What is printed of these captures is what a person has read and found right.
func TestText(t *testing.T) {
	for _, name := range []string{"livekit-go.pcapng", "pmd-frag.pcapng", "big-mid-frame.pcapng", "wss-tls-keys.pcapng", "h2c.pcapng", "h2c-mid.pcapng", "h2-chromium-tls-keys.pcapng"} {
		var got bytes.Buffer
		if err := Text(&got, name, read(t, name, trace.Options{}), Style{}); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", strings.TrimSuffix(name, ".pcapng")+".txt")
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got.String(), strings.ReplaceAll(string(want), "\r\n", "\n"))
	}
}

// Where the order of the packets is not that of their times, it is not known who began.
func TestClosingOutOfOrder(t *testing.T) {
	later := trace.CloseSent{By: trace.FromClient, Mark: trace.Mark{Packet: 1, Time: synth.Start.Add(time.Millisecond)}, Code: 1000}
	earlier := trace.CloseSent{By: trace.FromServer, Mark: trace.Mark{Packet: 2, Time: synth.Start}, Code: 1000}
	steps, _ := Closing(&trace.Conversation{Closes: []trace.CloseSent{later, earlier}})
	if steps[0].Text != "the client begins the closing handshake; or answers, as it is later by its time" ||
		steps[1].Text != "the server answers; or begins, as it is earlier by its time" {
		t.Errorf("%+v", steps)
	}
}

// troubled is a conversation in which a good deal goes wrong, with payload that
// would like to be more than text.
func troubled(t *testing.T, frames int) *trace.Trace {
	t.Helper()
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	conn := c.Dial("10.0.0.1:40000", "10.0.0.2:80")
	conn.Handshake()
	conn.Upgrade("")
	for i := range frames {
		conn.Send(1, synth.Text(nil, fmt.Sprintf("<script>alert(%d)</script>\x1b[31m</svg>", i)))
	}
	conn.Send(0, synth.Frame(frame.Header{Opcode: frame.Text, FIN: true}, "unmasked"))
	conn.Lose(1, 10)
	conn.Send(1, synth.Frame(frame.Header{Opcode: frame.Close, FIN: true}, "\x03\xe8<b>"))
	conn.Packet(0, "R", nil)
	tr, err := trace.Read(t.Context(), bytes.NewReader(c.Bytes()), trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

// Lines fit, and colours come only when they are asked for. What a peer has sent does
// not reach the terminal as it is.
func TestStyle(t *testing.T) {
	tr := troubled(t, 5)
	for _, width := range []int{40, 80, 200} {
		for _, colour := range []bool{false, true} {
			var b bytes.Buffer
			if err := Text(&b, "x", tr, Style{Width: width, Colour: colour}); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if strings.Contains(text, "\x1b[0m") != colour {
				t.Errorf("width %d: colours are %v", width, !colour)
			}
			text = regexp.MustCompile(`(?m)^\x1b\[[0-9]+m|\x1b\[0m$`).ReplaceAllString(text, "")
			for line := range strings.Lines(text) {
				if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
					t.Errorf("%d characters, want %d: %q", n, width, line)
				}
			}
			if strings.ContainsRune(text, '\x1b') {
				t.Errorf("%q", text)
			}
			if width == 200 && (!strings.Contains(text, "! the client breaks RFC 6455 §5.1") || !strings.Contains(text, "RST: the client resets")) {
				t.Errorf("%s", text)
			}
		}
	}
}

// JSON is one object that says what the tables say.
func TestJSON(t *testing.T) {
	tr := read(t, "pmd-frag.pcapng", trace.Options{})
	var b bytes.Buffer
	if err := JSON(&b, "pmd-frag.pcapng", tr); err != nil {
		t.Fatal(err)
	}
	var got struct {
		File, Format string
		Packets      struct{ Packets, TCP int }
		Streams      []struct {
			Kind     string
			Request  struct{ Line string }
			Agreed   struct{ Subprotocol, Deflate string }
			Closes   []struct{ By string }
			Events   []struct{ Frame *trace.Frame }
			C2S, S2C struct{ Frames, Messages int }
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	s := got.Streams[0]
	if got.File != "pmd-frag.pcapng" || got.Packets.TCP != 42 || len(got.Streams) != 1 || s.Kind != "websocket" || len(s.Events) != 27 ||
		s.Agreed.Subprotocol != "json.v1" || s.C2S.Frames != 13 || s.S2C.Messages != 8 || s.Closes[0].By != "c2s" || s.Events[0].Frame.SHA256 == "" {
		t.Errorf("%+v", got)
	}
}

// All keys are written in one way: they begin with a small letter, and have neither lines
// nor underscores in them.
func TestJSONKeys(t *testing.T) {
	captures, err := filepath.Glob(filepath.Join(testdata, "*.pcap*"))
	if err != nil || len(captures) < 10 {
		t.Fatal(len(captures), err)
	}
	key := regexp.MustCompile(`^[a-z][a-z0-9]*([A-Z][a-z0-9]*)*$`)
	seen := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, in := range v {
				if seen[k] = true; !key.MatchString(k) {
					t.Errorf("%q is not written as the others", k)
				}
				walk(in)
			}
		case []any:
			for _, in := range v {
				walk(in)
			}
		}
	}
	for _, name := range append(captures, filepath.Join(testdata, "../../testdata/call.pcapng")) {
		var b bytes.Buffer
		if err := JSON(&b, name, read(t, strings.TrimPrefix(name, testdata), trace.Options{})); err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(b.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		walk(v)
	}
	for _, want := range []string{"name", "value", "lastPacket", "sha256", "outcome", "stun"} {
		if !seen[want] {
			t.Errorf("nothing has the key %q", want)
		}
	}
}

// The page is well formed, needs nothing from elsewhere, and nothing that was captured
// is markup in it.
func TestHTML(t *testing.T) {
	for name, tr := range map[string]*trace.Trace{
		"webrtc":   read(t, "webrtc-json-pmd.pcapng", trace.Options{}),
		"middle":   read(t, "big-mid-frame.pcapng", trace.Options{}),
		"tls":      read(t, "wss-tls.pcapng", trace.Options{}),
		"http2":    read(t, "h2c.pcapng", trace.Options{}),
		"troubled": troubled(t, 5),
		"long":     troubled(t, 2000),
	} {
		var b bytes.Buffer
		if err := HTML(&b, name+" <&>", tr); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		d := xml.NewDecoder(strings.NewReader(text))
		d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
		arrows := 0
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if e.Name.Local == "script" || e.Name.Local == "link" || e.Name.Local == "img" || e.Name.Local == "b" {
				t.Errorf("%s: <%s>", name, e.Name.Local)
			}
			if e.Name.Local == "line" {
				arrows++
			}
			for _, a := range e.Attr {
				if a.Name.Local == "src" || a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("%s: %v", name, a)
				}
			}
		}
		if strings.ContainsAny(text, "\x1b") || regexp.MustCompile(`url\([^#]|@import|https?://[^<"&]*["')]`).MatchString(text) {
			t.Errorf("%s: it needs something from elsewhere", name)
		}
		if name == "long" && (arrows > 520+2*15 || !strings.Contains(text, "frames that are not drawn")) {
			t.Errorf("%d lines", arrows)
		}
		if name == "webrtc" && (arrows != 2*(2+15) || !strings.Contains(text, "offer")) {
			t.Errorf("%d lines", arrows)
		}
	}
}

// A page of any number of conversations can be opened: it draws the first, names more,
// and counts the rest.
func TestHTMLOfManyConversations(t *testing.T) {
	capture := &synth.Capture{Link: layers.LinkTypeEthernet}
	for i := range maxNamed + 3 {
		c := capture.Dial(fmt.Sprintf("10.0.%d.%d:4000", i>>8, i&255), "11.0.0.1:80")
		c.Handshake()
		c.Upgrade("")
		c.Send(1, synth.Text(nil, "hello"))
	}
	tr, err := trace.Read(t.Context(), bytes.NewReader(capture.Bytes()), trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var b bytes.Buffer
	if err := HTML(&b, "many", tr); err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]int{
		"<section": maxNamed, "<svg": maxDrawn, "And 3 conversations more, which this page leaves out.": 1,
	} {
		if got := strings.Count(b.String(), what); got != want {
			t.Errorf("%s: %d times, want %d", what, got, want)
		}
	}
}

package trace_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/internal/h2"
)

// multiplexed is an HTTP/2 connection in a capture. Direction 0 is the client's.
type multiplexed struct {
	*synth.Conn
	encoders [2]*hpack.Encoder
	blocks   [2]bytes.Buffer
}

func http2On(c *synth.Conn) *multiplexed {
	m := &multiplexed{Conn: c}
	for i := range m.encoders {
		m.encoders[i] = hpack.NewEncoder(&m.blocks[i])
	}
	return m
}

// dialHTTP2 returns a connection on which both have said their first. MAX_FRAME_SIZE of the
// server is larger than by default.
func dialHTTP2() *multiplexed {
	m := http2On(dial())
	m.Handshake()
	m.begin()
	return m
}

func (m *multiplexed) begin() {
	m.Send(0, []byte(h2.Preface))
	m.settings(0, h2.SettingEnablePush, 0)
	m.settings(1, h2.SettingConnectProtocol, 1, h2.SettingMaxFrameSize, 20_000)
	m.frame(0, h2.TypeSettings, h2.FlagAck, 0, "")
	m.frame(1, h2.TypeSettings, h2.FlagAck, 0, "")
}

// raw returns a frame.
func raw(t h2.Type, flags h2.Flags, stream uint32, payload string) []byte {
	h := h2.FrameHeader{Length: uint32(len(payload)), Type: t, Flags: flags, Stream: stream}
	return append(h2.AppendFrameHeader(nil, h), payload...)
}

func (m *multiplexed) frame(dir int, t h2.Type, flags h2.Flags, stream uint32, payload string) {
	m.Send(dir, raw(t, flags, stream, payload))
}

func (m *multiplexed) settings(dir int, pairs ...h2.Setting) {
	var p []byte
	for i := 0; i < len(pairs); i += 2 {
		p = binary.BigEndian.AppendUint16(p, uint16(pairs[i]))
		p = binary.BigEndian.AppendUint32(p, uint32(pairs[i+1]))
	}
	m.frame(dir, h2.TypeSettings, 0, 0, string(p))
}

// block encodes fields, each as "name: value".
func (m *multiplexed) block(dir int, fields ...string) string {
	m.blocks[dir].Reset()
	for _, f := range fields {
		name, value, _ := strings.Cut(f[1:], ": ")
		_ = m.encoders[dir].WriteField(hpack.HeaderField{Name: f[:1] + name, Value: value})
	}
	return m.blocks[dir].String()
}

func (m *multiplexed) headers(dir int, stream uint32, flags h2.Flags, fields ...string) {
	m.frame(dir, h2.TypeHeaders, flags|h2.FlagEndHeaders, stream, m.block(dir, fields...))
}

// connect is a request for a WebSocket.
func connect(path string, more ...string) []string {
	return append([]string{
		":method: CONNECT", ":protocol: websocket", ":scheme: https", ":path: " + path, ":authority: h",
		"sec-websocket-version: 13",
	}, more...)
}

const offersDeflate, agreesDeflate = "sec-websocket-extensions: permessage-deflate; client_max_window_bits", "sec-websocket-extensions: permessage-deflate"

// open opens a WebSocket.
func (m *multiplexed) open(stream uint32, path string) {
	m.headers(0, stream, 0, connect(path)...)
	m.headers(1, stream, 0, ":status: 200")
}

// data sends frames of a WebSocket, each in DATA of its own.
func (m *multiplexed) data(dir int, stream uint32, frames ...[]byte) {
	for _, f := range frames {
		m.frame(dir, h2.TypeData, 0, stream, string(f))
	}
}

func (m *multiplexed) endStream(dir int, stream uint32) {
	m.frame(dir, h2.TypeData, h2.FlagEndStream, stream, "")
}

func (m *multiplexed) reset(dir int, stream uint32, code h2.Code) {
	m.frame(dir, h2.TypeResetStream, 0, stream, string(binary.BigEndian.AppendUint32(nil, uint32(code))))
}

func (m *multiplexed) goAway(dir int, last uint32, code h2.Code, text string) {
	p := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), uint32(code))
	m.frame(dir, h2.TypeGoAway, 0, 0, string(p)+text)
}

// onStreams is what a trace says, by conversation: its name, its frames, its notes.
type onStreams struct {
	*found
	byName map[string]*trace.Conversation
	says   map[string]string
	notes  map[string][]string
}

// readHTTP2 reads a capture, and holds the result against itself.
func readHTTP2(t testing.TB, file []byte, o trace.Options) *onStreams {
	t.Helper()
	s := &onStreams{read(t, file, o), map[string]*trace.Conversation{}, map[string]string{}, map[string][]string{}}
	for k, err := range s.Kept() {
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.Conversation()
		if err != nil {
			t.Fatal(err)
		}
		one := &found{}
		for e, err := range k.Events() {
			switch {
			case err != nil:
				t.Fatal(err)
			case e.Frame != nil:
				one.frames = append(one.frames, e.Frame)
			case e.Note.Violation != nil:
				one.notes = append(one.notes, "!"+e.Note.Violation.By.String()+" "+e.Note.Violation.RFC+": "+e.Note.Text)
			default:
				one.notes = append(one.notes, e.Note.Text)
			}
		}
		if s.byName[c.Name()] != nil {
			t.Fatalf("stream %s comes twice", c.Name())
		}
		s.byName[c.Name()], s.says[c.Name()], s.notes[c.Name()] = c, one.says(), one.notes
	}
	check(t, s.Trace, len(file)) // in some way: each capture has another
	return s
}

// want compares the frames of a conversation.
func (s *onStreams) want(t testing.TB, name, says string) {
	t.Helper()
	if s.byName[name] == nil {
		t.Fatalf("no stream %s: %v", name, s.notes)
	}
	if got := s.says[name]; got != says {
		t.Errorf("stream %s:\n got %s\nwant %s\nnotes %q", name, got, says, s.notes)
	}
}

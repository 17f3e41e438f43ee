package trace_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/show"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/h2"
)

// A stream ends by its own frames, or with the connection.
func TestHTTP2Outcomes(t *testing.T) {
	clientClose, serverClose := masked(frame.Close, true, "\x03\xe8"), bare(frame.Close, true, "\x03\xe8")
	for _, test := range []struct {
		name string
		send func(m *multiplexed)
		want trace.Outcome
		ends string
		says string
	}{
		{"clean", func(m *multiplexed) {
			m.data(0, 1, clientClose)
			m.data(1, 1, serverClose)
			m.endStream(1, 1)
			m.endStream(0, 1)
		}, trace.Clean, "s2c END_STREAM c2s END_STREAM", "clean: a Close frame each way"},
		{"Close and END_STREAM in one", func(m *multiplexed) {
			m.frame(0, h2.TypeData, h2.FlagEndStream, 1, string(clientClose))
			m.frame(1, h2.TypeData, h2.FlagEndStream, 1, string(serverClose))
		}, trace.Clean, "c2s END_STREAM s2c END_STREAM", "clean"},
		{"no Close of the server", func(m *multiplexed) { m.endStream(1, 1) }, trace.NotClean, "s2c END_STREAM",
			"not clean (1006 to the client): the server ends the stream without a Close frame"},
		{"reset", func(m *multiplexed) { m.reset(0, 1, h2.Cancel) }, trace.NotClean, "c2s RST_STREAM CANCEL",
			"not clean (1006 to both): the stream ends without a Close frame"},
		{"reset by a code that is not known", func(m *multiplexed) { m.reset(1, 1, 0x77) }, trace.NotClean, "s2c RST_STREAM error code 0x77", "not clean"},
		{"the answer comes after a reset", func(m *multiplexed) {
			m.data(0, 1, clientClose)
			m.reset(0, 1, h2.Cancel)
			m.data(1, 1, serverClose)
		}, trace.Clean, "c2s RST_STREAM CANCEL", "clean"},
		{"not answered", func(m *multiplexed) {
			m.data(1, 1, serverClose)
			m.endStream(1, 1)
			m.endStream(0, 1)
		}, trace.NotClean, "s2c END_STREAM c2s END_STREAM", "the Close frame of the server is not answered"},
		{"TCP ends", func(m *multiplexed) { m.End(0); m.End(1) }, trace.NotClean, "c2s FIN s2c FIN", "the stream ends without a Close frame"},
		{"half a stream, then TCP", func(m *multiplexed) { m.endStream(0, 1); m.End(0); m.End(1) }, trace.NotClean, "c2s END_STREAM s2c FIN", ""},
		{"TCP is reset", func(m *multiplexed) { m.Packet(1, "R", nil) }, trace.NotClean, "s2c RST", ""},
		{"another stream ends", func(m *multiplexed) { m.open(3, "/"); m.reset(0, 3, h2.Cancel) }, trace.Open, "", "open: the capture ends before the conversation"},
		{"GOAWAY", func(m *multiplexed) { m.goAway(1, 1, h2.NoError, "") }, trace.Open, "", "open"},
		{"the answer may be in a hole", func(m *multiplexed) {
			m.data(1, 1, serverClose)
			m.Lose(0, 40)
			m.End(0)
			m.End(1)
		}, trace.NotKnown, "c2s FIN s2c FIN", "not known: bytes are missing in the capture, and the client may have sent a Close frame"},
		{"a hole in the DATA of another stream hides nothing", func(m *multiplexed) {
			m.open(3, "/")
			p := raw(h2.TypeData, 0, 3, string(masked(frame.Text, true, strings.Repeat("x", 100))))
			m.Send(0, p[:50])
			m.Lose(0, len(p)-50)
			m.endStream(0, 1)
		}, trace.NotClean, "c2s END_STREAM", "1006 to the server"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := dialHTTP2()
			m.open(1, "/")
			m.data(0, 1, masked(frame.Text, true, "hello"))
			m.data(1, 1, bare(frame.Text, true, "hello"))
			test.send(m)
			s := readHTTP2(t, m.Bytes(), trace.Options{})
			c := s.byName["0/1"]
			var ends []string
			for _, e := range c.Ends {
				ends = append(ends, strings.TrimSpace(e.By.String()+" "+e.What+" "+e.Code))
			}
			_, says := show.Closing(c)
			if c.Outcome != test.want || strings.Join(ends, " ") != test.ends || !strings.Contains(says, test.says) {
				t.Errorf("%s, %q, %q\nwant %s, %q, %q", c.Outcome, ends, says, test.want, test.ends, test.says)
			}
			for name, print := range map[string]func(*bytes.Buffer) error{
				"text": func(b *bytes.Buffer) error { return show.Text(b, "x", s.Trace, show.Style{}) },
				"HTML": func(b *bytes.Buffer) error { return show.HTML(b, "x", s.Trace) },
			} {
				var b bytes.Buffer
				if err := print(&b); err != nil || !strings.Contains(b.String(), says) || !strings.Contains(b.String(), "Stream 0/1") {
					t.Errorf("%s does not say so: %v", name, err)
				}
			}
		})
	}
}

// A connection that begins with HTTP/1.1 and an Upgrade to h2c is read from its preface on, and
// so is one behind a line of the PROXY protocol, and one whose SYN is missing.
func TestHTTP2Beginnings(t *testing.T) {
	talk := func(m *multiplexed) {
		m.open(3, "/")
		m.data(0, 3, masked(frame.Text, true, "hello"))
	}
	for name, send := range map[string]func(m *multiplexed){
		"by an Upgrade": func(m *multiplexed) {
			m.Handshake()
			m.Send(0, []byte("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"))
			m.Send(1, []byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"))
			m.settings(1, h2.SettingConnectProtocol, 1)
			m.Send(0, []byte(h2.Preface))
			m.settings(0)
			m.headers(1, 1, h2.FlagEndStream, ":status: 200")
		},
		"behind PROXY": func(m *multiplexed) {
			m.Handshake()
			m.Send(0, []byte("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"))
			m.begin()
		},
		"without a SYN": func(m *multiplexed) { m.begin() },
		"the server first": func(m *multiplexed) {
			m.Handshake()
			m.settings(1, h2.SettingConnectProtocol, 1)
			m.Send(0, []byte(h2.Preface))
			m.settings(0)
		},
		"the server first, without a SYN": func(m *multiplexed) {
			m.settings(1, h2.SettingConnectProtocol, 1)
			m.Send(0, []byte(h2.Preface))
			m.settings(0)
		},
		"byte by byte": func(m *multiplexed) { m.MSS = 1; m.Handshake(); m.begin() },
	} {
		t.Run(name, func(t *testing.T) {
			m := http2On(dial())
			send(m)
			talk(m)
			s := readHTTP2(t, m.Bytes(), trace.Options{})
			s.want(t, "0/3", "c2s text 5 hello\n")
			if n := s.notes["0"]; name == "by an Upgrade" && !slices.Contains(n, "stream 1: GET /, by an Upgrade: 200") {
				t.Errorf("%q", n)
			}
			if c := s.byName["0"]; c.Broken > 0 || c.HTTP2.Unknown > 0 || len(s.byName["0/3"].Violations) > 0 || c.Client != "10.0.0.1:40000" {
				t.Errorf("%q, %+v", s.notes["0"], s.byName["0/3"].Violations)
			}
		})
	}
}

// What begins like HTTP/2 and is none is told, and costs little.
func TestHTTP2Not(t *testing.T) {
	m := http2On(dial())
	m.Handshake()
	m.Send(0, []byte("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"))
	m.Send(0, []byte(strings.Repeat("nothing like it ", 200)))
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	if n := s.notes["0"]; len(n) < 2 || !strings.HasPrefix(n[0], "!c2s RFC 9113 §3.4: ") || !strings.Contains(n[len(n)-1], "no frame of HTTP/2 can be found") {
		t.Errorf("%q", n)
	}

	m = dialHTTP2()
	for range 100 {
		m.frame(0, h2.TypePing, 0, 0, "1")
	}
	s = readHTTP2(t, m.Bytes(), trace.Options{})
	if n := s.notes["0"]; len(n) != 67 || n[66] != "too many frames break the rules: what follows is not taken for HTTP/2" {
		t.Errorf("%d notes, %q", len(n), n[len(n)-1])
	}

	m = http2On(dial())
	m.Handshake()
	m.Send(0, []byte(h2.Preface))
	m.frame(0, h2.TypePing, 0, 0, "12345678")
	m.frame(0, h2.TypePing, 0, 0, "12345678")
	if n := readHTTP2(t, m.Bytes(), trace.Options{}).notes["0"]; len(n) != 1 || n[0] != "!c2s RFC 9113 §3.4: the first frame is not SETTINGS" {
		t.Errorf("%q", n)
	}
}

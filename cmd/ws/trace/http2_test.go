package trace_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/show"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/h2"
)

// Heads of WebSocket streams, and how these end, are what tshark reads: testdata/http2.py. Frames
// and messages are compared by show.TestTables.
func TestHTTP2Captures(t *testing.T) {
	tables, err := filepath.Glob("testdata/*.heads.tsv")
	if err != nil || len(tables) < 4 {
		t.Fatal(len(tables), err)
	}
	for _, table := range tables {
		want, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(strings.TrimSuffix(table, ".heads.tsv") + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		s := readHTTP2(t, file, trace.Options{})
		got := "stream\tdir\tpacket\twhat\tname\tvalue\n"
		for _, c := range s.convs {
			if c.HTTP2Stream != 0 {
				got += heads(c)
			}
			if len(c.Violations) > 0 || c.Broken > 0 {
				t.Errorf("%s: %+v", table, c.Violations)
			}
		}
		if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s:\n got %s\nwant %s", table, got, want)
		}
	}
}

// heads are the rows about a stream.
func heads(c *trace.Conversation) string {
	var b strings.Builder
	for d, h := range []*trace.Head{c.Request, c.Response} {
		for _, f := range h.Fields {
			fmt.Fprintf(&b, "%s\t%v\t%d\tfield\t%s\t%s\n", c.Name(), trace.Dir(d), h.Packet, f.Name, f.Value)
		}
		for _, e := range c.Ends {
			if e.By == trace.Dir(d) {
				fmt.Fprintf(&b, "%s\t%v\t%d\tend\t%s\t%s\n", c.Name(), e.By, e.Packet, e.What, e.Code)
			}
		}
	}
	return b.String()
}

// Streams that are interleaved are conversations of their own, each with its compression.
func TestHTTP2Streams(t *testing.T) {
	m := dialHTTP2()
	m.headers(0, 1, h2.FlagEndStream, ":method: GET", ":scheme: https", ":path: /page", ":authority: h")
	m.headers(1, 1, 0, ":status: 103")
	m.headers(1, 1, 0, ":status: 200", "content-type: text/html")
	m.headers(0, 3, 0, connect("/a?b=c", offersDeflate, "sec-websocket-protocol: x, y")...)
	m.headers(0, 5, 0, connect("/plain")...)
	m.frame(1, h2.TypeData, h2.FlagEndStream, 1, "<p>")
	m.headers(1, 5, 0, ":status: 299")
	m.headers(1, 3, 0, ":status: 200", agreesDeflate, "sec-websocket-protocol: y")
	packed := deflated(0x01020304, "to be and not", "to be and not to be")
	m.data(0, 3, packed[0])
	m.data(0, 5, masked(frame.Text, false, "in two"))
	m.data(0, 3, packed[1])
	m.frame(0, h2.TypeData, h2.FlagPadded, 5, "\x02"+string(masked(frame.Continuation, true, "pieces"))+"\x00\x00")
	split := bare(frame.Text, true, "a frame in three DATA frames")
	m.data(1, 5, split[:1], nil, split[1:10], split[10:])
	m.headers(0, 7, h2.FlagEndStream, ":method: CONNECT", ":authority: other:443")
	m.headers(0, 9, h2.FlagEndStream, ":method: GET", ":scheme: https", ":path: /late", ":authority: h")
	m.reset(1, 7, h2.RefusedStream)
	m.goAway(1, 9, h2.NoError, "bye\x1b")

	s := readHTTP2(t, m.Bytes(), trace.Options{})
	s.want(t, "0/3", "c2s text "+fmt.Sprint(len(packed[0])-6)+" to be and not\nc2s text "+fmt.Sprint(len(packed[1])-6)+" to be and not to be\n")
	s.want(t, "0/5", "c2s text 6 in two\nc2s cont 6 in twopieces\ns2c text 28 a frame in three DATA frames\n")
	a, p := s.byName["0/3"], s.byName["0/5"]
	if a.Agreed.Subprotocol != "y" || a.Agreed.Deflate == "" || p.Agreed.Deflate != "" || a.Outcome != trace.Open {
		t.Errorf("%+v, %+v", a.Agreed, p.Agreed)
	}
	if got := show.Title(a); got != "wss://h/a?b=c" {
		t.Error(got)
	}
	if p.S2C.Segments != 3 || p.S2C.Delivered != int64(len(split)) || p.C2S.Messages != 1 || p.Packets != 7 {
		t.Errorf("%+v", p)
	}
	for _, c := range s.convs {
		if len(c.Violations) > 0 || c.Broken > 0 {
			t.Errorf("%s: %+v", c.Name(), c.Violations)
		}
	}
	c := s.byName["0"]
	if c.Kind != trace.HTTP2 || c.HTTP2.WebSockets != 2 || c.HTTP2.Requests != 3 || s.Conversations != 2 || c.Outcome != "" {
		t.Errorf("%+v", c.HTTP2)
	}
	want := []string{
		"SETTINGS ENABLE_PUSH 0", "SETTINGS ENABLE_CONNECT_PROTOCOL 1, MAX_FRAME_SIZE 20000",
		"stream 1: GET /page: 200",
		"stream 3: CONNECT websocket /a?b=c: see stream 0/3", "stream 5: CONNECT websocket /plain: see stream 0/5",
		"stream 7: CONNECT other:443: RST_STREAM REFUSED_STREAM",
		`GOAWAY NO_ERROR, the last stream is 9, "bye\x1b"`,
		"stream 9: GET /late: not answered in the capture",
	}
	if got := s.notes["0"]; !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// What is wrong with a request or its response is told, with its section.
func TestHTTP2Handshakes(t *testing.T) {
	fine := func(m *multiplexed) { m.headers(1, 1, 0, ":status: 200") }
	for _, test := range []struct {
		name    string
		request []string
		flags   h2.Flags
		answer  func(m *multiplexed)
		kind    trace.Kind
		want    string
	}{
		{"fine", connect("/"), 0, fine, trace.WebSocket, ""},
		{"as haproxy does", connect("/", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="), 0, fine, trace.WebSocket, ""},
		{"no version", connect("/")[:5], 0, fine, trace.WebSocket, "c2s RFC 6455 §4.2.2"},
		{"method", append([]string{":method: GET"}, connect("/")[1:]...), 0, fine, trace.WebSocket, "c2s RFC 8441 §4"},
		{"connection", connect("/", "connection: Upgrade"), 0, fine, trace.WebSocket, "c2s RFC 9113 §8.2.2"},
		{"no path", []string{":method: CONNECT", ":protocol: websocket", ":scheme: https", ":authority: h", "sec-websocket-version: 13"}, 0, fine, trace.WebSocket, "c2s RFC 9113 §8.3.1"},
		{"END_STREAM", connect("/"), h2.FlagEndStream, fine, trace.WebSocket, "c2s RFC 8441 §5"},
		{"upper case", connect("/", "Origin: https://h"), 0, fine, trace.WebSocket, "c2s RFC 9113 §8.2.1"},
		{"an extension that was not asked for", connect("/"), 0, func(m *multiplexed) { m.headers(1, 1, 0, ":status: 200", agreesDeflate) }, trace.WebSocket, "s2c RFC 6455 §4.1"},
		{"no status", connect("/"), 0, func(m *multiplexed) { m.headers(1, 1, 0, "server: x") }, trace.Refused, "s2c RFC 9113 §8.3.2"},
		{"status 101", connect("/"), 0, func(m *multiplexed) { m.headers(1, 1, 0, ":status: 101") }, trace.Refused, "s2c RFC 9113 §8.6"},
		{"refused", connect("/"), 0, func(m *multiplexed) { m.headers(1, 1, h2.FlagEndStream, ":status: 403") }, trace.Refused, ""},
		{"not answered", connect("/"), 0, func(*multiplexed) {}, trace.Unanswered, ""},
		{"reset", connect("/"), 0, func(m *multiplexed) { m.reset(1, 1, h2.RefusedStream) }, trace.Unanswered, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := dialHTTP2()
			m.headers(0, 1, test.flags, test.request...)
			test.answer(m)
			c := readHTTP2(t, m.Bytes(), trace.Options{}).byName["0/1"]
			got := ""
			for _, v := range c.Violations {
				got += v.By.String() + " " + v.RFC
				if v.Reason == "" {
					t.Error("no reason")
				}
			}
			if c.Kind != test.kind || !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("%s, %q, want %s, %q: %+v", c.Kind, got, test.kind, test.want, c.Violations)
			}
		})
	}
}

// RFC 8441 §3: "A sender MUST NOT send a SETTINGS_ENABLE_CONNECT_PROTOCOL parameter with the value
// of 0 after previously sending a value of 1", and a client waits for that 1.
func TestHTTP2Announced(t *testing.T) {
	m := http2On(dial())
	m.Handshake()
	m.Send(0, []byte(h2.Preface))
	m.settings(0)
	m.settings(1)
	m.open(1, "/early")
	m.settings(1, h2.SettingConnectProtocol, 1)
	m.open(3, "/right")
	m.settings(1, h2.SettingConnectProtocol, 0)
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	if v := s.byName["0/1"].Violations; len(v) != 1 || v[0].RFC != "RFC 8441 §3" || v[0].By != trace.FromClient {
		t.Errorf("%+v", v)
	}
	if v := s.byName["0/3"].Violations; len(v) != 0 {
		t.Errorf("%+v", v)
	}
	if n := s.notes["0"]; n[0] != "SETTINGS, all as they are by default" || !strings.HasPrefix(n[len(n)-1], "!s2c RFC 8441 §3: ") {
		t.Errorf("%q", n)
	}
}

// Rules of HTTP/2 that are broken are told where it happens, and the rest is read.
func TestHTTP2Violations(t *testing.T) {
	for _, test := range []struct {
		name string
		send func(m *multiplexed)
		want string
	}{
		{"DATA on stream 0", func(m *multiplexed) { m.frame(0, h2.TypeData, 0, 0, "x") }, "!c2s RFC 9113 §6.1: "},
		{"a frame that is too large", func(m *multiplexed) { m.data(1, 1, bare(frame.Binary, true, strings.Repeat("x", 17_000))) }, "!s2c RFC 9113 §4.2: "},
		{"a larger one that is allowed", func(m *multiplexed) { m.data(0, 1, masked(frame.Binary, true, strings.Repeat("x", 17_000))) }, ""},
		{"a setting", func(m *multiplexed) { m.settings(0, h2.SettingEnablePush, 2) }, "!c2s RFC 9113 §6.5.2: "},
		{"PING of 7 bytes", func(m *multiplexed) { m.frame(0, h2.TypePing, 0, 0, "1234567") }, "!c2s RFC 9113 §6.7: "},
		{"SETTINGS of 7 bytes", func(m *multiplexed) { m.frame(0, h2.TypeSettings, 0, 0, "1234567") }, "!c2s RFC 9113 §6.5: "},
		{"RST_STREAM of 3 bytes", func(m *multiplexed) { m.frame(0, h2.TypeResetStream, 0, 1, "123") }, "!c2s RFC 9113 §6.4: "},
		{"another frame in a field block", func(m *multiplexed) {
			m.frame(1, h2.TypeHeaders, 0, 9, "\x88")
			m.frame(1, h2.TypePing, 0, 0, "12345678")
		}, "!s2c RFC 9113 §6.10: "},
		{"a continuation of nothing", func(m *multiplexed) { m.frame(1, h2.TypeContinuation, 4, 1, "\x88") }, "!s2c RFC 9113 §6.10: "},
		{"padding", func(m *multiplexed) { m.frame(1, h2.TypeHeaders, 4|h2.FlagPadded, 9, "\x09\x88") }, "!s2c RFC 9113 §6.2: "},
		{"a promise cut short", func(m *multiplexed) { m.frame(1, h2.TypePushPromise, 4|h2.FlagPadded, 9, "\x02\x88\x88\x88\x88") }, ""},
		{"HPACK", func(m *multiplexed) { m.frame(1, h2.TypeHeaders, 4, 9, "\xff\xff\xff\xff\x7f") }, "!s2c RFC 9113 §4.3: "},
		{"DATA after END_STREAM", func(m *multiplexed) { m.endStream(0, 1); m.data(0, 1, masked(frame.Text, true, "x")) }, "!c2s RFC 9113 §5.1: "},
		{"DATA after RST_STREAM", func(m *multiplexed) { m.reset(0, 1, h2.Cancel); m.data(0, 1, nil) }, "!c2s RFC 9113 §5.1: "},
		{"DATA of the other side after RST_STREAM", func(m *multiplexed) { m.reset(0, 1, h2.Cancel); m.data(1, 1, nil) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := dialHTTP2()
			m.open(1, "/")
			test.send(m)
			m.open(11, "/next")
			m.data(1, 11, bare(frame.Text, true, "still read"))
			s := readHTTP2(t, m.Bytes(), trace.Options{})
			s.want(t, "0/11", "s2c text 10 still read\n")
			got := slices.DeleteFunc(s.notes["0"], func(n string) bool { return n[0] != '!' })
			if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], test.want)) {
				t.Errorf("%q, want %q", got, test.want)
			}
			if c := s.byName["0"]; c.Broken != len(got) {
				t.Errorf("%d broken, %q", c.Broken, got)
			}
		})
	}
}

// Once connected, a stream has no heads any more (RFC 9113 §8.5).
func TestHTTP2SecondHead(t *testing.T) {
	m := dialHTTP2()
	m.open(1, "/")
	m.headers(0, 1, 0, "x: y")
	m.headers(1, 1, h2.FlagEndStream, "x: y")
	m.data(0, 1, masked(frame.Text, true, "goes on"))
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	s.want(t, "0/1", "c2s text 7 goes on\n")
	if n := s.notes["0/1"]; len(n) != 2 || !strings.HasPrefix(n[0], "!c2s RFC 9113 §8.5: ") || !strings.HasPrefix(n[1], "!s2c RFC 9113 §8.5: ") {
		t.Errorf("%q", n)
	}
	if c := s.byName["0/1"]; c.Broken != 2 || len(c.Ends) != 1 || c.Ends[0].What != trace.EndStream {
		t.Errorf("%+v", c)
	}
}

// PUSH_PROMISE has a field block as well, which the table of HPACK needs.
func TestHTTP2Push(t *testing.T) {
	m := dialHTTP2()
	m.open(1, "/")
	m.frame(1, h2.TypePushPromise, h2.FlagEndHeaders|h2.FlagPadded, 1, "\x01\x00\x00\x00\x02"+m.block(1, ":method: GET", ":scheme: https", ":path: /pushed", ":authority: h", "x-one: 1")+"\x00")
	m.headers(1, 2, h2.FlagEndStream, ":status: 200", "x-one: 1")
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	want := []string{"stream 1: PUSH_PROMISE of stream 2, GET /pushed", "stream 2: GET /pushed: 200"}
	if n := s.notes["0"]; !slices.Equal(n[len(n)-2:], want) {
		t.Errorf("%q", n)
	}
}

// A field block in several frames is one, wherever it is cut.
func TestHTTP2Continuation(t *testing.T) {
	m := dialHTTP2()
	block := m.block(0, connect("/long", "cookie: "+strings.Repeat("abc", 20))...)
	m.frame(0, h2.TypeHeaders, h2.FlagPriority, 1, "\x00\x00\x00\x00\x10"+block[:5])
	for i := 5; i < len(block); i++ {
		flags := h2.Flags(0)
		if i == len(block)-1 {
			flags = h2.FlagEndHeaders
		}
		m.frame(0, h2.TypeContinuation, flags, 1, block[i:i+1])
	}
	m.headers(1, 1, 0, ":status: 200")
	// One in very many pieces is not decoded.
	m.frame(0, h2.TypeHeaders, 0, 3, "")
	for range 300 {
		m.frame(0, h2.TypeContinuation, 0, 3, "")
	}
	m.frame(0, h2.TypeContinuation, h2.FlagEndHeaders, 3, m.block(0, connect("/pieces")...))
	m.headers(0, 5, 0, connect("/next", "sec-websocket-protocol: known by its name")...)
	m.headers(1, 5, 0, ":status: 200")
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	if c := s.byName["0/3"]; c != nil || s.byName["0/5"].Kind != trace.WebSocket || !s.byName["0"].HTTP2.C2S.Partial {
		t.Errorf("%+v, %q", c, s.notes)
	}
	c := s.byName["0/1"]
	if c.Kind != trace.WebSocket || len(c.Violations) > 0 || c.Request.Values("cookie")[0] != strings.Repeat("abc", 20) || c.Request.LastPacket <= c.Request.Packet {
		t.Errorf("%+v", c)
	}
}

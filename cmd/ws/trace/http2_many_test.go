package trace_test

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/show"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/h2"
)

// Streams one after the other are all there, in order, and few of them are in memory.
func TestHTTP2StreamAfterStream(t *testing.T) {
	const streams = 1000
	m := dialHTTP2()
	for i := range uint32(streams) {
		id := 2*i + 1
		m.open(id, fmt.Sprint("/", i))
		m.data(0, id, masked(frame.Text, true, fmt.Sprint(i)), masked(frame.Close, true, "\x03\xe8"))
		m.data(1, id, bare(frame.Close, true, "\x03\xe8"))
		m.endStream(1, id)
		m.endStream(0, id)
	}
	s := readHTTP2(t, m.Bytes(), trace.Options{Limits: trace.Limits{Waiting: 1 << 20, Records: 1 << 14}})
	if s.GivenUp > 0 || s.Conversations != streams || len(s.convs) != streams+1 {
		t.Fatalf("%d given up, %d conversations of %d", s.GivenUp, s.Conversations, len(s.convs))
	}
	for i, c := range s.convs[1:] {
		if c.HTTP2Stream != uint32(2*i+1) || c.Outcome != trace.Clean || c.C2S.Frames != 2 || s.says[c.Name()] != fmt.Sprintf("c2s text %d %d\nc2s close 2 1000 \ns2c close 2 1000 \n", len(fmt.Sprint(i)), i) {
			t.Fatalf("%d: %+v, %s", i, c, s.says[c.Name()])
		}
	}
}

// More streams at a time than anybody allows cost the oldest of them.
func TestHTTP2TooManyStreams(t *testing.T) {
	const streams, most = 5000, 4096
	m := dialHTTP2()
	for i := range uint32(streams) {
		if i%2 == 0 {
			m.headers(0, 2*i+1, 0, ":method: GET", ":scheme: https", ":path: /slow", ":authority: h")
			continue
		}
		m.open(2*i+1, "/")
	}
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	given := 0
	for _, c := range s.convs {
		if c.GivenUp {
			given++
			if _, says := show.Closing(c); says != "open: it was given up before its end" || s.notes[c.Name()][0] != "given up here: too many streams at a time to follow them all" {
				t.Errorf("%s: %s, %q", c.Name(), says, s.notes[c.Name()])
			}
		}
	}
	if want := (streams - most) / 2; given != want || s.Conversations != streams/2 || s.byName["0"].GivenUp {
		t.Errorf("%d given up, want %d; %d conversations", given, want, s.Conversations)
	}
}

// A stream that holds too much before it is answered loses the place, and no more.
func TestHTTP2TooMuchBeforeTheAnswer(t *testing.T) {
	m := dialHTTP2()
	m.headers(0, 1, 0, connect("/")...)
	for range 80 {
		m.data(0, 1, masked(frame.Binary, true, strings.Repeat("x", 16_000)))
	}
	m.headers(1, 1, 0, ":status: 200")
	m.talk(1, rand.New(rand.NewPCG(1, 2)), 4)
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	if c := s.byName["0/1"]; c.Kind != trace.WebSocket || c.C2S.Frames < 4 || c.S2C.Frames != 4 || c.C2S.Sync != "proven" {
		t.Errorf("%+v", c)
	}
}

// In what is no HTTP/2 a frame is not searched for ever.
func TestHTTP2SearchEnds(t *testing.T) {
	m := dialHTTP2()
	m.open(1, "/")
	m.Lose(0, 20)
	m.MSS = 60_000
	for range 20 << 20 / m.MSS {
		m.Send(0, []byte(strings.Repeat("no frame of HTTP/2 ", m.MSS/19)))
	}
	m.Lose(0, 20)
	m.Send(0, []byte("more of it"))
	m.data(1, 1, bare(frame.Text, true, "the other side goes on"))
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	s.want(t, "0/1", "s2c text 22 the other side goes on\n")
	if n := s.notes["0"]; !strings.HasSuffix(n[len(n)-1], "octets no frame of HTTP/2 can be found") || s.byName["0"].C2S.Skipped < 16<<20 {
		t.Errorf("%q", n)
	}
}

// HTTP/2 inside a stream of HTTP/2 is not followed, and so neither are endless many of them.
func TestHTTP2InsideHTTP2(t *testing.T) {
	inner := http2On(dial())
	inner.begin()
	inner.open(1, "/inner")
	m := http2On(dial())
	m.Handshake()
	m.begin()
	m.Lose(0, 30)
	m.frame(0, h2.TypePing, 0, 0, "12345678")
	for _, p := range [][]byte{appPayload(inner.Conn, 0), appPayload(inner.Conn, 0)} {
		m.frame(0, h2.TypeData, 0, 7, string(p))
	}
	if s := readHTTP2(t, m.Bytes(), trace.Options{}); len(s.convs) != 1 || s.byName["0"].HTTP2.Unknown != 1 {
		t.Errorf("%d conversations, %+v", len(s.convs), s.byName["0"].HTTP2)
	}
}

// Over TLS, what follows a packet that is missing cannot be decrypted, on any stream.
func TestHTTP2OverTLS(t *testing.T) {
	m := http2On(dial()) // without packets that have no payload: Ethernet pads them
	m.begin()
	m.open(1, "/")
	m.open(3, "/ended")
	m.data(1, 3, bare(frame.Close, true, "\x03\xe8"))
	m.data(0, 3, masked(frame.Close, true, "\x03\xe8"))
	m.endStream(1, 3)
	m.endStream(0, 3)
	for range 3 {
		m.data(1, 1, bare(frame.Binary, true, strings.Repeat("x", 16_000)))
	}
	said := [2]string{string(appPayload(m.Conn, 0)), string(appPayload(m.Conn, 1))}
	c, log := overTLS(t, &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}}, said)
	whole := readHTTP2(t, c.Bytes(), trace.Options{KeyLog: log})
	if v := whole.byName["0/1"]; v == nil || v.S2C.Frames != 3 || v.Outcome != trace.NotClean || show.Title(v) != "wss://h/" {
		t.Fatalf("%+v, %+v, %q", v, whole.byName["0"].TLS, whole.notes)
	}
	large := -1
	for i, p := range c.Packets {
		if len(p.Data) > 1400 {
			large = i
		}
	}
	c.Packets = slices.Delete(c.Packets, large-6, large-5)
	s := readHTTP2(t, c.Bytes(), trace.Options{KeyLog: log})
	if v := s.byName["0/1"]; v.S2C.Messages >= 3 || v.Outcome != trace.NotKnown && v.Outcome != trace.NotClean || v.S2C.Unread != "bytes are missing in the capture" {
		t.Errorf("%+v, %q", v, s.notes)
	}
	if v := s.byName["0/3"]; v.Outcome != trace.Clean {
		t.Errorf("%+v", v)
	}
	if n := s.notes["0"]; !slices.Contains(n, "from here on it is not decrypted: bytes are missing in the capture") {
		t.Errorf("%q", n)
	}
}

// A SETTINGS frame with ever more of them is shown in part.
func TestHTTP2ManySettings(t *testing.T) {
	m := dialHTTP2()
	var pairs []h2.Setting
	for i := range h2.Setting(100) {
		pairs = append(pairs, 100+i, i)
	}
	m.settings(0, pairs...)
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	if n := s.notes["0"]; !strings.HasSuffix(n[len(n)-1], "setting 0x83 31, …") || len(s.byName["0"].HTTP2.C2S.Settings) != 32 {
		t.Errorf("%q", n)
	}
}

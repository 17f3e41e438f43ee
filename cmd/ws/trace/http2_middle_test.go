package trace_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/h2"
)

// keysOf identifies the frames of streams that are there as a whole.
func keysOf(t *testing.T, s *onStreams) map[string]int {
	t.Helper()
	keys := map[string]int{}
	for k, err := range s.Kept() {
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.Conversation()
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range k.Events() {
			if err != nil {
				t.Fatal(err)
			}
			if f := e.Frame; f != nil && f.SHA256 != "" {
				keys[fmt.Sprint(c.HTTP2Stream, c.Client, f.Dir, f.Opcode, f.FIN, f.RSV, f.Key, f.SHA256)]++
			}
		}
	}
	return keys
}

// Wherever a capture begins, and whichever packet it lacks, no frame is read that nobody sent, and
// nobody is accused of what nobody did.
func TestHTTP2Parts(t *testing.T) {
	for _, name := range []string{"h2c", "h2-haproxy"} {
		all := packetsOf(t, "testdata/"+name+".pcapng")
		whole := keysOf(t, readHTTP2(t, all.Bytes(), trace.Options{}))
		total := 0
		for _, n := range whole {
			total += n
		}
		var found [3]int
		for way := range found {
			for i := range all.Packets {
				part := &synth.Capture{Link: all.Link}
				switch way {
				case 0: // it begins here
					part.Packets = all.Packets[i:]
				case 1: // this one is lost
					part.Packets = slices.Delete(slices.Clone(all.Packets), i, i+1)
				case 2: // it begins with this one, and lacks another
					part.Packets = slices.Delete(slices.Clone(all.Packets[i/2:]), i/3, i/3+1)
				}
				s := readHTTP2(t, part.Bytes(), trace.Options{})
				for _, c := range s.convs {
					// Of all streams only 7 was reset.
					if c.Broken > 0 || len(c.Violations) > 0 || c.Outcome == trace.NotClean && c.HTTP2Stream != 7 {
						t.Errorf("%s, %d, packet %d: stream %s is %s, %d broken, %+v, %q", name, way, i+1, c.Name(), c.Outcome, c.Broken, c.Violations, s.notes)
					}
				}
				for key, n := range keysOf(t, s) {
					if n > whole[key] {
						t.Errorf("%s, %d, packet %d: %d times %s", name, way, i+1, n, key)
					}
					found[way] += n
				}
			}
		}
		most := total * len(all.Packets)
		t.Logf("%s: %d frames; on average %d %% are found if the capture begins later, %d %% without one packet, %d %% with both", name,
			total, 100*found[0]/most, 100*found[1]/most, 100*found[2]/most)
		if found[0] < most/4 || found[1] < most*2/3 {
			t.Errorf("%s: too few", name)
		}
	}
}

// talk sends WebSocket frames each way on a stream, which say enough to be proven.
func (m *multiplexed) talk(stream uint32, r *rand.Rand, n int) {
	for i := range n {
		m.data(0, stream, synth.Text(r, fmt.Sprintf(`{"n":%d,"of":"the client"}`, i)))
		m.data(1, stream, synth.Text(nil, fmt.Sprintf(`{"n":%d,"of":"the server"}`, i)))
	}
}

// What was opened before the capture begins is found by its frames, and what is opened later by
// its request, of which fields may be unknown.
func TestHTTP2Middle(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m := dialHTTP2()
	m.open(1, "/before")
	m.headers(0, 3, 0, ":method: POST", ":scheme: https", ":path: /upload", ":authority: h")
	m.Packets = nil // the capture begins here
	m.frame(0, h2.TypeWindowUpdate, 0, 0, "\x00\x00\x10\x00")
	m.frame(1, h2.TypePing, 0, 0, "12345678")
	m.frame(0, h2.TypePing, h2.FlagAck, 0, "12345678")
	m.talk(1, r, 4)
	for range 20 {
		m.frame(0, h2.TypeData, 0, 3, strings.Repeat("a body that is no WebSocket; ", 20))
	}
	m.open(5, "/after")
	m.talk(5, r, 2)
	m.headers(0, 7, h2.FlagEndStream, ":method: GET", ":scheme: https", ":path: /page", ":authority: h")
	m.headers(1, 7, h2.FlagEndStream, ":status: 404")
	m.headers(0, 9, 0, connect("/deflate", offersDeflate)...)
	m.headers(1, 9, 0, ":status: 200", agreesDeflate)
	m.data(0, 9, deflated(0x01020304, "compressed")[0])

	s := readHTTP2(t, m.Bytes(), trace.Options{})
	before, after, packed := s.byName["0/1"], s.byName["0/5"], s.byName["0/9"]
	if before == nil || before.Request != nil || before.C2S.Frames != 4 || before.S2C.Frames != 4 || before.C2S.Sync != "proven" || before.Client != "10.0.0.1:40000" {
		t.Errorf("before: %+v", before)
	}
	if after == nil || after.Kind != trace.WebSocket || after.C2S.Frames != 2 || after.S2C.Frames != 2 || len(after.Violations) > 0 ||
		after.Request.Line != "? /after HTTP/2" || !slices.Equal(after.Request.Values("?"), []string{"?", "?", "?", "?"}) {
		t.Errorf("after: %+v, %+v", after, after.Request)
	}
	if packed == nil || packed.Agreed.Deflate == "" || !strings.Contains(s.says["0/9"], "compressed") || len(packed.Violations) > 0 {
		t.Errorf("deflate: %+v, %s", packed, s.says["0/9"])
	}
	c := s.byName["0"]
	if c.Kind != trace.HTTP2 || !c.HTTP2.C2S.Partial || !c.HTTP2.S2C.Partial || c.HTTP2.Unknown != 1 || c.HTTP2.Requests != 1 || c.Broken > 0 {
		t.Errorf("%+v", c.HTTP2)
	}
	if n := s.notes["0"]; !slices.Contains(n, "stream 7: GET /page: 404") || !slices.Contains(n, "stream 3: its request is not known, and no WebSocket can be proven in it") {
		t.Errorf("%q", n)
	}
}

// Which side is the client is known from heads; from frames of a WebSocket otherwise, whatever
// the ports say.
func TestHTTP2WhoIsClient(t *testing.T) {
	for _, test := range []struct {
		name string
		send func(m *multiplexed, r *rand.Rand)
	}{
		{"a request", func(m *multiplexed, r *rand.Rand) {
			m.headers(0, 3, h2.FlagEndStream, ":method: GET", ":scheme: https", ":path: /page", ":authority: h")
		}},
		{"a response", func(m *multiplexed, r *rand.Rand) { m.headers(1, 3, h2.FlagEndStream, ":status: 204") }},
		{"frames", func(*multiplexed, *rand.Rand) {}},
	} {
		r := rand.New(rand.NewPCG(5, 6))
		c := &synth.Capture{Link: dial().Link}
		m := http2On(c.Dial("10.0.0.1:80", "10.0.0.2:50000"))
		m.Handshake()
		m.begin()
		m.open(1, "/before")
		m.Packets = nil
		for dir := range 2 {
			m.frame(dir, h2.TypeWindowUpdate, 0, 0, "\x00\x00\x10\x00")
			m.frame(dir, h2.TypePing, 0, 0, "12345678")
		}
		test.send(m, r)
		m.talk(1, r, 5)
		s := readHTTP2(t, m.Bytes(), trace.Options{})
		v := s.byName["0/1"]
		if v == nil || v.Kind != trace.WebSocket || v.Client != "10.0.0.1:80" || v.C2S.Frames != 5 || v.S2C.Frames != 5 || v.Broken > 0 {
			t.Errorf("%s: %+v %q", test.name, v, s.notes)
		}
	}
}

// A hole costs what it covers. Where it covers the beginning of a frame, each stream has to be
// found again.
func TestHTTP2Holes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, test := range []struct {
		name string
		send func(m *multiplexed)
		want func(s *onStreams) string
	}{
		{"in DATA", func(m *multiplexed) {
			p := raw(h2.TypeData, 0, 1, string(masked(frame.Binary, true, strings.Repeat("x", 100))))
			m.Send(0, p[:50])
			m.Lose(0, 20)
			m.Send(0, p[70:])
		}, func(s *onStreams) string {
			if s.byName["0/1"].C2S.Frames != 3+1+6 || s.byName["0/1"].C2S.Lost != 20 || s.byName["0/3"].C2S.Frames != 9 || s.byName["0"].HTTP2.C2S.Partial {
				return "DATA"
			}
			return ""
		}},
		{"over the beginning of a frame", func(m *multiplexed) {
			m.data(0, 1, masked(frame.Text, true, "lost"))
			m.Lose(0, 19)
		}, func(s *onStreams) string {
			for _, name := range []string{"0/1", "0/3"} {
				if c := s.byName[name]; c.C2S.Frames < 6 || c.S2C.Frames != 9 || c.Broken > 0 || c.Outcome != trace.Open {
					return name
				}
			}
			if !s.byName["0"].HTTP2.C2S.Partial || s.byName["0"].HTTP2.S2C.Partial {
				return "partial"
			}
			return ""
		}},
		{"in HEADERS", func(m *multiplexed) {
			p := raw(h2.TypeHeaders, h2.FlagEndHeaders, 5, m.block(0, connect("/five")...))
			m.Send(0, p[:12])
			m.Lose(0, len(p)-12)
			m.headers(1, 5, 0, ":status: 200")
			m.talk(5, r, 4)
		}, func(s *onStreams) string {
			if c := s.byName["0/5"]; c == nil || c.Kind != trace.WebSocket || c.C2S.Frames != 4 || c.S2C.Frames != 4 || c.Response == nil || len(c.Violations) > 0 {
				return fmt.Sprintf("0/5: %+v", c)
			}
			if s.byName["0/1"].C2S.Frames != 9 || s.byName["0/3"].C2S.Frames != 9 {
				return "the others"
			}
			return ""
		}},
		{"over HEADERS and more", func(m *multiplexed) {
			m.Lose(0, len(raw(h2.TypeHeaders, h2.FlagEndHeaders, 5, m.block(0, connect("/five")...))))
			m.headers(1, 5, 0, ":status: 200")
			m.talk(5, r, 4)
		}, func(s *onStreams) string {
			if c := s.byName["0/5"]; c == nil || c.Kind != trace.WebSocket || c.C2S.Frames < 3 || c.S2C.Frames != 4 {
				return fmt.Sprintf("0/5: %+v", c)
			}
			return ""
		}},
		{"of the response", func(m *multiplexed) {
			m.headers(0, 5, 0, connect("/five")...)
			p := raw(h2.TypeHeaders, h2.FlagEndHeaders, 5, m.block(1, ":status: 200"))
			m.Send(1, p[:9])
			m.Lose(1, len(p)-9)
			m.talk(5, r, 4)
		}, func(s *onStreams) string {
			if c := s.byName["0/5"]; c.Kind != trace.WebSocket || c.C2S.Frames != 4 || c.S2C.Frames != 4 || len(c.Violations) > 0 {
				return fmt.Sprintf("0/5: %+v", c)
			}
			return ""
		}},
		{"of a response that refuses", func(m *multiplexed) {
			m.headers(0, 5, 0, connect("/five")...)
			p := raw(h2.TypeHeaders, h2.FlagEndHeaders, 5, m.block(1, ":status: 403", "content-type: text/plain"))
			m.Send(1, p[:9])
			m.Lose(1, len(p)-9)
			m.frame(1, h2.TypeData, h2.FlagEndStream, 5, "you may not\n")
		}, func(s *onStreams) string {
			if c := s.byName["0/5"]; c.Kind != trace.Unanswered || c.Broken > 0 || len(c.Violations) > 0 ||
				s.notes["0/5"][0] != "the CONNECT is not answered in the capture, in which bytes are missing" {
				return fmt.Sprintf("0/5: %+v, %q", c, s.notes["0/5"])
			}
			return ""
		}},
		{"of DATA before the response", func(m *multiplexed) {
			m.headers(0, 5, 0, connect("/five")...)
			p := raw(h2.TypeData, 0, 5, string(masked(frame.Text, true, "too early")))
			m.Send(0, p[:12])
			m.Lose(0, len(p)-12)
			m.headers(1, 5, 0, ":status: 200")
			m.talk(5, r, 4)
		}, func(s *onStreams) string {
			if c := s.byName["0/5"]; c.Kind != trace.WebSocket || c.C2S.Frames < 3 || c.S2C.Frames != 4 {
				return fmt.Sprintf("0/5: %+v", c)
			}
			return ""
		}},
		{"of the length of padding", func(m *multiplexed) {
			p := raw(h2.TypeData, h2.FlagPadded, 1, "\x02"+string(masked(frame.Text, true, "lost"))+"\x00\x00")
			m.Send(0, p[:9])
			m.Lose(0, 5)
			m.Send(0, p[14:])
		}, func(s *onStreams) string {
			if c := s.byName["0/1"]; c.C2S.Frames < 6 || s.byName["0/3"].C2S.Frames != 9 {
				return fmt.Sprintf("%+v", c)
			}
			return ""
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := dialHTTP2()
			m.open(1, "/one")
			m.open(3, "/three")
			m.talk(1, r, 3)
			m.talk(3, r, 3)
			test.send(m)
			m.talk(1, r, 6)
			m.talk(3, r, 6)
			s := readHTTP2(t, m.Bytes(), trace.Options{})
			if wrong := test.want(s); wrong != "" {
				t.Errorf("%s\nnotes %q\n0/1 %+v\n0/3 %+v", wrong, s.notes, s.byName["0/1"], s.byName["0/3"])
			}
		})
	}
}

// Packets that are out of order between the directions change nothing.
func TestHTTP2ResponseFirst(t *testing.T) {
	for _, answer := range []string{"200", "403"} {
		m := dialHTTP2()
		n := len(m.Packets)
		m.headers(0, 1, 0, connect("/")...)
		m.headers(1, 1, 0, ":status: "+answer)
		m.data(1, 1, bare(frame.Text, true, "early"))
		m.headers(0, 3, h2.FlagEndStream, ":method: GET", ":scheme: https", ":path: /page", ":authority: h")
		m.headers(1, 3, 0, ":status: 204")
		p := m.Packets[n:]
		p[0], p[1], p[2], p[3], p[4] = p[1], p[2], p[0], p[4], p[3]
		s := readHTTP2(t, m.Bytes(), trace.Options{})
		c := s.byName["0/1"]
		if answer == "200" {
			s.want(t, "0/1", "s2c text 5 early\n")
		} else if c.Kind != trace.Refused || c.Response.Line != "HTTP/2 403" {
			t.Errorf("%+v", c)
		}
		if n := s.notes["0"]; n[len(n)-1] != "stream 3: GET /page: 204" {
			t.Errorf("%q", n)
		}
	}
}

// A snap length leaves the heads, if it is not too short, and what is cut is missing.
func TestHTTP2SnapLength(t *testing.T) {
	m := dialHTTP2()
	m.open(1, "/")
	for range 4 {
		m.data(1, 1, bare(frame.Binary, true, strings.Repeat("x", 1200)))
	}
	m.data(1, 1, bare(frame.Close, true, "\x03\xe8"))
	m.Snap(300)
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	if c := s.byName["0/1"]; c.S2C.Frames != 5 || c.S2C.Lost == 0 || len(c.Closes) != 1 || c.Closes[0].Code != 1000 {
		t.Errorf("%+v", c)
	}
}

// Frames that have proved what a stream is stay, when its request comes after them.
func TestHTTP2RequestLast(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	m := dialHTTP2()
	m.Lose(0, 20)
	for range 4 {
		m.frame(0, h2.TypePing, 0, 0, "12345678")
	}
	m.talk(5, r, 40)
	m.headers(0, 5, 0, connect("/late")...)
	m.talk(5, r, 1)
	s := readHTTP2(t, m.Bytes(), trace.Options{})
	if c := s.byName["0/5"]; c.Kind != trace.WebSocket || c.C2S.Frames != 41 || c.S2C.Frames != 41 || c.Request.Line != "CONNECT /late HTTP/2" || c.Outcome != trace.Open {
		t.Errorf("%+v, %q", c, s.notes)
	}
}

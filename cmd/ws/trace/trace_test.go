package trace_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
)

// dial returns a connection in an empty capture.
func dial() *synth.Conn {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	return c.Dial("10.0.0.1:40000", "10.0.0.2:80")
}

// found is what a trace says, for tests.
type found struct {
	*trace.Trace
	convs  []*trace.Conversation
	frames []*trace.Frame
	notes  []string
}

func read(t testing.TB, file []byte, o trace.Options) *found {
	t.Helper()
	tr, err := trace.Read(t.Context(), bytes.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &found{Trace: tr}
	for k, err := range tr.Kept() {
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.Conversation()
		if err != nil {
			t.Fatal(err)
		}
		f.convs = append(f.convs, c)
		for e, err := range k.Events() {
			if err != nil {
				t.Fatal(err)
			}
			if e.Frame != nil {
				f.frames = append(f.frames, e.Frame)
			} else {
				f.notes = append(f.notes, e.Note.Text)
			}
		}
	}
	return f
}

// says is what the frames say, in their order, with what is wrong with them.
func (f *found) says() string {
	var b strings.Builder
	for _, x := range f.frames {
		fmt.Fprintf(&b, "%v %s %d %s", x.Dir, x.Opcode, x.Length, x.Preview)
		if x.Close != nil {
			fmt.Fprintf(&b, "%d %s", x.Close.Code, x.Close.Reason)
		}
		if x.Missing > 0 {
			fmt.Fprintf(&b, " (%d missing)", x.Missing)
		}
		if x.Message != nil && x.Message.Unreadable != "" {
			fmt.Fprintf(&b, " (%s)", x.Message.Unreadable)
		}
		for _, v := range x.Violations {
			fmt.Fprintf(&b, " !%s", v.RFC)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (f *found) want(t *testing.T, kind trace.Kind, says string) {
	t.Helper()
	if len(f.convs) != 1 || f.convs[0].Kind != kind {
		t.Fatalf("%d conversations, %+v", len(f.convs), f.convs)
	}
	if got := f.says(); got != says {
		t.Errorf("got\n%swant\n%snotes %q", got, says, f.notes)
	}
}

func masked(op frame.Opcode, fin bool, payload string) []byte {
	return synth.Frame(frame.Header{Opcode: op, FIN: fin, Key: 0x1badcafe}, payload)
}

func bare(op frame.Opcode, fin bool, payload string) []byte {
	return synth.Frame(frame.Header{Opcode: op, FIN: fin}, payload)
}

// What breaks a rule is told with its section, and the frames after it are read.
func TestViolations(t *testing.T) {
	for _, test := range []struct {
		name string
		dir  int
		sent [][]byte
		says string
	}{
		{"unmasked from a client", 0, [][]byte{bare(frame.Text, true, "a"), masked(frame.Text, true, "b")},
			"c2s text 1 a !RFC 6455 §5.1\nc2s text 1 b\n"},
		{"masked from a server", 1, [][]byte{masked(frame.Text, true, "a"), bare(frame.Text, true, "b")},
			"s2c text 1 a !RFC 6455 §5.1\ns2c text 1 b\n"},
		{"RSV1 without an extension", 1, [][]byte{synth.Frame(frame.Header{Opcode: frame.Text, FIN: true, RSV1: true}, "a")},
			"s2c text 1 a (RSV1 is set without an extension that defines it) !RFC 6455 §5.2\n"},
		{"RSV2", 1, [][]byte{synth.Frame(frame.Header{Opcode: frame.Text, FIN: true, RSV2: true}, "a")},
			"s2c text 1 a !RFC 6455 §5.2\n"},
		{"reserved opcode", 1, [][]byte{bare(3, true, "abc"), bare(frame.Text, true, "b")},
			"s2c reserved(3) 3 abc !RFC 6455 §5.2\ns2c text 1 b\n"},
		{"fragmented ping", 1, [][]byte{bare(frame.Ping, false, "a")}, "s2c ping 1 a !RFC 6455 §5.5\n"},
		{"long ping", 1, [][]byte{bare(frame.Ping, true, strings.Repeat("a", 126))},
			"s2c ping 126 " + strings.Repeat("a", 126) + " !RFC 6455 §5.5\n"},
		{"continuation of nothing", 1, [][]byte{bare(frame.Continuation, true, "a"), bare(frame.Text, true, "b")},
			"s2c cont 1 a !RFC 6455 §5.4\ns2c text 1 b\n"},
		{"message in a message", 1, [][]byte{bare(frame.Text, false, "a"), bare(frame.Text, true, "b")},
			"s2c text 1 a\ns2c text 1 b !RFC 6455 §5.4\n"},
		{"length not minimal", 1, [][]byte{{0x81, 126, 0, 1, 'a'}, bare(frame.Text, true, "b")},
			"s2c text 1 a !RFC 6455 §5.2\ns2c text 1 b\n"},
		{"not UTF-8", 1, [][]byte{bare(frame.Text, true, "a\xffb")}, "s2c text 3 61 ff 62 !RFC 6455 §8.1\n"},
		{"not UTF-8 at its end", 1, [][]byte{bare(frame.Text, true, "a\xc3")}, "s2c text 2 61 c3 !RFC 6455 §8.1\n"},
		{"close of one byte", 1, [][]byte{bare(frame.Close, true, "a")}, "s2c close 1 1005  !RFC 6455 §5.5.1\n"},
		{"close code", 1, [][]byte{bare(frame.Close, true, "\x03\xeea")}, "s2c close 3 1006 a !RFC 6455 §7.4\n"},
		{"frame after Close", 1, [][]byte{bare(frame.Close, true, "\x03\xe8"), bare(frame.Text, true, "b")},
			"s2c close 2 1000 \ns2c text 1 b !RFC 6455 §5.5.1\n"},
		{"impossible length", 1, [][]byte{{0x82, 127, 0xff, 1, 2, 3, 4, 5, 6, 7}, bare(frame.Text, true, "b")},
			"s2c binary 18374970166623929863  (18374970166623929863 missing) !RFC 6455 §5.2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial()
			c.Handshake()
			c.Upgrade("")
			for _, p := range test.sent {
				c.Send(test.dir, p)
			}
			f := read(t, c.Bytes(), trace.Options{})
			f.want(t, trace.WebSocket, test.says)
			for _, x := range f.frames {
				for _, v := range x.Violations {
					if v.By != trace.Dir(test.dir) || v.Reason == "" {
						t.Errorf("%+v", v)
					}
				}
			}
		})
	}
}

// Control characters in text are escaped, compressed or not, in one frame or several; bytes in
// a binary message are shown as bytes.
func TestControlCharacters(t *testing.T) {
	c := dial()
	c.Handshake()
	c.Upgrade("permessage-deflate")
	c.Send(1, bare(frame.Text, true, "\x1b[2Jnul \x00"))
	c.Send(1, deflated(0, "\x1b[2Jnul \x00")[0])
	c.Send(1, bare(frame.Text, false, "\x1b\xc3"))
	c.Send(1, bare(frame.Continuation, true, "\xa9\x00"))
	c.Send(1, bare(frame.Binary, true, "\x00\x01\x02"))
	read(t, c.Bytes(), trace.Options{}).want(t, trace.WebSocket, `s2c text 9 \x1b[2Jnul \x00
s2c text 11 \x1b[2Jnul \x00
s2c text 2 \x1b\xc3
s2c cont 2 \x1bé\x00
s2c binary 3 00 01 02
`)
}

// A direction that breaks every rule is not read for ever.
func TestTooManyViolations(t *testing.T) {
	c := dial()
	c.Handshake()
	c.Upgrade("")
	for range 500 {
		c.Send(1, bare(3, true, "x"))
	}
	if f := read(t, c.Bytes(), trace.Options{}); len(f.frames) > 64 || len(f.notes) != 1 {
		t.Errorf("%d frames, notes %q", len(f.frames), f.notes)
	}
}

// The rules of the opening handshake.
func TestHandshakeViolations(t *testing.T) {
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	const accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	for _, test := range []struct{ name, request, response, want string }{
		{"fine", key, accept, ""},
		{"accept of another key", key, "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", "s2c RFC 6455 §4.1"},
		{"no key", "", accept, "c2s RFC 6455 §4.2.1, s2c RFC 6455 §4.1"},
		{"extension that was not offered", key, accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n", "s2c RFC 6455 §4.1"},
		{"parameter", key + "Sec-WebSocket-Extensions: permessage-deflate\r\n", accept + "Sec-WebSocket-Extensions: permessage-deflate; x\r\n", "s2c RFC 7692 §7"},
		{"demand", key + "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n", accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n", "s2c RFC 7692 §7.1.1.1"},
		{"subprotocol", key + "Sec-WebSocket-Protocol: a, b\r\n", accept + "Sec-WebSocket-Protocol: c\r\n", "s2c RFC 6455 §4.1"},
		{"subprotocol offered", key + "Sec-WebSocket-Protocol: a, b\r\n", accept + "Sec-WebSocket-Protocol: b\r\n", ""},
		{"extension that is not known", key + "Sec-WebSocket-Extensions: x-odd\r\n", accept + "Sec-WebSocket-Extensions: x-odd\r\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial()
			c.Handshake()
			c.Send(0, []byte("GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+test.request+"\r\n"))
			c.Send(1, []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+test.response+"\r\n"))
			c.Send(1, bare(frame.Text, true, "read all the same"))
			f := read(t, c.Bytes(), trace.Options{})
			f.want(t, trace.WebSocket, "s2c text 17 read all the same\n")
			got := ""
			for _, v := range f.convs[0].Violations {
				if got != "" {
					got += ", "
				}
				got += fmt.Sprintf("%v %s", v.By, v.RFC)
			}
			if got != test.want {
				t.Errorf("violations %q, want %q: %+v", got, test.want, f.convs[0].Violations)
			}
		})
	}
}

// The Upgrade need not be what a connection begins with, nor be welcome.
func TestUpgradeAmongRequests(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(c *synth.Conn)
	}{
		{"GET", func(c *synth.Conn) {
			c.Send(0, []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
		}},
		{"chunked", func(c *synth.Conn) {
			c.Send(0, []byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na;x=y\r\n0123456789\r\n0\r\nA: b\r\n\r\n"))
		}},
		{"HEAD and 304", func(c *synth.Conn) {
			c.Send(0, []byte("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"))
		}},
		{"refused first", func(c *synth.Conn) {
			c.Send(0, []byte("GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"))
		}},
		{"PROXY", func(c *synth.Conn) { c.Send(0, []byte("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")) }},
		{"CONNECT", func(c *synth.Conn) {
			c.Send(0, []byte("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 200 Fine\r\n\r\n"))
		}},
		{"byte by byte", func(c *synth.Conn) { c.MSS = 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial()
			c.Handshake()
			test.before(c)
			c.Upgrade("")
			c.Send(0, masked(frame.Text, true, "a"))
			c.Send(1, bare(frame.Text, true, "b"))
			f := read(t, c.Bytes(), trace.Options{})
			f.want(t, trace.WebSocket, "c2s text 1 a\ns2c text 1 b\n")
			if len(f.convs[0].Violations) > 0 {
				t.Error(f.convs[0].Violations)
			}
		})
	}
	c := dial()
	c.Handshake()
	c.Send(0, []byte("GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"))
	c.Send(1, []byte("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"))
	f := read(t, c.Bytes(), trace.Options{})
	f.want(t, trace.Refused, "")
	if v := f.convs[0]; v.Response == nil || len(v.Violations) != 1 {
		t.Errorf("%+v", v)
	}
}

// What is none of ours is counted only.
func TestOthers(t *testing.T) {
	for _, test := range []struct {
		name, client, server string
		kind                 trace.Kind
	}{
		{"HTTP", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", ""},
		{"SSH", "SSH-2.0-x\r\n", "SSH-2.0-y\r\n", ""},
		{"silence", "", "", ""},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", trace.HTTP2},
		{"TLS", "\x16\x03\x01\x00\x04\x01\x00\x00\x00", "\x15\x03\x01\x00\x02\x02\x28", trace.TLS},
	} {
		c := dial()
		c.Handshake()
		c.Send(0, []byte(test.client))
		c.Send(1, []byte(test.server))
		f := read(t, c.Bytes(), trace.Options{})
		if test.kind == "" && len(f.convs) != 0 || test.kind != "" && (len(f.convs) != 1 || f.convs[0].Kind != test.kind) {
			t.Errorf("%s: %+v", test.name, f.convs)
		}
		if f.Connections != 1 {
			t.Errorf("%s: %d connections", test.name, f.Connections)
		}
	}
}

// Whatever happens to the packets on their way into the file, the same frames come out.
func TestPacketsInDisorder(t *testing.T) {
	build := func() *synth.Conn {
		r := rand.New(rand.NewPCG(7, 7))
		c := dial()
		c.MSS = 100
		c.Handshake()
		c.Upgrade("")
		for i := range 60 {
			text := strings.Repeat(string(rune('a'+i%26)), r.IntN(400))
			c.Send(i%2, map[int][]byte{0: synth.Text(r, text), 1: synth.Text(nil, text)}[i%2])
		}
		c.Send(0, masked(frame.Close, true, "\x03\xe8"))
		c.Send(1, bare(frame.Close, true, "\x03\xe8"))
		c.End(1)
		c.End(0)
		return c
	}
	rows := func(f *found) string {
		var byDir [2]strings.Builder
		for _, x := range f.frames {
			fmt.Fprintf(&byDir[x.Dir], "%d %d %s %d %s\n", x.Index, x.Offset, x.Opcode, x.Length, x.SHA256)
		}
		return byDir[0].String() + byDir[1].String()
	}
	want := rows(read(t, build().Bytes(), trace.Options{}))
	if strings.Count(want, "\n") != 62 {
		t.Fatal(want)
	}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := build()
		for range r.IntN(30) { // retransmissions
			i := r.IntN(len(c.Packets))
			j := min(len(c.Packets)-1, i+r.IntN(10))
			c.Packets = append(c.Packets[:j], append([]synth.Packet{c.Packets[i]}, c.Packets[j:]...)...)
		}
		for range 100 {
			i := r.IntN(len(c.Packets))
			j := min(len(c.Packets)-1, i+r.IntN(5))
			c.Packets[i], c.Packets[j] = c.Packets[j], c.Packets[i]
		}
		f := read(t, c.Bytes(), trace.Options{})
		if v := f.convs[0]; v.Request == nil || v.C2S.Sync != "handshake" || v.S2C.Sync != "handshake" {
			t.Fatalf("seed %d: the handshake was not found: %+v", seed, v)
		}
		if rows(f) != want {
			t.Fatalf("seed %d: %d frames, %q\n%s", seed, len(f.frames), f.notes, rows(f))
		}
	}
}

// A connection that uses the ports of an earlier one again is another one.
func TestPortsAgain(t *testing.T) {
	c := dial()
	for i := range 3 {
		c.Next = [2]uint32{uint32(1000 * i), uint32(77 * i)}
		c.Handshake()
		c.Upgrade("")
		c.Send(1, bare(frame.Text, true, fmt.Sprint(i)))
		c.End(1)
		c.End(0)
	}
	f := read(t, c.Bytes(), trace.Options{})
	if len(f.convs) != 3 || f.Connections != 3 || f.says() != "s2c text 1 0\ns2c text 1 1\ns2c text 1 2\n" {
		t.Errorf("%d conversations\n%s", len(f.convs), f.says())
	}
}

// Who ended it, and how.
func TestEnds(t *testing.T) {
	c := dial()
	c.Handshake()
	c.Upgrade("")
	c.Send(1, bare(frame.Close, true, "\x03\xe9away"))
	c.Send(0, masked(frame.Close, true, "\x03\xe9"))
	c.End(1)
	c.Packet(0, "R", []byte("a reason, for people"))
	v := read(t, c.Bytes(), trace.Options{}).convs[0]
	if len(v.Closes) != 2 || v.Closes[0].By != trace.FromServer || v.Closes[0].Code != 1001 || v.Closes[0].Reason != "away" || v.Closes[1].By != trace.FromClient {
		t.Errorf("%+v", v.Closes)
	}
	if len(v.Ends) != 2 || v.Ends[0].What != "FIN" || v.Ends[0].By != trace.FromServer || v.Ends[1].What != "RST" || v.Ends[1].By != trace.FromClient {
		t.Errorf("%+v", v.Ends)
	}
	if v.SYN.Packet != 1 || v.SYNACK.Packet != 2 || v.ACK.Packet != 3 || v.Request.Packet != 4 || v.Response.Packet != 5 {
		t.Errorf("%+v", v)
	}
}

package trace_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// A hole in a payload costs the payload; one in a header costs the place, until a
// boundary is proven.
func TestHoles(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, test := range []struct {
		name string
		send func(c *synth.Conn)
		says string
	}{
		{"in a payload", func(c *synth.Conn) {
			p := bare(frame.Text, true, long)
			c.Send(1, p[:2000])
			c.Lose(1, 1000)
			c.Send(1, p[3000:])
			c.Send(1, bare(frame.Text, true, "next"))
		}, "s2c text 5000 " + strings.Repeat("x", 199) + "… (1000 missing) (octets of it are not in the capture)\ns2c text 4 next\n"},
		{"to the end of a payload", func(c *synth.Conn) {
			p := masked(frame.Binary, true, long)
			c.Send(0, p[:2000])
			c.Lose(0, len(p)-2000)
			c.Send(0, masked(frame.Text, true, "next"))
		}, "c2s binary 5000 " + strings.Repeat("x", 199) + "… (3008 missing) (octets of it are not in the capture)\nc2s text 4 next\n"},
		{"over a header", func(c *synth.Conn) {
			p := append(bare(frame.Text, true, long), bare(frame.Text, true, "lost")...)
			c.Send(1, p[:3000])
			c.Lose(1, len(p)-3000)
			for _, s := range []string{`{"a":1}`, `[1,2]`, "text"} {
				c.Send(1, bare(frame.Text, true, s))
			}
		}, "s2c text 5000 " + strings.Repeat("x", 199) + "… (2004 missing)\ns2c text 7 {\"a\":1}\ns2c text 5 [1,2]\ns2c text 4 text\n"},
		{"over a header, and too little after it", func(c *synth.Conn) {
			p := append(bare(frame.Text, true, long), bare(frame.Text, true, "lost")...)
			c.Send(1, p[:3000])
			c.Lose(1, len(p)-3000)
			c.Send(1, bare(frame.Text, true, "text"))
			c.Send(0, masked(frame.Text, true, "the other direction goes on"))
		}, "s2c text 5000 " + strings.Repeat("x", 199) + "… (2004 missing)\nc2s text 27 the other direction goes on\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial()
			c.Handshake()
			c.Upgrade("")
			test.send(c)
			got := read(t, c.Bytes(), trace.Options{})
			// The frame that a hole cut short comes when the place is lost.
			lines := strings.SplitAfter(got.says(), "\n")
			want := strings.SplitAfter(test.says, "\n")
			if !sameLines(lines, want) {
				t.Errorf("got\n%swant\n%s%q", got.says(), test.says, got.notes)
			}
			if len(got.notes) == 0 || got.Lost == 0 {
				t.Errorf("nobody was told: %q", got.notes)
			}
		})
	}
}

// sameLines compares without regard to order.
func sameLines(a, b []string) bool {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// A snap length that leaves the headers leaves the frames, too.
func TestSnapLength(t *testing.T) {
	c := dial()
	c.Handshake()
	for _, p := range []string{"GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n", "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"} {
		c.Send(0, []byte(p))
	}
	for _, p := range []string{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n", "Connection: Upgrade\r\n", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"} {
		c.Send(1, []byte(p))
	}
	for i := range 20 {
		c.Send(i%2, [][]byte{masked(frame.Binary, true, strings.Repeat("y", 100*i)), bare(frame.Binary, true, strings.Repeat("y", 100*i))}[i%2])
	}
	c.Snap(14 + 20 + 20 + 60)
	f := read(t, c.Bytes(), trace.Options{})
	if len(f.frames) != 20 || f.Packets.Truncated < 19 {
		t.Fatalf("%d frames, %+v, %q", len(f.frames), f.Packets, f.notes)
	}
	for i, x := range f.frames {
		if x.Length != uint64(100*i) || len(x.Violations) > 0 || (x.Missing > 0) != (i > 0) {
			t.Errorf("%+v", x)
		}
	}
}

// deflated are messages, compressed with context takeover, in frames.
func deflated(key frame.Key, messages ...string) (frames [][]byte) {
	d := conn.NewDeflater(conn.Terms{WindowBits: 15, Takeover: true}, 6)
	var e conn.DeflateEngine
	for _, m := range messages {
		p := d.Message(&e, nil, []byte(m))
		d.Sent([]byte(m))
		frames = append(frames, synth.Frame(frame.Header{Opcode: frame.Text, FIN: true, RSV1: true, Key: key}, string(p)))
	}
	return frames
}

// What refers to a message that is not there is not guessed; what does not is read.
func TestDeflateAfterHole(t *testing.T) {
	const lost = "a sentence that comes again and again, and that was lost on the way"
	frames := deflated(0, "first", lost, lost+"!", "0123456789", "01234567890123456789")
	c := dial()
	c.Handshake()
	c.Upgrade("permessage-deflate")
	c.Send(1, frames[0])
	c.Send(1, frames[1][:2])
	c.Lose(1, len(frames[1])-2)
	for _, p := range frames[2:] {
		c.Send(1, p)
	}
	f := read(t, c.Bytes(), trace.Options{})
	var got []string
	for _, x := range f.frames {
		if len(x.Violations) > 0 {
			t.Errorf("%+v", x)
		}
		got = append(got, x.Message.Unreadable+x.Preview)
	}
	want := []string{"first", "octets of it are not in the capture", "it refers to messages that are not in the capture", "0123456789", "01234567890123456789"}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// chat is a conversation of JSON both ways, each message in a segment of its own, as
// most are.
func chat(c *synth.Conn, r *rand.Rand, n int) {
	for i := range n {
		text := fmt.Sprintf(`{"n":%d,"text":%q}`, i, strings.Repeat("ab", r.IntN(40)))
		if i%2 == 0 {
			c.Send(0, synth.Text(r, text))
		} else {
			c.Send(1, synth.Text(nil, text))
		}
	}
}

// A capture that begins at any byte of a conversation says nothing that is not so:
// what it reads are frames that were sent.
func TestBeginsAnywhere(t *testing.T) {
	synchronised := 0
	for seed := range uint64(90) {
		r := rand.New(rand.NewPCG(seed, 4))
		c := dial()
		c.MSS = 50 + r.IntN(1400)
		c.Handshake()
		c.Upgrade("")
		switch seed % 3 {
		case 0:
			chat(c, r, 40)
		case 1: // a long message of something that looks like frames
			inner := bytes.Repeat(bare(frame.Binary, true, "inner"), 500+r.IntN(500))
			c.Send(1, bare(frame.Binary, true, string(inner)))
			c.Send(0, masked(frame.Binary, true, string(inner)))
			chat(c, r, 1)
		case 2:
			zeros := make([]byte, 20_000)
			c.Send(1, bare(frame.Binary, true, string(zeros)))
			c.Send(0, masked(frame.Binary, true, string(zeros)))
			chat(c, r, 10)
		}
		whole := map[string]bool{}
		for _, x := range read(t, c.Bytes(), trace.Options{}).frames {
			whole[fmt.Sprint(x.Dir, x.Opcode, x.FIN, x.Length, x.SHA256)] = true
		}
		cut := 3 + r.IntN(len(c.Packets)-3)
		c.Packets = c.Packets[cut:]
		f := read(t, c.Bytes(), trace.Options{})
		for _, x := range f.frames {
			if !whole[fmt.Sprint(x.Dir, x.Opcode, x.FIN, x.Length, x.SHA256)] {
				t.Fatalf("seed %d, without the first %d packets: a frame that nobody sent: %+v\n%q", seed, cut, x, f.notes)
			}
		}
		if len(f.frames) > 0 {
			synchronised++
		}
	}
	if synchronised < 30 {
		t.Errorf("only %d are synchronised", synchronised)
	}
}

// Protocols that have a length and its bytes are not WebSocket.
func TestNotFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	random := make([]byte, 50_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for _, test := range []struct {
		name string
		send func(c *synth.Conn)
	}{
		{"MQTT, which writes SUBSCRIBE as 0x82", func(c *synth.Conn) {
			for i := range 50 {
				topic := strings.Repeat("t", 3+i)
				c.Send(0, append([]byte{0x82, byte(5 + len(topic)), 0, byte(i), 0, byte(len(topic))}, topic+"\x00"...))
				c.Send(1, []byte{0x90, 3, 0, byte(i), 0})
			}
		}},
		{"zeros", func(c *synth.Conn) {
			c.Send(0, make([]byte, 50_000))
			c.Send(1, make([]byte, 50_000))
		}},
		{"records of one length", func(c *synth.Conn) {
			for range 200 {
				c.Send(0, append([]byte{0x82, 0xa0}, make([]byte, 4+32)...))
				c.Send(1, append([]byte{0x82, 0x20}, make([]byte, 32)...))
			}
		}},
		{"noise", func(c *synth.Conn) {
			c.Send(0, random)
			c.Send(1, random[1:])
		}},
		{"text", func(c *synth.Conn) {
			for i := range 100 {
				c.Send(i%2, []byte(strings.Repeat("EHLO and so on\r\n", i)))
			}
		}},
	} {
		c := dial()
		test.send(c)
		f := read(t, c.Bytes(), trace.Options{})
		if len(f.frames) > 0 || len(f.convs) != 1 || f.convs[0].Kind != trace.Unsynchronised {
			t.Errorf("%s: %d frames, %q", test.name, len(f.frames), f.notes)
		}
	}
}

// A direction by itself, and one that only the other can prove.
func TestOneDirection(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 5))
	json := func(c *synth.Conn) {
		for i := range 5 {
			c.Send(1, synth.Text(nil, fmt.Sprintf(`{"price":%d}`, 100*i*i)))
		}
	}
	c := dial()
	json(c)
	if f := read(t, c.Bytes(), trace.Options{}); len(f.frames) != 5 || f.convs[0].Client != "10.0.0.1:40000" {
		t.Errorf("JSON of a server: %d frames, %q", len(f.frames), f.notes)
	}
	c = dial()
	json(c)
	c.Send(0, masked(frame.Pong, true, ""))
	c.Send(0, masked(frame.Close, true, "\x03\xe8"))
	if f := read(t, c.Bytes(), trace.Options{}); len(f.frames) != 7 {
		t.Errorf("with a client that says little: %d frames, %q", len(f.frames), f.notes)
	}
	c = dial()
	for i := range 5 {
		c.Send(1, bare(frame.Binary, true, strings.Repeat("\x01", 10*i)))
	}
	if f := read(t, c.Bytes(), trace.Options{}); len(f.frames) != 0 {
		t.Errorf("bytes of a server: %d frames, %q", len(f.frames), f.notes)
	}
	for i := range 6 {
		c.Send(0, synth.Text(r, strings.Repeat("text ", 3+i)))
	}
	if f := read(t, c.Bytes(), trace.Options{}); len(f.frames) != 11 {
		t.Errorf("with a client that says something: %d frames, %q", len(f.frames), f.notes)
	}
}

// The captures that begin in the middle.
func TestSharedMiddle(t *testing.T) {
	for name, want := range map[string]trace.Kind{"big-mid-frame": trace.Unsynchronised, "livekit-mid": trace.WebSocket} {
		file, err := os.ReadFile("testdata/" + name + ".pcapng")
		if err != nil {
			t.Fatal(err)
		}
		f := read(t, file, trace.Options{})
		if f.convs[0].Kind != want || (len(f.frames) > 0) != (want == trace.WebSocket) {
			t.Errorf("%s is %s, %d frames, %q", name, f.convs[0].Kind, len(f.frames), f.notes)
		}
		sync := map[trace.Kind]string{trace.WebSocket: "proven", trace.Unsynchronised: "not synchronised"}[want]
		if c := f.convs[0]; c.C2S.Sync != sync || c.S2C.Sync != sync {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// A capture that begins between the request and the 101, or before a later request.
func TestBeginsInHTTP(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	c := dial()
	c.Upgrade("permessage-deflate")
	for i := range 4 {
		c.Send(0, synth.Text(r, strings.Repeat("from the client ", 1+i)))
	}
	for _, p := range deflated(0, "one", "one and two") {
		c.Send(1, p)
	}
	if f := read(t, c.Bytes(), trace.Options{}); len(f.frames) != 6 || f.convs[0].Request == nil || f.convs[0].C2S.Sync != "handshake" {
		t.Errorf("with the request: %d frames, %q", len(f.frames), f.notes)
	}
	c.Packets = c.Packets[1:]
	f := read(t, c.Bytes(), trace.Options{})
	if len(f.frames) != 6 || f.convs[0].Request != nil || f.convs[0].S2C.Sync != "handshake" || f.convs[0].C2S.Sync != "proven" || !strings.Contains(f.says(), "one and two") {
		t.Errorf("without the request: %d frames, %q, %+v\n%s", len(f.frames), f.notes, f.convs[0], f.says())
	}
}

// Too many connections or bytes at a time: the ones that were silent for longest are
// given up, and that is told.
func TestLimits(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeRaw}
	var conns []*synth.Conn
	for i := range 50 {
		conn := c.Dial(fmt.Sprintf("10.0.0.1:%d", 1000+i), "10.0.0.2:80")
		conn.Handshake()
		conn.Upgrade("")
		conns = append(conns, conn)
	}
	for _, conn := range conns[25:] {
		conn.Send(1, bare(frame.Text, true, "still here"))
	}
	f := read(t, c.Bytes(), trace.Options{Limits: trace.Limits{Connections: 30}})
	if f.GivenUp != 20 || len(f.convs) != 50 || len(f.frames) != 25 {
		t.Errorf("%d given up, %d conversations, %d frames", f.GivenUp, len(f.convs), len(f.frames))
	}
	f = read(t, c.Bytes(), trace.Options{Limits: trace.Limits{Waiting: 100_000}})
	if f.GivenUp == 0 || f.GivenUp == 50 || len(f.convs) < 50 {
		t.Errorf("%d given up, %d conversations", f.GivenUp, len(f.convs))
	}
	want := read(t, c.Bytes(), trace.Options{}).says()
	spilled := read(t, c.Bytes(), trace.Options{Limits: trace.Limits{Records: 100}})
	if spilled.says() != want || spilled.Spilled == 0 {
		t.Errorf("from a file: %d bytes of it, %s", spilled.Spilled, spilled.says())
	}
}

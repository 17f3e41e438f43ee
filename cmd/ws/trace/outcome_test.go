package trace_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/show"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
)

// How a conversation ended is said only as far as the capture shows it.
func TestOutcomes(t *testing.T) {
	hello := masked(frame.Text, true, "hello")
	clientClose, serverClose := masked(frame.Close, true, "\x03\xe8"), bare(frame.Close, true, "\x03\xe8")
	for _, test := range []struct {
		name string
		send func(c *synth.Conn)
		want trace.Outcome
		says string
	}{
		{"clean", func(c *synth.Conn) {
			c.Send(0, clientClose)
			c.Send(1, serverClose)
			c.End(1)
			c.End(0)
		}, trace.Clean, "clean: a Close frame each way"},
		{"no answer", func(c *synth.Conn) {
			c.Send(1, serverClose)
			c.End(1)
			c.End(0)
		}, trace.NotClean, "not clean (1006 to the server): the Close frame of the server is not answered"},
		{"no Close at all", func(c *synth.Conn) {
			c.End(1)
			c.End(0)
		}, trace.NotClean, "not clean (1006 to both)"},
		{"reset", func(c *synth.Conn) { c.Packet(0, "R", nil) }, trace.NotClean, "not clean (1006 to both)"},
		{"half of TCP ends", func(c *synth.Conn) { c.End(1) }, trace.NotClean, "not clean (1006 to the client): the server ends TCP without a Close frame"},
		{"the answer is lost before a FIN", func(c *synth.Conn) {
			c.Send(1, serverClose)
			c.Lose(0, len(clientClose))
			c.End(1)
			c.End(0)
		}, trace.NotKnown, "not known: bytes are missing in the capture, and the client may have sent a Close frame"},
		{"the answer is lost, and was acknowledged", func(c *synth.Conn) {
			c.Send(1, serverClose)
			c.Lose(0, len(clientClose))
			c.End(1)
			c.Packet(1, "RA", nil)
		}, trace.NotKnown, "not known: bytes are missing"},
		{"the answer is lost before a RST", func(c *synth.Conn) {
			c.Send(1, serverClose)
			c.Lose(0, len(clientClose))
			c.Packet(0, "R", nil)
		}, trace.NotKnown, "not known: bytes are missing"},
		{"both are lost", func(c *synth.Conn) {
			c.Lose(1, len(serverClose))
			c.Lose(0, len(clientClose))
			c.End(1)
			c.End(0)
		}, trace.NotKnown, "not known: bytes are missing in the capture, and either side may have sent a Close frame"},
		{"one direction is lost, the other has no Close", func(c *synth.Conn) {
			c.Lose(1, len(serverClose))
			c.End(0)
			c.End(1)
		}, trace.NotClean, "not clean (1006 to the server): the client ends TCP without a Close frame"},
		{"a hole in a payload hides nothing", func(c *synth.Conn) {
			c.Send(0, hello[:8])
			c.Lose(0, len(hello)-8)
			c.Send(1, serverClose)
			c.End(1)
			c.End(0)
		}, trace.NotClean, "is not answered"},
		{"a hole that is passed hides nothing", func(c *synth.Conn) {
			c.Lose(0, 20)
			chat(c, rand.New(rand.NewPCG(1, 2)), 8)
			c.Send(1, serverClose)
			c.End(1)
			c.End(0)
		}, trace.NotClean, "is not answered"},
		{"the capture ends", func(*synth.Conn) {}, trace.Open, "open: the capture ends before the conversation"},
		{"the capture ends before the answer", func(c *synth.Conn) { c.Send(1, serverClose) }, trace.Open, "the Close frame of the server is not answered yet"},
		{"the capture ends before the answer, and after a FIN", func(c *synth.Conn) {
			c.Send(1, serverClose)
			c.End(1)
		}, trace.Open, "is not answered yet"},
		{"too many frames break the rules", func(c *synth.Conn) {
			for range 100 {
				c.Send(0, bare(3, true, "x"))
			}
			c.End(0)
			c.Send(1, serverClose)
			c.End(1)
		}, trace.NotKnown, "not known: too many frames break the rules"},
		{"a Close frame in which the capture ends, but not TCP", func(c *synth.Conn) {
			c.Send(0, clientClose[:6])
			c.Lose(0, len(clientClose)-6+10)
			c.Send(1, serverClose)
			c.End(1)
			c.End(0)
		}, trace.Clean, "clean"},
		{"a Close frame in which TCP ends", func(c *synth.Conn) {
			c.Send(1, serverClose)
			c.Send(0, clientClose[:7])
			c.End(0)
		}, trace.NotClean, "is not answered"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial()
			c.Handshake()
			c.Upgrade("")
			c.Send(0, hello)
			c.Send(1, bare(frame.Text, true, "hello"))
			test.send(c)
			f := read(t, c.Bytes(), trace.Options{})
			v := f.convs[0]
			_, says := show.Closing(v)
			if v.Outcome != test.want || !strings.Contains(says, test.says) {
				t.Errorf("%s: %q\nwant %s: %q\n%+v, %q", v.Outcome, says, test.want, test.says, v, f.notes)
			}
			for name, print := range map[string]func(*bytes.Buffer) error{
				"text": func(b *bytes.Buffer) error { return show.Text(b, "x", f.Trace, show.Style{}) },
				"HTML": func(b *bytes.Buffer) error { return show.HTML(b, "x", f.Trace) },
			} {
				var b bytes.Buffer
				if err := print(&b); err != nil || !strings.Contains(b.String(), says) {
					t.Errorf("%s does not say so: %v", name, err)
				}
			}
			var b bytes.Buffer
			if err := show.JSON(&b, "x", f.Trace); err != nil || !strings.Contains(b.String(), fmt.Sprintf(`"outcome":%q`, test.want)) {
				t.Errorf("JSON does not say so: %v", err)
			}
		})
	}
}

// A snap length takes away what a Close frame says, and not that there was one.
func TestCloseCutShort(t *testing.T) {
	for left, want := range []string{
		"Close (the capture has not all of it)",
		"Close (the capture has not all of it)",
		"Close 1001 (the capture has not all of it)",
		"Close 1001 a (the capture has not all of it)",
		"Close 1001 aw",
	} {
		c := dial()
		c.Handshake()
		c.Upgrade("")
		c.Send(1, bare(frame.Close, true, "\x03\xe9aw"))
		c.End(1)
		p := &c.Packets[5]
		p.Whole = len(p.Data)
		p.Data = p.Data[:14+20+20+2+left]
		v := read(t, c.Bytes(), trace.Options{}).convs[0]
		steps, says := show.Closing(v)
		if len(steps) != 2 || steps[0].What != want || v.Outcome != trace.Open {
			t.Errorf("%d bytes: %+v, %s, want %q", left, steps, says, want)
		}
	}
}

// A conversation of which the beginning is not in the capture may have had its Close frame
// there, unless something came after it.
func TestOutcomeInTheMiddle(t *testing.T) {
	c := dial()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 6 {
		c.Send(0, synth.Text(r, fmt.Sprintf(`{"still":%d}`, i)))
	}
	c.Send(0, masked(frame.Close, true, "\x03\xe8"))
	c.End(1)
	c.End(0)
	if v := read(t, c.Bytes(), trace.Options{}).convs[0]; v.Outcome != trace.NotKnown || v.S2C.Unread == "" || v.C2S.Unread != "" {
		t.Errorf("%s, %+v", v.Outcome, v)
	}
}

// A FIN that acknowledges one which the capture shows later, or not at all, was not the first.
func TestWhoClosedFirst(t *testing.T) {
	for name, change := range map[string]func(c *synth.Conn){
		"shown later": func(c *synth.Conn) {
			n := len(c.Packets)
			c.Packets[n-2], c.Packets[n-1] = c.Packets[n-1], c.Packets[n-2]
		},
		"not shown": func(c *synth.Conn) {
			n := len(c.Packets)
			c.Packets = append(c.Packets[:n-2], c.Packets[n-1])
		},
	} {
		c := loopback(frame.Text, 10) // the server's FIN comes first
		change(c)
		v := read(t, c.Bytes(), trace.Options{}).convs[0]
		steps, _ := show.Closing(v)
		if !strings.Contains(steps[2].Text, "the client closes TCP after the server") || !v.Ends[0].Answers {
			t.Errorf("%s: %+v", name, steps)
		}
	}
	v := read(t, loopback(frame.Text, 10).Bytes(), trace.Options{}).convs[0]
	if steps, _ := show.Closing(v); steps[2].Text != "the server closes TCP first" || v.Ends[0].Answers || !v.Ends[1].Answers {
		t.Errorf("%+v", steps)
	}
}

// An answer that is missing may be among the bytes that are.
func TestUpgradeAnswerLost(t *testing.T) {
	for name, lose := range map[string]func(c *synth.Conn){
		"a hole":       func(c *synth.Conn) { c.Lose(1, 129); c.Send(1, bare(frame.Text, true, "hello")) },
		"at the end":   func(c *synth.Conn) { c.Lose(1, 129); c.End(1) },
		"nothing came": func(*synth.Conn) {},
	} {
		c := dial()
		c.Handshake()
		c.Send(0, []byte("GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"))
		lose(c)
		f := read(t, c.Bytes(), trace.Options{})
		if v := f.convs[0]; v.Kind != trace.Unanswered || len(f.notes) != 1 || !strings.Contains(f.notes[0], "not answered in the capture") {
			t.Errorf("%s: %s, %q", name, v.Kind, f.notes)
		}
	}
}

// A pong that comes after a hole is not known to answer the ping before it.
func TestPongAfterHole(t *testing.T) {
	c := dial()
	c.Handshake()
	c.Upgrade("")
	c.Send(1, bare(frame.Ping, true, ""))
	p := masked(frame.Binary, true, strings.Repeat("x", 1000))
	c.Send(0, p[:500])
	c.Lose(0, len(p)-500)
	c.Send(0, masked(frame.Pong, true, ""))
	if x := read(t, c.Bytes(), trace.Options{}).frames[2]; x.Opcode != "pong" || x.RTT != 0 {
		t.Errorf("%+v", x)
	}
}

// Whatever packets a capture lost, and wherever it begins and ends: nobody is accused of what
// they did not do. The captures are of conversations without a fault that ended clean.
func TestNobodyIsAccused(t *testing.T) {
	keys, err := os.ReadFile("testdata/wss-keylog.txt")
	if err != nil {
		t.Fatal(err)
	}
	captures := map[string]*synth.Capture{"loopback": loopback(frame.Text, 20_000).Capture}
	for _, name := range []string{"livekit-go", "pmd-frag", "sip-ws", "wss-tls", "pipe-reorder"} {
		captures[name] = packetsOf(t, "testdata/"+name+".pcapng")
	}
	for name, whole := range captures {
		t.Run(name, func(t *testing.T) {
			o := trace.Options{KeyLog: keys}
			all := read(t, whole.Bytes(), o).convs[0]
			if all.Outcome != trace.Clean || all.Broken > 0 || len(all.Violations) > 0 {
				t.Fatalf("%+v", all)
			}
			lose := func(what string, packets []synth.Packet) {
				t.Helper()
				for _, v := range read(t, (&synth.Capture{Link: whole.Link, Packets: packets}).Bytes(), o).convs {
					if v.Outcome == trace.NotClean || v.Kind == trace.Refused || v.Broken > 0 || len(v.Violations) > 0 {
						_, says := show.Closing(v)
						t.Errorf("%s: %s, %q, %d broken, %+v", what, v.Kind, says, v.Broken, v.Violations)
					}
					if len(v.Closes) > 0 && v.Closes[0].By != all.Closes[0].By && (v.Closed(all.Closes[0].By) || v.Direction(all.Closes[0].By).Unread == "") && v.Outcome != trace.Open {
						t.Errorf("%s: the %s is said to begin the closing handshake", what, v.Closes[0].By.Sender())
					}
					if len(v.Ends) > 0 && v.Ends[0].By != all.Ends[0].By && !v.Ends[0].Answers {
						t.Errorf("%s: the %s is said to close TCP first", what, v.Ends[0].By.Sender())
					}
				}
			}
			for i := 0; i < len(whole.Packets); i += 1 + len(whole.Packets)/100 {
				lose(fmt.Sprintf("without packet %d", i+1), append(whole.Packets[:i:i], whole.Packets[i+1:]...))
				lose(fmt.Sprintf("from packet %d", i+1), whole.Packets[i:])
				lose(fmt.Sprintf("up to packet %d", i+1), whole.Packets[:i+1])
			}
			for n := 54; n < 600; n += 7 { // from the end of the headers of TCP
				short := synth.Capture{Link: whole.Link, Packets: append([]synth.Packet(nil), whole.Packets...)}
				short.Snap(n)
				lose(fmt.Sprintf("snap length %d", n), short.Packets)
			}
			for seed := range uint64(100) {
				r := rand.New(rand.NewPCG(seed, 6))
				var packets []synth.Packet
				for _, p := range whole.Packets {
					if r.IntN(10) > 1 {
						packets = append(packets, p)
					}
				}
				lose(fmt.Sprintf("seed %d", seed), packets)
			}
		})
	}
}

// TLS that is not decrypted to its end may have a Close frame where it is not.
func TestOutcomeOfTLS(t *testing.T) {
	keys, err := os.ReadFile("testdata/wss-keylog.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := packetsOf(t, "testdata/wss-tls.pcapng")
	whole := read(t, c.Bytes(), trace.Options{KeyLog: keys})
	first := whole.frames[0].Packet
	c.Packets = append(c.Packets[:first-1:first-1], c.Packets[first:]...)
	f := read(t, c.Bytes(), trace.Options{KeyLog: keys})
	v := f.convs[0]
	_, says := show.Closing(v)
	if v.Outcome != trace.NotKnown || says != "not known: bytes are missing in the capture, and the client may have sent a Close frame" {
		t.Errorf("%s: %q, %+v", v.Outcome, says, v)
	}
	if len(f.notes) != 1 || f.notes[0] != "from here on it is not decrypted: bytes are missing in the capture" {
		t.Errorf("%q", f.notes)
	}
}

// A conversation that was given up is not judged as if it had ended.
func TestOutcomeOfGivenUp(t *testing.T) {
	c := &synth.Capture{Link: 1}
	for i := range 3 {
		one := c.Dial(fmt.Sprintf("10.0.0.1:%d", 1000+i), "10.0.0.2:80")
		one.Handshake()
		one.Upgrade("")
		one.Send(1, bare(frame.Close, true, "\x03\xe8"))
	}
	f := read(t, c.Bytes(), trace.Options{Limits: trace.Limits{Connections: 1}})
	for i, v := range f.convs {
		want := "open: the capture ends before the conversation; the Close frame of the server is not answered yet"
		if i < 2 {
			want = "open: it was given up before its end; the Close frame of the server is not answered yet"
		}
		if _, says := show.Closing(v); v.Outcome != trace.Open || v.GivenUp != (i < 2) || says != want {
			t.Errorf("%d: %s, %q", i, v.Outcome, says)
		}
	}
}

// Ports that are used again show that a connection is over, and not how it ended.
func TestOutcomeOfReusedPorts(t *testing.T) {
	c := dial()
	for i := range 2 {
		c.Next = [2]uint32{uint32(1000 * i), uint32(77 * i)}
		c.Handshake()
		c.Upgrade("")
		c.Send(1, bare(frame.Close, true, "\x03\xe8"))
	}
	f := read(t, c.Bytes(), trace.Options{})
	for i, want := range []trace.Outcome{trace.NotKnown, trace.Open} {
		if _, says := show.Closing(f.convs[i]); f.convs[i].Outcome != want || i == 0 && says != "not known: the end of the connection is missing, and the client may have sent a Close frame" {
			t.Errorf("%d: %s, %q", i, f.convs[i].Outcome, says)
		}
	}
}

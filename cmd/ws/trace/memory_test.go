package trace_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/h2"
)

// Of a conversation that is over, however it was, next to nothing stays in memory.
func TestConversationsLeaveMemory(t *testing.T) {
	const conversations, each = 4000, 128 // bytes
	capture := &synth.Capture{Link: layers.LinkTypeEthernet}
	for i := range conversations {
		c := capture.Dial(fmt.Sprintf("10.0.%d.%d:4000", i>>8, i&255), "11.0.0.1:80")
		c.Handshake()
		c.Upgrade("")
		for n := range i % 4 {
			c.Send(1, synth.Text(nil, fmt.Sprintf(`{"n":%d}`, n)))
		}
		c.Send(1, synth.Frame(frame.Header{Opcode: frame.Close, FIN: true}, "\x03\xe8"))
		c.Packet(1, "R", nil)
	}
	file := capture.Bytes()
	capture = nil
	before := held()
	tr, err := trace.Read(t.Context(), bytes.NewReader(file), trace.Options{Limits: trace.Limits{Connections: 16, Records: 32 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	after := held()
	runtime.KeepAlive(file)
	if tr.Number() != conversations || tr.Spilled == 0 {
		t.Fatalf("%d conversations, %d bytes in a file", tr.Number(), tr.Spilled)
	}
	t.Logf("%d bytes for each of %d conversations", (after-before)/conversations, conversations)
	if got := (after - before) / conversations; got > each {
		t.Errorf("%d bytes for each conversation, want at most %d", got, each)
	}
	n := 0
	for k, err := range tr.Kept() {
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.Conversation()
		if err != nil || c.Stream != n || c.S2C.Frames != n%4+1 {
			t.Fatalf("conversation %d: %v, %+v", n, err, c)
		}
		n++
	}
	if n != conversations {
		t.Errorf("%d came back, want %d", n, conversations)
	}
}

func held() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// atEnd calls measure when all of a capture was read, and nothing is closed yet.
type atEnd struct {
	*bytes.Reader
	measure func()
}

func (r *atEnd) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil {
		r.measure()
	}
	return n, err
}

// Connections that are under way, in whatever, hold what the limit says.
func TestConnectionsWeighWhatTheyHold(t *testing.T) {
	const connections, limit = 1500, 4 << 20
	long := strings.Repeat("a long one", 300)
	text := synth.Text(nil, `{"sdp":"`+strings.Repeat("v=0 ", 700)+`"}`)
	for name, open := range map[string]func(c *synth.Conn){
		"between messages": func(c *synth.Conn) {
			c.Upgrade("")
			c.Send(1, text)
			c.Send(0, synth.Text(rand.New(rand.NewPCG(1, 2)), long))
		},
		"in a message": func(c *synth.Conn) { c.Upgrade(""); c.Send(1, text[:2500]) },
		"in a compressed message": func(c *synth.Conn) {
			c.Upgrade("permessage-deflate")
			c.Send(1, synth.Frame(frame.Header{Opcode: frame.Text, RSV1: true}, "\xf2\x48\xcd\xc9\xc9"))
		},
		"in a request": func(c *synth.Conn) { c.Send(0, []byte("GET / HTTP/1.1\r\nHost: h\r\nX: "+long)) },
		"behind large heads": func(c *synth.Conn) {
			c.Send(0, []byte("GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: "+strings.Repeat(long, 4)+"\r\n"+
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: "+strings.Repeat(long, 4)+"\r\n"+
				"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"))
		},
		"after a hole":  func(c *synth.Conn) { c.Upgrade(""); c.Lose(1, 10); c.Send(1, []byte(long)) },
		"in the middle": func(c *synth.Conn) { c.Next[0] += 12; c.Send(0, []byte(long)) },
		"with streams of HTTP/2": func(c *synth.Conn) {
			m := http2On(c)
			m.begin()
			for i := range uint32(4) {
				m.open(2*i+1, "/"+long[:200])
				m.data(0, 2*i+1, masked(frame.Text, false, long))
			}
		},
		"in a search for HTTP/2": func(c *synth.Conn) {
			m := http2On(c)
			m.begin()
			c.Lose(0, 30)
			c.Send(0, []byte(long))
		},
		"with a table of HPACK": func(c *synth.Conn) {
			m := http2On(c)
			m.begin()
			var block strings.Builder
			for i := range 60 {
				fmt.Fprintf(&block, "\x40\x02%c%c\x00", 'a'+i%26, 'a'+i/26)
			}
			for range 10 {
				m.frame(0, h2.TypeHeaders, h2.FlagEndHeaders|h2.FlagEndStream, 1, "\x3f\xe1\xff\x03"+block.String())
				m.frame(1, h2.TypeHeaders, h2.FlagEndHeaders|h2.FlagEndStream, 1, "\x3f\xe1\xff\x03"+block.String())
			}
		},
		"with a lost table of HPACK": func(c *synth.Conn) {
			m := http2On(c)
			m.begin()
			c.Lose(0, 30)
			m.frame(0, h2.TypePing, 0, 0, "12345678")
			m.headers(0, 1, 0, connect("/")...)
		},
		"as TLS": func(c *synth.Conn) { c.Send(0, []byte("\x16\x03\x01\x0c\x00\x01\x00\x0b\xfc\x03\x03"+long)) },
	} {
		t.Run(name, func(t *testing.T) {
			capture := &synth.Capture{Link: layers.LinkTypeEthernet}
			for i := range connections {
				c := capture.Dial(fmt.Sprintf("10.0.%d.%d:4000", i>>8, i&255), "11.0.0.1:80")
				if name != "in the middle" {
					c.Handshake()
				}
				open(c)
			}
			file := capture.Bytes()
			capture = nil
			before := held()
			var after int
			tr, err := trace.Read(t.Context(), &atEnd{bytes.NewReader(file), func() { after = held() }},
				trace.Options{Limits: trace.Limits{Waiting: limit, Records: 32 << 10}})
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			runtime.KeepAlive(file)
			t.Logf("%d bytes are held, with %d of %d connections given up", after-before, tr.GivenUp, connections)
			if got := after - before; got > limit+1<<20 {
				t.Errorf("%d bytes are held, the limit says %d", got, limit)
			}
			if tr.GivenUp == 0 {
				t.Error("the limit was not reached")
			}
		})
	}
}

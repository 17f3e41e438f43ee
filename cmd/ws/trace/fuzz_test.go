package trace_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/show"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
)

// witness is a conversation that nobody touches.
func witness() *synth.Conn {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	w := c.Dial("192.0.2.1:1111", "192.0.2.2:2222")
	w.Handshake()
	w.Upgrade("permessage-deflate")
	for i, p := range deflated(0x01020304, "to be and not", "to be and not to be changed") {
		w.Send(0, p)
		w.Send(1, bare(frame.Text, true, fmt.Sprint("answer ", i)))
	}
	w.Send(1, bare(frame.Close, true, "\x03\xe8"))
	w.End(1)
	return w
}

// packetsOf are the packets of a pcapng file of testdata.
func packetsOf(t testing.TB, name string) *synth.Capture {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewNgReader(file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	c := &synth.Capture{Link: r.LinkType()}
	for {
		data, _, err := r.ReadPacketData()
		if err == io.EOF {
			return c
		} else if err != nil {
			t.Fatal(err)
		}
		c.Packets = append(c.Packets, synth.Packet{Data: data})
	}
}

// bases are the packets of small captures of testdata, of Ethernet.
func bases(f *testing.F) (captures []*synth.Capture) {
	f.Helper()
	names, err := filepath.Glob("testdata/*.pcapng")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || info.Size() > 60_000 {
			continue
		}
		if c := packetsOf(f, name); c.Link == layers.LinkTypeEthernet {
			captures = append(captures, c)
		}
	}
	return append(captures, loopback(frame.Binary, 20_000).Capture, loopback(frame.Text, 70_000).Capture)
}

// mutate does to packets what each four bytes of script say. It returns new ones.
func mutate(packets []synth.Packet, script []byte) []synth.Packet {
	out := append([]synth.Packet(nil), packets...)
	for ; len(script) >= 4 && len(out) > 0; script = script[4:] {
		i := int(script[1]) % len(out)
		p, at, arg := &out[i], int(script[2]), script[3]
		switch script[0] % 8 {
		case 0: // lost
			out = append(out[:i], out[i+1:]...)
		case 1: // twice
			j := min(len(out), i+at%16)
			out = append(out[:j], append([]synth.Packet{*p}, out[j:]...)...)
		case 2: // out of order
			j := (i + at) % len(out)
			out[i], out[j] = out[j], out[i]
		case 3: // changed in its headers
			p.Data = bytes.Clone(p.Data)
			if len(p.Data) > 0 {
				p.Data[at%min(len(p.Data), 66)] ^= arg
			}
		case 4: // changed in its payload
			p.Data = bytes.Clone(p.Data)
			if n := len(p.Data) - 66; n > 0 {
				p.Data[66+(at|int(arg)<<8)%n] ^= arg | 1
			}
		case 5: // cut short by a snap length
			p.Whole = max(p.Whole, len(p.Data))
			p.Data = p.Data[:min(len(p.Data), at)]
		case 6: // its sequence number moved
			p.Data = bytes.Clone(p.Data)
			if len(p.Data) > 42 {
				binary.BigEndian.PutUint32(p.Data[38:], binary.BigEndian.Uint32(p.Data[38:])+uint32(int8(at))*uint32(arg))
			}
		case 7: // the capture begins or ends here
			if at%2 == 0 {
				out = out[i:]
			} else {
				out = out[:i]
			}
		}
	}
	return out
}

// FuzzTrace feeds captures that were tampered with: as a file if base is 0, else as
// packets of a real capture, to which happens what the script says, with those of a
// conversation between them that stays as it is.
//
// Whatever comes: no panic and no memory out of proportion; the frames of a direction
// follow each other and lie within what was captured; every way to print it works; and
// the conversation that nobody touched says what it said.
func FuzzTrace(f *testing.F) {
	captures := bases(f)
	for i := range captures {
		f.Add(byte(i+1), []byte{})
		for op := range byte(8) {
			f.Add(byte(i+1), []byte{op, 5, 60, 7, op, 9, 2, 3, op, 13, 90, 0x80})
		}
	}
	f.Add(byte(0), captures[0].Bytes())
	if ng, err := os.ReadFile("testdata/wss-tls-keys.pcapng"); err == nil {
		f.Add(byte(0), ng)
	}
	quiet := witness()
	want := conversation(f, read(f, quiet.Bytes(), trace.Options{}))
	f.Fuzz(func(t *testing.T, base byte, script []byte) {
		if len(script) > 1<<16 {
			return
		}
		file := script
		if base > 0 {
			file = mixed(mutate(captures[int(base-1)%len(captures)].Packets, script), quiet)
		}
		tr, err := bounded(t, file)
		if err != nil {
			if base > 0 {
				t.Fatal(err)
			}
			return
		}
		defer func() { _ = tr.Close() }()
		check(t, tr, len(script))
		if base > 0 {
			if got := conversation(t, &found{Trace: tr}); got != want {
				t.Errorf("the conversation that nobody touched:\n got %s\nwant %s", got, want)
			}
		}
	})
}

// mixed is a capture of packets with those of the witness between them.
func mixed(packets []synth.Packet, quiet *synth.Conn) []byte {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	for i := range max(len(packets), len(quiet.Packets)) {
		if i < len(packets) && !bytes.Contains(packets[i].Data, []byte{192, 0, 2}) {
			c.Packets = append(c.Packets, packets[i])
		}
		if i < len(quiet.Packets) {
			c.Packets = append(c.Packets, quiet.Packets[i])
		}
	}
	return c.Bytes()
}

// bounded reads a file, with memory in proportion to it.
func bounded(t *testing.T, file []byte) (*trace.Trace, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tr, err := trace.Read(t.Context(), bytes.NewReader(file), trace.Options{Limits: trace.Limits{Connections: 64, Waiting: 1 << 20, Records: 1 << 16}})
	runtime.ReadMemStats(&after)
	if allocated, most := after.TotalAlloc-before.TotalAlloc, uint64(16<<20+2000*len(file)); allocated > most {
		t.Errorf("%d bytes were allocated for a file of %d", allocated, len(file))
	}
	return tr, err
}

// conversation is what a trace says of the witness, without the numbers of packets.
func conversation(t testing.TB, f *found) string {
	t.Helper()
	var b strings.Builder
	for k, err := range f.Kept() {
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.Conversation()
		if err != nil {
			t.Fatal(err)
		}
		if c.Client != "192.0.2.1:1111" {
			continue
		}
		fmt.Fprintln(&b, c.Kind, c.Request.Line, c.Response.Line, c.Agreed.Deflate, c.Outcome, len(c.Closes), len(c.Ends), c.C2S, c.S2C)
		for e, err := range k.Events() {
			if err != nil {
				t.Fatal(err)
			}
			if x := e.Frame; x != nil {
				fmt.Fprintln(&b, x.Dir, x.Index, x.Offset, x.Opcode, x.Length, x.SHA256, x.Preview, x.Violations)
			} else {
				fmt.Fprintln(&b, e.Note.Text)
			}
		}
	}
	return b.String()
}

// check holds a trace against itself, and prints it in one of the ways there are.
func check(t testing.TB, tr *trace.Trace, way int) {
	var delivered, lost int64
	for k, err := range tr.Kept() {
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.Conversation()
		if err != nil {
			t.Fatal(err)
		}
		if (c.Outcome == "") == (c.Kind == trace.WebSocket) || (c.Outcome == trace.Clean) != (len(c.Closes) == 2 && c.Kind == trace.WebSocket) {
			t.Fatalf("%s ends %q with %d Close frames", c.Kind, c.Outcome, len(c.Closes))
		}
		var end [2]int64
		var frames, messages [2]int
		for e, err := range k.Events() {
			if err != nil {
				t.Fatal(err)
			}
			x := e.Frame
			if x == nil {
				continue
			}
			d := x.Dir
			frames[d]++
			if x.Message != nil {
				messages[d]++
			}
			if x.Offset < end[d] || x.Index != frames[d] || x.LastPacket < 1 || x.Packet < 1 {
				t.Fatalf("frame %d of %v begins at %d, the one before ends at %d: %+v", x.Index, d, x.Offset, end[d], x)
			}
			if x.Missing > x.Length || (x.SHA256 == "") != (x.Missing > 0) {
				t.Fatalf("%+v", x)
			}
			header := int64(2)
			if x.Masked {
				header += 4
			}
			end[d] = x.Offset + header + int64(x.Length-x.Missing)
		}
		for _, d := range []trace.Dir{trace.FromClient, trace.FromServer} {
			s := c.Direction(d)
			if c.HTTP2Stream == 0 { // what is of a stream is of its connection as well
				delivered, lost = delivered+s.Delivered, lost+s.Lost
			}
			if s.Frames != frames[d] || s.Messages != messages[d] || end[d] > s.Delivered+s.Lost && c.TLS == nil {
				t.Fatalf("%v: %+v, but %d frames, %d messages up to %d", d, s, frames[d], messages[d], end[d])
			}
		}
	}
	if delivered > tr.Octets || lost > tr.Lost {
		t.Fatalf("%d bytes of conversations and %d lost, of %d and %d", delivered, lost, tr.Octets, tr.Lost)
	}
	var out bytes.Buffer
	ways := []func() error{
		func() error { return show.Text(&out, "x", tr, show.Style{}) },
		func() error { return show.JSON(&out, "x", tr) },
		func() error { return show.HTML(&out, "x", tr) },
		func() error { return show.Frames(&out, tr) },
		func() error { return show.Messages(&out, tr) },
	}
	way %= len(ways)
	if err := ways[way](); err != nil {
		t.Fatal(err)
	}
	if way == 1 && !json.Valid(out.Bytes()) {
		t.Fatalf("JSON: %s", out.Bytes())
	}
	for _, r := range out.String() {
		if r < ' ' && r != '\n' && (r != '\t' || way == 0) {
			t.Fatalf("a control character in what is printed: %q", r)
		}
	}
}

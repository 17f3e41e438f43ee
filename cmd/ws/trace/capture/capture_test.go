package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/hawser-ws/websocket/cmd/ws/trace/capture"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
)

// all reads a capture to its end; payloads are copied.
func all(t *testing.T, file []byte) ([]capture.Segment, *capture.Reader) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var segments []capture.Segment
	for {
		s, err := r.Next()
		if err == io.EOF {
			return segments, r
		} else if err != nil {
			t.Fatal(err)
		}
		c := *s
		c.Payload = bytes.Clone(s.Payload)
		segments = append(segments, c)
	}
}

// The same segments come out of every kind of packet.
func TestLinkTypes(t *testing.T) {
	for _, test := range []struct {
		name string
		link layers.LinkType
		vlan []uint16
	}{
		{"Ethernet", layers.LinkTypeEthernet, nil},
		{"VLAN", layers.LinkTypeEthernet, []uint16{7}},
		{"VLAN in VLAN", layers.LinkTypeEthernet, []uint16{7, 8}},
		{"cooked", layers.LinkTypeLinuxSLL, nil},
		{"cooked v2", layers.LinkTypeLinuxSLL2, nil},
		{"null", layers.LinkTypeNull, nil},
		{"loop", layers.LinkTypeLoop, nil},
		{"raw", layers.LinkTypeRaw, nil},
		{"raw, OpenBSD", 14, nil},
		{"raw, BSD/OS", 12, nil},
		{"IPv4", layers.LinkTypeIPv4, nil},
		{"IPv6", layers.LinkTypeIPv6, nil},
	} {
		for _, ends := range [][2]string{{"10.0.0.1:1", "10.0.0.2:80"}, {"[2001:db8::1]:1", "[2001:db8::2]:80"}} {
			if (test.link == layers.LinkTypeIPv4) == (ends[0][0] == '[') && (test.link == layers.LinkTypeIPv4 || test.link == layers.LinkTypeIPv6) {
				continue
			}
			t.Run(test.name+" "+ends[0], func(t *testing.T) {
				c := &synth.Capture{Link: test.link}
				conn := c.Dial(ends[0], ends[1])
				conn.VLAN = test.vlan
				conn.Handshake()
				conn.Send(0, []byte("hello"))
				conn.End(1)
				got, r := all(t, c.Bytes())
				if len(got) != 5 || r.Damage() != nil || r.Counts() != (capture.Counts{Packets: 5, TCP: 5}) {
					t.Fatalf("%d segments, %+v, %v", len(got), r.Counts(), r.Damage())
				}
				if s := got[0]; !s.SYN || s.ACK || s.Seq != 0xfffffff0 || s.Src.String() != ends[0] || s.Dst.String() != ends[1] || !s.Time.Equal(synth.Start) {
					t.Errorf("SYN: %+v", s)
				}
				if s := got[3]; string(s.Payload) != "hello" || s.Number != 4 || s.Missing != 0 || s.Seq != 0xfffffff1 || s.Ack != 1001 {
					t.Errorf("data: %+v", s)
				}
				if s := got[4]; !s.FIN || s.Src.String() != ends[1] {
					t.Errorf("FIN: %+v", s)
				}
			})
		}
	}
}

// What a snap length cuts off is told; of a header it is not a segment any more.
func TestSnap(t *testing.T) {
	const headers = 14 + 20 + 20
	for snap := range headers + 6 {
		c := &synth.Capture{Link: layers.LinkTypeEthernet}
		c.Dial("10.0.0.1:1", "10.0.0.2:80").Send(0, []byte("hello"))
		c.Snap(snap)
		got, r := all(t, c.Bytes())
		n := r.Counts()
		switch {
		case snap < headers:
			if len(got) != 0 || n.Unreadable+n.Other != 1 {
				t.Errorf("%d: %+v", snap, n)
			}
		case len(got) != 1:
			t.Errorf("%d: %+v", snap, n)
		default:
			if s := got[0]; string(s.Payload) != "hello"[:min(5, snap-headers)] || s.Missing != headers+5-snap && snap <= headers+5 {
				t.Errorf("%d: %q, %d missing", snap, s.Payload, s.Missing)
			}
		}
	}
}

// An Ethernet frame is filled up to its least length; that is no payload.
func TestPadding(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	conn := c.Dial("10.0.0.1:1", "10.0.0.2:80")
	conn.Packet(0, "A", nil)
	conn.Send(0, []byte("x"))
	for i := range c.Packets {
		p := &c.Packets[i]
		p.Data = append(p.Data, make([]byte, 60-len(p.Data))...)
	}
	got, _ := all(t, c.Bytes())
	if len(got) != 2 || len(got[0].Payload) != 0 || string(got[1].Payload) != "x" || got[1].Missing != 0 {
		t.Errorf("%+v", got)
	}
}

// Extension headers of IPv6 are passed over; fragments are counted.
func TestExtensionHeaders(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeRaw}
	conn := c.Dial("[2001:db8::1]:1", "[2001:db8::2]:80")
	conn.Send(0, []byte("hello"))
	plain := c.Packets[0].Data
	with := func(kind byte, extension ...byte) []byte {
		p := bytes.Clone(plain[:40])
		binary.BigEndian.PutUint16(p[4:], binary.BigEndian.Uint16(p[4:])+uint16(len(extension)))
		extension[0], p[6] = p[6], kind
		return append(append(p, extension...), plain[40:]...)
	}
	c.Packets = []synth.Packet{
		{Data: with(60, 0, 0, 1, 4, 0, 0, 0, 0)}, // destination options: padding
		{Data: with(0, 0, 0, 1, 4, 0, 0, 0, 0)},  // hop by hop
		{Data: with(44, 0, 0, 0, 1, 0, 0, 0, 7)}, // a fragment
	}
	got, r := all(t, c.Bytes())
	if len(got) != 2 || r.Counts().Fragments != 1 {
		t.Fatalf("%+v", r.Counts())
	}
	for _, s := range got {
		if string(s.Payload) != "hello" || s.Missing != 0 {
			t.Errorf("%q, %d missing", s.Payload, s.Missing)
		}
	}
}

// What is no TCP is counted.
func TestOther(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeRaw}
	conn := c.Dial("10.0.0.1:1", "10.0.0.2:80")
	conn.Send(0, []byte("hello"))
	udp, fragment := bytes.Clone(c.Packets[0].Data), bytes.Clone(c.Packets[0].Data)
	udp[9] = 17
	fragment[6] |= 0x20
	c.Packets = []synth.Packet{{Data: udp}, {Data: fragment}, {Data: []byte{0x45, 1, 2}}, {Data: nil}}
	got, r := all(t, c.Bytes())
	if n := r.Counts(); len(got) != 0 || n.Other != 1 || n.Fragments != 1 || n.Unreadable != 2 || n.Packets != 4 {
		t.Errorf("%+v", n)
	}
}

// A file that ends in the middle, or is no capture.
func TestDamage(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	conn := c.Dial("10.0.0.1:1", "10.0.0.2:80")
	conn.Handshake()
	file := c.Bytes()
	got, r := all(t, file[:len(file)-3])
	if len(got) != 2 || r.Damage() == nil || !strings.Contains(r.Damage().Error(), "packet 3") {
		t.Errorf("%d segments, %v", len(got), r.Damage())
	}
	for _, bad := range []string{"", "abc", "#!/bin/sh\necho something that is no capture at all", "\x0a\x0d\x0d\x0a", "\x1f\x8bnonsense"} {
		if _, err := capture.NewReader(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a capture", bad)
		}
	}
}

// A file that has more of a packet than its length on the wire is read to its end.
func TestCaptureLengthAboveLength(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	conn := c.Dial("10.0.0.1:1", "10.0.0.2:80")
	for _, p := range []string{"one", "two", "three"} {
		conn.Send(0, []byte(p))
	}
	second := 24 + 16 + len(c.Packets[0].Data)
	for _, length := range []uint32{0, 1, uint32(len(c.Packets[1].Data)) - 1, 1<<32 - 1} {
		file := c.Bytes()
		binary.LittleEndian.PutUint32(file[second+12:], length)
		for name, file := range map[string][]byte{"pcap": file, "gzip": zip(t, file)} {
			got, r := all(t, file)
			if len(got) != 3 || string(got[1].Payload) != "two" || got[1].Missing != 0 || string(got[2].Payload) != "three" || r.Damage() != nil {
				t.Errorf("%s, length %d: %d segments, %v", name, length, len(got), r.Damage())
			}
		}
	}
	file := c.Bytes()
	binary.LittleEndian.PutUint32(file[second+8:], 300<<10) // the file has not so much
	binary.LittleEndian.PutUint32(file[second+12:], 1)
	if got, r := all(t, file); len(got) != 1 || r.Damage() == nil {
		t.Errorf("%d segments, %v", len(got), r.Damage())
	}
}

// pcap, pcapng and either one in gzip are the same.
func TestFormats(t *testing.T) {
	classic, err := os.ReadFile("../testdata/livekit-go.pcap")
	if err != nil {
		t.Fatal(err)
	}
	ng, err := os.ReadFile("../testdata/livekit-go.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := all(t, classic)
	for name, file := range map[string][]byte{"ng": ng, "gz": zip(t, classic), "ng.gz": zip(t, ng)} {
		got, r := all(t, file)
		if len(got) != len(want) || r.Damage() != nil {
			t.Fatalf("%s: %d segments, want %d; %v", name, len(got), len(want), r.Damage())
		}
		for i := range got {
			if got[i].Number != want[i].Number || !got[i].Time.Equal(want[i].Time) || !bytes.Equal(got[i].Payload, want[i].Payload) {
				t.Fatalf("%s: segment %d differs", name, i)
			}
		}
	}
}

func zip(t *testing.T, p []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(p)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The interfaces of a pcapng file may differ; its secrets come out before the packets
// that follow them.
func TestNg(t *testing.T) {
	var file bytes.Buffer
	w, err := pcapgo.NewNgWriter(&file, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.AddInterface(pcapgo.NgInterface{LinkType: layers.LinkTypeRaw, SnapLength: 100})
	if err != nil {
		t.Fatal(err)
	}
	write := func(link layers.LinkType, index int) {
		c := &synth.Capture{Link: link}
		c.Dial("10.0.0.1:1", "10.0.0.2:80").Send(0, []byte("hello"))
		p := c.Packets[0].Data
		info := gopacket.CaptureInfo{Timestamp: synth.Start, CaptureLength: len(p), Length: len(p), InterfaceIndex: index}
		if err := w.WritePacket(info, p); err != nil {
			t.Fatal(err)
		}
	}
	write(layers.LinkTypeEthernet, 0)
	if err := w.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_SSH, []byte("no TLS")); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_TLS, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_TLS, []byte("second\n")); err != nil {
		t.Fatal(err)
	}
	write(layers.LinkTypeRaw, raw)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, r := all(t, file.Bytes())
	if len(got) != 2 || string(got[0].Payload) != "hello" || string(got[1].Payload) != "hello" || r.Damage() != nil {
		t.Errorf("%+v, %v", got, r.Damage())
	}
	if s := string(r.Secrets()); s != "first\nsecond\n\n" {
		t.Errorf("secrets %q", s)
	}
	if r.Secrets() != nil {
		t.Error("secrets twice")
	}
}

// A packet whose time is in no calendar takes that of the packet before it.
func TestTimes(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	conn := c.Dial("10.0.0.1:1", "10.0.0.2:80")
	for range 5 {
		conn.Send(0, []byte("hello"))
	}
	const ten = 10_000 * 366 * 24 * 3600 // thousand years
	got, r := all(t, c.Ng(map[int]uint64{0: ten, 2: ten, 3: 1 << 62, 4: 3600}))
	if len(got) != 5 || r.Counts().Untimed != 3 || r.Damage() != nil || !r.Start().Equal(synth.Start.Add(time.Millisecond)) {
		t.Fatalf("%d segments, %+v, %v, %v", len(got), r.Counts(), r.Start(), r.Damage())
	}
	for i, want := range []time.Time{{}, synth.Start.Add(time.Millisecond), synth.Start.Add(time.Millisecond), synth.Start.Add(time.Millisecond), synth.Start.Add(time.Hour + 4*time.Millisecond)} {
		if !got[i].Time.Equal(want) {
			t.Errorf("packet %d: %v, want %v", i+1, got[i].Time, want)
		}
	}
}

package trace_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/show"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
)

// stun is a STUN message, with a SOFTWARE attribute of an odd length before USERNAME.
func stun(kind uint16, username string) []byte {
	var attributes []byte
	for _, a := range []struct {
		kind  uint16
		value string
	}{{0x8022, "odd"}, {0x0006, username}} {
		attributes = binary.BigEndian.AppendUint16(attributes, a.kind)
		attributes = binary.BigEndian.AppendUint16(attributes, uint16(len(a.value)))
		attributes = append(attributes, a.value...)
		attributes = append(attributes, make([]byte, -len(a.value)&3)...)
	}
	p := binary.BigEndian.AppendUint16(nil, kind)
	p = binary.BigEndian.AppendUint16(p, uint16(len(attributes)))
	p = binary.BigEndian.AppendUint32(p, 0x2112a442)
	return append(append(p, "transaction."...), attributes...)
}

// Two ends agree by two WebSockets on what they call each other, and send media.
func TestMedia(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	before := c.Dial("192.0.2.9:53", "192.0.2.8:53")
	before.Datagram(0, []byte("no STUN, no flow"))
	key := rand.New(rand.NewPCG(1, 1))
	padding := strings.Repeat("a=candidate:none\r\n", 300) // so that a preview would not see it
	for i, fragment := range []string{"calls", "an/swers+"} {
		w := c.Dial(fmt.Sprint("192.0.2.", i, ":1000"), "192.0.2.7:7880")
		w.Handshake()
		w.Upgrade("")
		w.Send(0, synth.Text(key, `{"sdp":"v=0\r\n`+padding+`a=ice-ufrag:`+fragment+`\r\na=ice-pwd:x\r\na=ice-ufrag:`+fragment+`\r\n"}`))
	}
	m := c.Dial("192.0.2.1:5000", "192.0.2.2:6000")
	m.Datagram(0, stun(0x0001, "an/swers+:calls"))
	m.Datagram(0, stun(0x0001, "an/swers+:calls"))
	m.Datagram(1, stun(0x0101, ""))
	m.Datagram(1, stun(0x0001, "calls:an/swers+"))
	m.Datagram(0, []byte{22, 254, 255})
	m.Datagram(0, []byte{0x80, 0x60, 1, 2})
	m.Datagram(1, []byte{0x80, 0xe0, 1, 2})
	m.Datagram(1, []byte{0x81, 201})
	m.Datagram(1, nil)
	c.Dial("192.0.2.1:5000", "192.0.2.2:6001").Datagram(0, []byte{0x80, 0x60, 1, 2})

	tr, err := trace.Read(t.Context(), bytes.NewReader(c.Bytes()), trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var text, page strings.Builder
	if err := show.Text(&text, "x", tr, show.Style{}); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(text.String(), "Media")
	want := `, directly between the ends
 UDP  192.0.2.1:5000 ↔ 192.0.2.2:6000
  #20           0.019000  →  STUN Binding request for an/swers+:calls
                             as in the SDP of #7 of stream 0, #16 of stream 1
  #23           0.022000  ←  STUN Binding request for calls:an/swers+
                             as in the SDP of #7 of stream 0, #16 of stream 1
  → 4 packets, 103 octets, 2 STUN, 1 DTLS, 1 RTP
  ← 5 packets, 86 octets, 2 STUN, 1 RTP, 1 RTCP, 1 other; 8ms in all
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if err := show.HTML(&page, "x", tr); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"192.0.2.1:5000 ↔ 192.0.2.2:6000", "an/swers&#43;:calls, as in the SDP of #7 of stream 0, #16 of stream 1", "4 packets, 103 octets"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// What a peer sends decides neither how much is kept nor how long a name may be.
func TestMediaBounds(t *testing.T) {
	c := &synth.Capture{Link: layers.LinkTypeEthernet}
	for i := range 1500 {
		m := c.Dial(fmt.Sprintf("192.0.%d.%d:5000", i/250, i%250), "192.0.2.255:6000")
		for n := range 6 {
			m.Datagram(0, stun(0x0001, fmt.Sprint("name", n, ":other")))
		}
		m.Datagram(0, stun(0x0001, strings.Repeat("x", 600)+":y"))
		m.Datagram(0, stun(0x0001, "nothing"))
		cut := stun(0x0001, "cut:short")
		m.Datagram(0, cut[:len(cut)-4])
	}
	tr, err := trace.Read(t.Context(), bytes.NewReader(c.Bytes()), trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if len(tr.Media) != 1024 {
		t.Errorf("%d flows", len(tr.Media))
	}
	for _, m := range tr.Media {
		if len(m.Checks) != 4 || m.Checks[3].Username != "name3:other" || m.Sent[0].STUN != 9 {
			t.Fatalf("%+v", m)
		}
	}
}

// Package synth makes packet captures for tests: connections packet by packet, on any link
// type, with the damage that networks and captures can do to them.
package synth

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/hawser-ws/websocket/frame"
)

// Start is the time of the first packet.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Packet is a packet of a capture.
type Packet struct {
	Data  []byte
	Whole int // its length on the wire, if the capture has less of it; 0: len(Data)
}

// Capture is a list of packets. Tests may change it.
type Capture struct {
	Link    layers.LinkType
	Packets []Packet
}

// Bytes returns the capture as a pcap file, with one millisecond between packets.
func (c *Capture) Bytes() []byte {
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(1<<18, c.Link); err != nil {
		panic(err)
	}
	for i, p := range c.Packets {
		info := gopacket.CaptureInfo{
			Timestamp: Start.Add(time.Duration(i) * time.Millisecond), CaptureLength: len(p.Data), Length: max(len(p.Data), p.Whole),
		}
		if err := w.WritePacket(info, p.Data); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// Ng returns the capture as a pcapng file. offsets maps packets to an interface whose clock is
// that many seconds ahead.
func (c *Capture) Ng(offsets map[int]uint64) []byte {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, c.Link)
	if err != nil {
		panic(err)
	}
	for i, p := range c.Packets {
		info := gopacket.CaptureInfo{
			Timestamp: Start.Add(time.Duration(i) * time.Millisecond), CaptureLength: len(p.Data), Length: max(len(p.Data), p.Whole),
		}
		if offset, ok := offsets[i]; ok {
			if info.InterfaceIndex, err = w.AddInterface(pcapgo.NgInterface{LinkType: c.Link, TimestampOffset: offset}); err != nil {
				panic(err)
			}
		}
		if err := w.WritePacket(info, p.Data); err != nil {
			panic(err)
		}
	}
	if err := w.Flush(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Snap cuts every packet to n bytes, as a snap length does.
func (c *Capture) Snap(n int) {
	for i := range c.Packets {
		if p := &c.Packets[i]; len(p.Data) > n {
			p.Whole = len(p.Data)
			p.Data = p.Data[:n]
		}
	}
}

// Conn is a TCP connection in a capture. Direction 0 is the client's.
type Conn struct {
	*Capture
	Ends [2]netip.AddrPort
	Next [2]uint32 // sequence numbers
	MSS  int
	VLAN []uint16
}

// Dial returns a connection that has no packets in the capture yet.
func (c *Capture) Dial(client, server string) *Conn {
	return &Conn{
		Capture: c, Ends: [2]netip.AddrPort{netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)},
		Next: [2]uint32{0xfffffff0, 1000}, MSS: 1448,
	}
}

// Handshake adds SYN, SYN ACK and ACK.
func (c *Conn) Handshake() {
	c.Packet(0, "S", nil)
	c.Next[0]++
	c.Packet(1, "SA", nil)
	c.Next[1]++
	c.Packet(0, "A", nil)
}

// Send sends bytes in segments.
func (c *Conn) Send(dir int, p []byte) {
	for len(p) > 0 {
		n := min(len(p), c.MSS)
		c.Packet(dir, "A", p[:n])
		c.Next[dir] += uint32(n)
		p = p[n:]
	}
}

// Lose sends n bytes that are missing from the capture.
func (c *Conn) Lose(dir, n int) { c.Next[dir] += uint32(n) }

// End adds a FIN.
func (c *Conn) End(dir int) {
	c.Packet(dir, "FA", nil)
	c.Next[dir]++
}

// Upgrade adds an opening handshake; extensions is what was agreed, or "".
func (c *Conn) Upgrade(extensions string) {
	if extensions != "" {
		extensions = "Sec-WebSocket-Extensions: " + extensions + "\r\n"
	}
	c.Send(0, []byte("GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"+extensions+"\r\n"))
	c.Send(1, []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"+extensions+"\r\n"))
}

// Packet adds a packet at the next sequence number. flags are letters of "SAFR".
func (c *Conn) Packet(dir int, flags string, payload []byte) {
	c.packet(dir, layers.IPProtocolTCP, &layers.TCP{
		SrcPort: layers.TCPPort(c.Ends[dir].Port()), DstPort: layers.TCPPort(c.Ends[1-dir].Port()), Seq: c.Next[dir], Ack: c.Next[1-dir],
		SYN: strings.Contains(flags, "S"), ACK: strings.Contains(flags, "A"),
		FIN: strings.Contains(flags, "F"), RST: strings.Contains(flags, "R"), Window: 1000,
	}, payload)
}

// Datagram adds a UDP datagram between the same ends.
func (c *Conn) Datagram(dir int, payload []byte) {
	c.packet(dir, layers.IPProtocolUDP, &layers.UDP{
		SrcPort: layers.UDPPort(c.Ends[dir].Port()), DstPort: layers.UDPPort(c.Ends[1-dir].Port()),
	}, payload)
}

// transport is a header on top of IP.
type transport interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

func (c *Conn) packet(dir int, protocol layers.IPProtocol, header transport, payload []byte) {
	src, dst := c.Ends[dir], c.Ends[1-dir]
	var stack []gopacket.SerializableLayer
	var ip gopacket.SerializableLayer
	ether, family := layers.EthernetTypeIPv4, layers.ProtocolFamilyIPv4
	if src.Addr().Is4() {
		ip4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
		_ = header.SetNetworkLayerForChecksum(ip4)
		ip = ip4
	} else {
		ether, family = layers.EthernetTypeIPv6, layers.ProtocolFamilyIPv6Linux
		ip6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
		_ = header.SetNetworkLayerForChecksum(ip6)
		ip = ip6
	}
	switch c.Link {
	case layers.LinkTypeEthernet:
		first := ether
		if len(c.VLAN) > 0 {
			first = layers.EthernetTypeDot1Q
		}
		stack = append(stack, &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: first})
		for i, id := range c.VLAN {
			next := ether
			if i+1 < len(c.VLAN) {
				next = layers.EthernetTypeDot1Q
			}
			stack = append(stack, &layers.Dot1Q{VLANIdentifier: id, Type: next})
		}
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		stack = append(stack, &layers.Loopback{Family: family})
	case layers.LinkTypeLinuxSLL:
		stack = append(stack, gopacket.Payload(cooked(uint16(ether))))
	case layers.LinkTypeLinuxSLL2:
		stack = append(stack, gopacket.Payload(cooked2(uint16(ether))))
	}
	stack = append(stack, ip, header, gopacket.Payload(payload))
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		panic(err)
	}
	c.Packets = append(c.Packets, Packet{Data: bytes.Clone(b.Bytes())})
}

// cooked returns the header of a Linux cooked capture: packet type, ARPHRD, address length,
// address, protocol.
func cooked(protocol uint16) []byte {
	p := make([]byte, 16)
	p[3], p[5] = 1, 6
	binary.BigEndian.PutUint16(p[14:], protocol)
	return p
}

// cooked2 returns the header of version 2: protocol, reserved, interface, ARPHRD, packet type,
// address length, address.
func cooked2(protocol uint16) []byte {
	p := make([]byte, 20)
	binary.BigEndian.PutUint16(p, protocol)
	p[7], p[9], p[11] = 1, 1, 6
	return p
}

// Frame returns the bytes of a frame. A key other than 0 masks it.
func Frame(h frame.Header, payload string) []byte {
	h.Length = uint64(len(payload))
	h.Masked = h.Key != 0
	p := frame.AppendHeader(nil, h)
	p = append(p, payload...)
	if h.Masked {
		frame.Mask(p[len(p)-len(payload):], h.Key)
	}
	return p
}

// Text returns a text message in one frame. It is masked if r is not nil; r draws the key.
func Text(r interface{ Uint32() uint32 }, payload string) []byte {
	h := frame.Header{Opcode: frame.Text, FIN: true}
	if r != nil {
		h.Key = frame.Key(r.Uint32() | 1)
	}
	return Frame(h, payload)
}

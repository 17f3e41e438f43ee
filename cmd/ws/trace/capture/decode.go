package capture

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// kind is what a packet turned out to be.
type kind uint8

const (
	isOther kind = iota
	isTCP
	isUDP
	isFragment
	isUnreadable
)

// Link types for raw IP that gopacket does not name: those of OpenBSD, and of files written by
// BSD/OS.
const (
	linkRawOpenBSD layers.LinkType = 14
	linkRawBSDOS   layers.LinkType = 12
)

// decoder finds the TCP segment or UDP datagram in a packet without allocating.
type decoder struct {
	ethernet layers.Ethernet
	vlan     layers.Dot1Q // the innermost tag, if there are several
	cooked   layers.LinuxSLL
	cooked2  layers.LinuxSLL2
	loopback layers.Loopback
	ip4      layers.IPv4
	ip6      layers.IPv6
	skip     layers.IPv6ExtensionSkipper
	tcp      layers.TCP
	udp      layers.UDP
	payload  gopacket.Payload

	parsers map[gopacket.LayerType]*gopacket.DecodingLayerParser
	found   []gopacket.LayerType
}

func (d *decoder) init() { d.parsers = make(map[gopacket.LayerType]*gopacket.DecodingLayerParser) }

func (d *decoder) parser(first gopacket.LayerType) *gopacket.DecodingLayerParser {
	p := d.parsers[first]
	if p == nil {
		p = gopacket.NewDecodingLayerParser(first, &d.ethernet, &d.vlan, &d.cooked, &d.cooked2, &d.loopback,
			&d.ip4, &d.ip6, &d.skip, &d.tcp, &d.udp, &d.payload)
		p.IgnoreUnsupported = true
		d.parsers[first] = p
	}
	return p
}

// firstLayer returns what a packet of this link type begins with.
func firstLayer(link layers.LinkType, data []byte) (gopacket.LayerType, bool) {
	switch link {
	case layers.LinkTypeEthernet:
		return layers.LayerTypeEthernet, true
	case layers.LinkTypeLinuxSLL:
		return layers.LayerTypeLinuxSLL, true
	case layers.LinkTypeLinuxSLL2:
		return layers.LayerTypeLinuxSLL2, true
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		return layers.LayerTypeLoopback, true
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, linkRawOpenBSD, linkRawBSDOS:
		if len(data) > 0 && data[0]>>4 == 6 {
			return layers.LayerTypeIPv6, true
		}
		return layers.LayerTypeIPv4, true
	}
	return 0, false
}

// decode fills s or g from a packet.
func (d *decoder) decode(data []byte, link layers.LinkType, s *Segment, g *Datagram) kind {
	first, ok := firstLayer(link, data)
	if !ok {
		return isOther
	}
	d.found = d.found[:0]
	err := d.parser(first).DecodeLayers(data, &d.found) // it recovers from panics

	var network gopacket.LayerType
	tcp, udp := false, false
	for _, layer := range d.found {
		switch layer {
		case layers.LayerTypeIPv4, layers.LayerTypeIPv6:
			network = layer
		case layers.LayerTypeIPv6Fragment:
			return isFragment
		case layers.LayerTypeTCP:
			tcp = true
		case layers.LayerTypeUDP:
			udp = true
		}
	}
	var src, dst []byte
	declared, there := 0, 0 // bytes after the IP header
	switch network {
	case layers.LayerTypeIPv4:
		if d.ip4.FragOffset != 0 || d.ip4.Flags&layers.IPv4MoreFragments != 0 {
			return isFragment
		}
		src, dst = d.ip4.SrcIP, d.ip4.DstIP
		declared, there = int(d.ip4.Length)-int(d.ip4.IHL)*4, len(d.ip4.Payload)
	case layers.LayerTypeIPv6:
		src, dst = d.ip6.SrcIP, d.ip6.DstIP
		declared, there = int(d.ip6.Length), len(d.ip6.Payload)
		if d.ip6.HopByHop != nil {
			there += len(d.ip6.HopByHop.Contents)
		}
	}
	switch {
	case !tcp && !udp && (err != nil || len(d.found) == 0):
		return isUnreadable
	case !tcp && !udp:
		return isOther
	}
	from, ok1 := netip.AddrFromSlice(src)
	to, ok2 := netip.AddrFromSlice(dst)
	if !ok1 || !ok2 {
		return isUnreadable
	}
	if udp {
		u := &d.udp
		g.Src = netip.AddrPortFrom(from.Unmap(), uint16(u.SrcPort))
		g.Dst = netip.AddrPortFrom(to.Unmap(), uint16(u.DstPort))
		g.Payload, g.Length = u.Payload, max(len(u.Payload), int(u.Length)-8)
		return isUDP
	}
	t := &d.tcp
	s.Src = netip.AddrPortFrom(from.Unmap(), uint16(t.SrcPort))
	s.Dst = netip.AddrPortFrom(to.Unmap(), uint16(t.DstPort))
	s.Seq, s.Ack = t.Seq, t.Ack
	s.SYN, s.ACK, s.FIN, s.RST = t.SYN, t.ACK, t.FIN, t.RST
	s.Payload = t.Payload
	s.Missing = max(0, declared-there)
	return isTCP
}

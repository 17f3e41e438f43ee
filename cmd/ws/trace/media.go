package trace

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/cmd/ws/trace/capture"
)

// Media is traffic between two ends beside the signalling: a UDP flow that ICE has opened (RFC
// 8445), with DTLS, RTP and RTCP in it.
type Media struct {
	A     string        `json:"a"` // the end that sent first
	B     string        `json:"b"`
	First Mark          `json:"first"`
	Last  Mark          `json:"last"`
	Sent  [2]MediaCount `json:"sent"` // by A, by B
	// Checks are the first connectivity checks under each name, at most four.
	Checks []Check `json:"checks,omitempty"`

	flow flow
	side int // of A in flow
}

// MediaCount is what one end sent.
type MediaCount struct {
	Packets int   `json:"packets"`
	Octets  int64 `json:"octets"` // of UDP payload
	STUN    int   `json:"stun"`
	DTLS    int   `json:"dtls"`
	RTP     int   `json:"rtp"`
	RTCP    int   `json:"rtcp"`
	Other   int   `json:"other"`
}

// Check is a STUN Binding request, with which an end tests a path (RFC 8445 §7.2.2).
type Check struct {
	Mark
	FromA    bool   `json:"fromA"`
	Username string `json:"username"` // fragment of the recipient, a colon, fragment of the sender
	// Announced lists the messages in which these fragments were seen.
	Announced []Announced `json:"announced,omitempty"`
}

// Announced is a message with an SDP.
type Announced struct {
	Stream      int    `json:"stream"`
	HTTP2Stream uint32 `json:"http2Stream,omitempty"` // see Conversation
	Mark
}

// Name identifies the conversation, see [Conversation.Name].
func (a *Announced) Name() string { return streamName(a.Stream, a.HTTP2Stream) }

// Limits on what is kept about media, whatever the capture contains.
const (
	maxMedia     = 1024 // flows; any others are not reported
	maxChecks    = 4
	maxFragments = 8192 // username fragments
	maxTimes     = 4    // messages with the same fragment
)

// mediaFlows collects the media flows of a capture and the messages that announced them.
type mediaFlows struct {
	flows     map[flow]*Media
	announced map[string][]Announced // by username fragment
}

// announce records the username fragments in a message.
func (m *mediaFlows) announce(fragments []string, in Announced) {
	for _, f := range fragments {
		known, ok := m.announced[f]
		if !ok && len(m.announced) >= maxFragments || len(known) >= maxTimes {
			continue
		}
		if m.announced == nil {
			m.announced = make(map[string][]Announced)
		}
		m.announced[f] = append(known, in)
	}
}

// datagram processes a datagram. A flow begins with STUN; earlier datagrams, and other flows,
// are not media.
func (m *mediaFlows) datagram(d *capture.Datagram) {
	f, side := flowOf(d.Src, d.Dst)
	media := m.flows[f]
	stun := isSTUN(d.Payload)
	if media == nil {
		if !stun || len(m.flows) >= maxMedia {
			return
		}
		if m.flows == nil {
			m.flows = make(map[flow]*Media)
		}
		media = &Media{flow: f, side: side, First: Mark{d.Number, d.Time}}
		m.flows[f] = media
	}
	media.Last = Mark{d.Number, d.Time}
	sender := side ^ media.side
	media.Sent[sender].add(d, stun)
	if name := checkName(d.Payload); stun && name != "" {
		media.check(Check{Mark: media.Last, FromA: sender == 0, Username: name})
	}
}

func (m *Media) check(c Check) {
	known := slices.ContainsFunc(m.Checks, func(k Check) bool { return k.Username == c.Username })
	if !known && len(m.Checks) < maxChecks {
		m.Checks = append(m.Checks, c)
	}
}

// add counts a datagram by its first bytes: RFC 7983 §7, and RFC 5761 §4 for RTCP.
func (n *MediaCount) add(d *capture.Datagram, stun bool) {
	n.Packets++
	n.Octets += int64(d.Length)
	p := d.Payload
	switch {
	case stun:
		n.STUN++
	case len(p) > 0 && p[0] >= 20 && p[0] <= 63:
		n.DTLS++
	case len(p) > 1 && p[0]>>6 == 2 && p[1] >= 192 && p[1] <= 223:
		n.RTCP++
	case len(p) > 1 && p[0]>>6 == 2:
		n.RTP++
	default:
		n.Other++
	}
}

// all returns the flows in the order of their first packets, with the messages that announced
// them.
func (m *mediaFlows) all() (list []Media) {
	for _, media := range m.flows {
		ends := [2]netip.AddrPort{media.flow.a, media.flow.b}
		media.A, media.B = ends[media.side].String(), ends[1-media.side].String()
		for i := range media.Checks {
			c := &media.Checks[i]
			for name := range strings.SplitSeq(c.Username, ":") {
				c.Announced = append(c.Announced, m.announced[name]...)
			}
			slices.SortFunc(c.Announced, func(a, b Announced) int { return cmp.Compare(a.Packet, b.Packet) })
			c.Announced = slices.Compact(c.Announced)
		}
		list = append(list, *media)
	}
	slices.SortFunc(list, func(a, b Media) int { return cmp.Compare(a.First.Packet, b.First.Packet) })
	return list
}

// The header by RFC 8489 §5: two bits that are zero, and the magic cookie.
const (
	stunHeader     = 20
	stunCookie     = 0x2112a442
	bindingRequest = 0x0001
	stunUsername   = 0x0006
)

func isSTUN(p []byte) bool {
	return len(p) >= stunHeader && p[0] < 4 && binary.BigEndian.Uint32(p[4:]) == stunCookie && p[3]&3 == 0
}

// checkName returns the USERNAME of a Binding request, or "" if p is anything else.
func checkName(p []byte) string {
	if !isSTUN(p) || binary.BigEndian.Uint16(p) != bindingRequest {
		return ""
	}
	p = p[stunHeader:]
	for len(p) >= 4 {
		kind, n := binary.BigEndian.Uint16(p), int(binary.BigEndian.Uint16(p[2:]))
		p = p[4:]
		if n > len(p) {
			return ""
		}
		if kind == stunUsername {
			// RFC 8445 §7.2.2, RFC 8839 §5.4: two fragments of at most 256 characters.
			if n > 513 || bytes.IndexByte(p[:n], ':') < 0 {
				return ""
			}
			return string(p[:n])
		}
		p = p[min(len(p), (n+3)&^3):] // RFC 8489 §14: padded to four
	}
	return ""
}

package capture

import (
	"net/netip"
	"time"
)

// Segment is one TCP segment and the packet that it came in.
type Segment struct {
	Number int // of the packet in the file, from 1
	Time   time.Time

	Src, Dst           netip.AddrPort
	Seq, Ack           uint32
	SYN, ACK, FIN, RST bool

	// Payload is valid until the next call of [Reader.Next].
	Payload []byte
	// Missing is how many bytes of payload follow that are not in the file.
	Missing int
}

// Datagram is one UDP datagram and the packet that it came in.
type Datagram struct {
	Number int // of the packet in the file, from 1
	Time   time.Time

	Src, Dst netip.AddrPort
	// Payload is valid during the call; a snap length may have cut it short.
	Payload []byte
	Length  int // of the payload on the wire, in bytes
}

// Counts are what was in a file.
type Counts struct {
	Packets    int `json:"packets"`
	TCP        int `json:"tcp"`        // with a segment that could be read
	Other      int `json:"other"`      // UDP, ARP and so on; see [Reader.Datagrams]
	Fragments  int `json:"fragments"`  // of IP; they are not put together
	Unreadable int `json:"unreadable"` // cut short before the payload, or malformed
	Truncated  int `json:"truncated"`  // segments of which the capture has not all the payload
	Untimed    int `json:"untimed"`    // without a time, or with one outside of the years 1 to 9999
}

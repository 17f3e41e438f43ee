package capture

import (
	"net/netip"
	"time"
)

// Segment is one TCP segment and the packet that contained it.
type Segment struct {
	Number int // of the packet in the file, from 1
	Time   time.Time

	Src, Dst           netip.AddrPort
	Seq, Ack           uint32
	SYN, ACK, FIN, RST bool

	// Payload is valid until the next call of [Reader.Next].
	Payload []byte
	// Missing is how many bytes after Payload are not in the file.
	Missing int
}

// Datagram is one UDP datagram and the packet that contained it.
type Datagram struct {
	Number int // of the packet in the file, from 1
	Time   time.Time

	Src, Dst netip.AddrPort
	// Payload is valid during the call. A snap length may have cut it short.
	Payload []byte
	Length  int // of the payload on the wire, in bytes
}

// Counts are the packets of a file by kind.
type Counts struct {
	Packets    int `json:"packets"`
	TCP        int `json:"tcp"`        // with a readable segment
	Other      int `json:"other"`      // UDP, ARP and so on; see [Reader.Datagrams]
	Fragments  int `json:"fragments"`  // IP fragments; they are not reassembled
	Unreadable int `json:"unreadable"` // cut short before the payload, or malformed
	Truncated  int `json:"truncated"`  // segments whose payload is incomplete in the capture
	Untimed    int `json:"untimed"`    // without a time, or with one outside the years 1 to 9999
}

package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Reader reads a capture packet by packet.
type Reader struct {
	// Format is "pcap" or "pcapng".
	Format string
	// Datagrams is called for every UDP datagram, in order with the segments. If nil, datagrams
	// are ignored.
	Datagrams func(*Datagram)

	counts   Counts
	next     func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error)
	decoder  decoder
	secrets  *secretsTap
	segment  Segment
	datagram Datagram
	damage   error
	first    time.Time
	last     time.Time // of the previous packet
}

// sectionHeader is the block type that begins a pcapng file. It reads the same in either byte
// order.
const sectionHeader = 0x0a0d0d0a

// NewReader reads the header of a capture.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		in = bufio.NewReaderSize(z, 1<<16)
	}
	magic, err := in.Peek(4)
	if err == io.EOF {
		return nil, errors.New("too short for a packet capture")
	} else if err != nil {
		return nil, err
	}
	c := &Reader{}
	c.decoder.init()
	if binary.BigEndian.Uint32(magic) == sectionHeader {
		return c, c.openNg(in)
	}
	return c, c.openClassic(in)
}

func (c *Reader) openClassic(in *bufio.Reader) error {
	c.Format = "pcap"
	r, err := pcapgo.NewReader(in)
	if err != nil {
		return fmt.Errorf("not a packet capture: %w", err)
	}
	link := r.LinkType()
	c.next = func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
		data, info, err := r.ZeroCopyReadPacketData()
		if err != nil && info.CaptureLength > info.Length && info.CaptureLength <= maxPacket {
			data, err = readPacket(in, &info)
		}
		return data, info, link, err
	}
	return nil
}

// maxPacket is the longest packet that is read, in bytes: tcpdump's limit.
const maxPacket = 256 << 10

// readPacket reads a packet that pcapgo refuses because its captured length exceeds its length
// on the wire. Some programs write a wrong length, or none. pcapgo has read everything before
// the data of this packet.
func readPacket(in *bufio.Reader, info *gopacket.CaptureInfo) ([]byte, error) {
	info.Length = info.CaptureLength
	data := make([]byte, info.CaptureLength)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return data, nil
}

func (c *Reader) openNg(in io.Reader) error {
	c.Format = "pcapng"
	c.secrets = &secretsTap{r: in}
	r, err := pcapgo.NewNgReader(c.secrets, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	if err != nil {
		return fmt.Errorf("not a packet capture: %w", err)
	}
	c.next = func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
		data, info, err := r.ZeroCopyReadPacketData()
		link := layers.LinkType(0)
		if err == nil {
			link, _ = info.AncillaryData[0].(layers.LinkType)
		}
		return data, info, link, err
	}
	return nil
}

// Next returns the next TCP segment. It is valid until the next call. At the end the error is
// io.EOF, even for a damaged file: see [Reader.Damage].
func (c *Reader) Next() (*Segment, error) {
	for c.damage == nil {
		data, info, link, err := c.read()
		if err == io.EOF {
			break
		} else if err != nil {
			c.damage = fmt.Errorf("packet %d cannot be read: %w", c.counts.Packets+1, err)
			break
		}
		c.counts.Packets++
		s := &c.segment
		*s = Segment{Number: c.counts.Packets, Time: c.timeOf(info.Timestamp)}
		g := &c.datagram
		*g = Datagram{Number: s.Number, Time: s.Time}
		switch c.decoder.decode(data, link, s, g) {
		case isTCP:
			c.counts.TCP++
			if s.Missing > 0 {
				c.counts.Truncated++
			}
			return s, nil
		case isUDP:
			c.counts.Other++
			if c.Datagrams != nil {
				c.Datagrams(g)
			}
		case isFragment:
			c.counts.Fragments++
		case isUnreadable:
			c.counts.Unreadable++
		default:
			c.counts.Other++
		}
	}
	return nil, io.EOF
}

// read reads the next packet. It turns a panic of the parser into an error.
func (c *Reader) read() (data []byte, info gopacket.CaptureInfo, link layers.LinkType, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed: %v", p)
		}
	}()
	return c.next()
}

// timeOf returns the time of a packet. A Simple Packet Block of pcapng has none, and a damaged
// file can contain any value. Such a packet gets the time of the previous one, or the zero time
// if there is none.
func (c *Reader) timeOf(t time.Time) time.Time {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 { // JSON can represent no other years (RFC 3339)
		c.counts.Untimed++
		return c.last
	}
	if c.first.IsZero() {
		c.first = t
	}
	c.last = t
	return t
}

// Counts returns what has been read so far.
func (c *Reader) Counts() Counts { return c.counts }

// Start returns the time of the first packet that has one.
func (c *Reader) Start() time.Time { return c.first }

// Damage returns why the file could not be read to its end, or nil.
func (c *Reader) Damage() error { return c.damage }

// Secrets returns the TLS secrets read since the last call, in the format of a key log.
func (c *Reader) Secrets() []byte {
	if c.secrets == nil {
		return nil
	}
	found := c.secrets.found
	c.secrets.found = nil
	return found
}

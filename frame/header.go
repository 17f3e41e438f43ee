package frame

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

const (
	// MaxHeaderSize is the size of the longest header: two bytes, eight of
	// extended length, four of masking key.
	MaxHeaderSize = 14
	// MaxControlPayload is the longest payload of a control frame (§5.5).
	MaxControlPayload = 125
)

// The first byte, and the second (§5.2).
const (
	bitFIN  = 0x80
	bitRSV1 = 0x40
	bitRSV2 = 0x20
	bitRSV3 = 0x10
	opcodes = 0x0F

	bitMask = 0x80
	lengths = 0x7F

	length16 = 126 // the next two bytes are the length
	length64 = 127 // the next eight bytes are the length
	keySize  = 4
)

// Header is everything in a frame that is not payload data (RFC 6455 §5.2).
// The zero Header is an empty, unmasked continuation that does not end its message.
type Header struct {
	// Length of the payload data as declared. It may have the most significant bit
	// set; [Check] refuses that. Zero: no payload.
	Length uint64
	// Key is the masking key, meaningful when Masked is set.
	Key Key
	// Opcode is the frame type. Zero: [Continuation].
	Opcode Opcode
	// FIN says that this is the final fragment of a message. Zero: more follow.
	FIN bool
	// RSV1 marks a compressed message once permessage-deflate is negotiated
	// (RFC 7692 §6). Zero: not compressed.
	RSV1 bool
	// RSV2 and RSV3 belong to no extension that we know. Zero: as they must be.
	RSV2, RSV3 bool
	// Masked says that a masking key is present. Zero: from a server.
	Masked bool
	// Extended is how many bytes of extended length were on the wire: 0, 2 or
	// 8. [ParseHeader] sets it; [AppendHeader] ignores it.
	Extended uint8
}

// ParseHeader reads the header at the start of p and returns its length n. When n
// is 0 the header is incomplete: it needs more bytes. ParseHeader judges nothing:
// see [Check].
func ParseHeader(p []byte) (h Header, n int) {
	if len(p) < 2 {
		return Header{}, 0
	}
	b0, b1 := p[0], p[1]
	h.FIN = b0&bitFIN != 0
	h.RSV1 = b0&bitRSV1 != 0
	h.RSV2 = b0&bitRSV2 != 0
	h.RSV3 = b0&bitRSV3 != 0
	h.Opcode = Opcode(b0 & opcodes)
	h.Masked = b1&bitMask != 0

	n = 2
	switch length := b1 & lengths; length {
	default:
		h.Length = uint64(length)
	case length16:
		if len(p) < 4 {
			return Header{}, 0
		}
		h.Length, h.Extended, n = uint64(binary.BigEndian.Uint16(p[2:])), 2, 4
	case length64:
		if len(p) < 10 {
			return Header{}, 0
		}
		h.Length, h.Extended, n = binary.BigEndian.Uint64(p[2:]), 8, 10
	}
	if h.Masked {
		if len(p) < n+keySize {
			return Header{}, 0
		}
		h.Key = Key(binary.LittleEndian.Uint32(p[n:]))
		n += keySize
	}
	return h, n
}

// AppendHeader appends h to dst with the minimal length encoding. It writes
// every bit as it is in h, and judges nothing.
func AppendHeader(dst []byte, h Header) []byte {
	b0, b1 := h.prefix()
	dst = append(dst, b0, b1)
	switch b1 & lengths {
	case length16:
		dst = binary.BigEndian.AppendUint16(dst, uint16(h.Length))
	case length64:
		dst = binary.BigEndian.AppendUint64(dst, h.Length)
	}
	if h.Masked {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(h.Key))
	}
	return dst
}

// HeaderSize returns how many bytes [AppendHeader] appends for h.
func HeaderSize(h Header) int {
	n := 2
	switch {
	case h.Length > 0xFFFF:
		n += 8
	case h.Length > 125:
		n += 2
	}
	if h.Masked {
		n += keySize
	}
	return n
}

// String returns h for people, as in "FIN RSV1 text 5 masked 37fa213d".
func (h Header) String() string {
	s := ""
	for _, bit := range [...]struct {
		set  bool
		name string
	}{{h.FIN, "FIN "}, {h.RSV1, "RSV1 "}, {h.RSV2, "RSV2 "}, {h.RSV3, "RSV3 "}} {
		if bit.set {
			s += bit.name
		}
	}
	s += h.Opcode.String() + " " + strconv.FormatUint(h.Length, 10)
	if h.Masked {
		s += " masked " + hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, uint32(h.Key)))
	}
	return s
}

// prefix returns the first two bytes of h, with the minimal length encoding.
func (h *Header) prefix() (b0, b1 byte) {
	b0 = byte(h.Opcode) & opcodes
	if h.FIN {
		b0 |= bitFIN
	}
	if h.RSV1 {
		b0 |= bitRSV1
	}
	if h.RSV2 {
		b0 |= bitRSV2
	}
	if h.RSV3 {
		b0 |= bitRSV3
	}
	switch {
	case h.Length > 0xFFFF:
		b1 = length64
	case h.Length > 125:
		b1 = length16
	default:
		b1 = byte(h.Length)
	}
	if h.Masked {
		b1 |= bitMask
	}
	return b0, b1
}

package h2

import (
	"encoding/binary"
	"fmt"
)

// Type is a frame type (RFC 9113 §6, RFC 9218 §7.1). Unknown ones are ignored (§5.5).
type Type uint8

const (
	TypeData           Type = 0x0
	TypeHeaders        Type = 0x1
	TypePriority       Type = 0x2
	TypeResetStream    Type = 0x3
	TypeSettings       Type = 0x4
	TypePushPromise    Type = 0x5
	TypePing           Type = 0x6
	TypeGoAway         Type = 0x7
	TypeWindowUpdate   Type = 0x8
	TypeContinuation   Type = 0x9
	TypePriorityUpdate Type = 0x10
	numTypes                = 0xa // those of RFC 9113
)

// Flags of a frame. What a bit means depends on the type; others are ignored (§4.1).
type Flags uint8

const (
	FlagAck        Flags = 0x1  // SETTINGS, PING
	FlagEndStream  Flags = 0x1  // DATA, HEADERS
	FlagEndHeaders Flags = 0x4  // HEADERS, CONTINUATION
	FlagPadded     Flags = 0x8  // DATA, HEADERS
	FlagPriority   Flags = 0x20 // HEADERS
)

// Has reports whether f has all of other's bits.
func (f Flags) Has(other Flags) bool { return f&other == other }

const (
	// FrameHeaderSize is the size of every frame's header (§4.1).
	FrameHeaderSize = 9
	// MaxFrameSize is the largest payload that we accept: the initial value of
	// SETTINGS_MAX_FRAME_SIZE, which we leave (§6.5.2).
	MaxFrameSize = 16 << 10
	// maxStreamID is the largest stream identifier (§4.1: 31 bits).
	maxStreamID = 1<<31 - 1

	// anySize is the largest payload that a header can announce (§4.1: 24 bits).
	anySize = 1<<24 - 1

	goAwayMin    = 8 // bytes: last stream, code
	priorityPart = 5 // bytes: dependency, weight
)

// FrameHeader is the header of a frame.
type FrameHeader struct {
	Length uint32 // of the payload, 24 bits
	Type   Type
	Flags  Flags
	Stream uint32 // 31 bits
}

// ParseFrameHeader reads the header at the front of p, which has at least [FrameHeaderSize]
// bytes. The reserved bit is ignored (§4.1).
func ParseFrameHeader(p []byte) FrameHeader {
	_ = p[8]
	return FrameHeader{
		Length: uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2]),
		Type:   Type(p[3]),
		Flags:  Flags(p[4]),
		Stream: binary.BigEndian.Uint32(p[5:]) & maxStreamID,
	}
}

// AppendFrameHeader appends the bytes of h to dst.
func AppendFrameHeader(dst []byte, h FrameHeader) []byte {
	return append(dst, byte(h.Length>>16), byte(h.Length>>8), byte(h.Length), byte(h.Type), byte(h.Flags),
		byte(h.Stream>>24), byte(h.Stream>>16), byte(h.Stream>>8), byte(h.Stream))
}

// String returns the name of the RFC.
func (t Type) String() string {
	switch {
	case t < numTypes:
		return formats[t].name
	case t == TypePriorityUpdate:
		return "PRIORITY_UPDATE"
	}
	return fmt.Sprintf("frame type %#x", uint8(t))
}

// onStream says whether a type belongs to a stream.
type onStream uint8

const (
	onAny  onStream = iota
	onOne           // stream 0 is an error
	onZero          // any other is an error
)

// formats is what RFC 9113 §6 says of each type by itself.
var formats = [numTypes]struct {
	name     string
	section  string
	on       onStream
	min, max uint32 // bytes of payload
}{
	TypeData:         {"DATA", "6.1", onOne, 0, anySize},
	TypeHeaders:      {"HEADERS", "6.2", onOne, 0, anySize},
	TypePriority:     {"PRIORITY", "6.3", onOne, priorityPart, priorityPart},
	TypeResetStream:  {"RST_STREAM", "6.4", onOne, 4, 4},
	TypeSettings:     {"SETTINGS", "6.5", onZero, 0, anySize},
	TypePushPromise:  {"PUSH_PROMISE", "6.6", onOne, 4, anySize},
	TypePing:         {"PING", "6.7", onZero, 8, 8},
	TypeGoAway:       {"GOAWAY", "6.8", onZero, goAwayMin, anySize},
	TypeWindowUpdate: {"WINDOW_UPDATE", "6.9", onAny, 4, 4},
	TypeContinuation: {"CONTINUATION", "6.10", onOne, 0, anySize},
}

// Check judges the header of a frame that was sent to us: see CheckSize.
func (h FrameHeader) Check() *ConnError { return h.CheckSize(MaxFrameSize) }

// CheckSize judges a header by itself. limit is the SETTINGS_MAX_FRAME_SIZE of the receiver.
// Where the RFC leaves the choice between an error of the stream and of the connection (§5.4.1),
// it is of the connection: no honest peer gets here.
func (h FrameHeader) CheckSize(limit uint32) *ConnError {
	if h.Length > limit { // of any type
		return connError(FrameSizeError, "4.2", "a frame of %d bytes, the limit is %d", h.Length, limit)
	}
	if h.Type >= numTypes {
		return nil
	}
	f := &formats[h.Type]
	switch {
	case f.on == onOne && h.Stream == 0:
		return connError(ProtocolError, f.section, "%v on stream 0", h.Type)
	case f.on == onZero && h.Stream != 0:
		return connError(ProtocolError, f.section, "%v on stream %d", h.Type, h.Stream)
	case h.Length < f.min || h.Length > f.max:
		return connError(FrameSizeError, f.section, "%v of %d bytes", h.Type, h.Length)
	case h.Type == TypeSettings && h.Flags.Has(FlagAck) && h.Length != 0:
		return connError(FrameSizeError, f.section, "SETTINGS with ACK and %d bytes", h.Length)
	case h.Type == TypeSettings && h.Length%settingSize != 0:
		return connError(FrameSizeError, f.section, "SETTINGS of %d bytes, no multiple of %d", h.Length, settingSize)
	case h.Type == TypeData && h.Flags.Has(FlagPadded) && h.Length == 0:
		return connError(FrameSizeError, f.section, "DATA without its Pad Length")
	}
	return nil
}

// Fragment returns what a HEADERS frame has of its field block: the payload without padding
// and priority (§6.2).
func (h FrameHeader) Fragment(payload []byte) ([]byte, *ConnError) {
	pad := 0
	if h.Flags.Has(FlagPadded) {
		if len(payload) == 0 {
			return nil, connError(FrameSizeError, "6.2", "HEADERS without its Pad Length")
		}
		pad, payload = int(payload[0]), payload[1:]
	}
	if h.Flags.Has(FlagPriority) {
		if len(payload) < priorityPart {
			return nil, connError(FrameSizeError, "6.2", "HEADERS without its priority")
		}
		payload = payload[priorityPart:]
	}
	if pad > len(payload) {
		return nil, connError(ProtocolError, "6.2", "HEADERS with %d bytes of padding, %d are left", pad, len(payload))
	}
	return payload[:len(payload)-pad], nil
}

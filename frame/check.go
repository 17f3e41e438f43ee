package frame

// Expectation is what a receiver may accept from its peer.
type Expectation struct {
	// Masked says that frames must be masked: we are the server. Zero: they
	// must not be, we are the client.
	Masked bool
	// RSV1 says that permessage-deflate is negotiated. Zero: it is not.
	RSV1 bool
}

// Check judges one header on its own, as [ParseHeader] read it. It returns nil
// when the peer may send it, else one of the Err… variables. It looks at the opcode
// and the reserved bits first, then at the mask, then at the length.
func Check(h Header, want Expectation) *Violation {
	b0, b1 := h.prefix()
	if h.Extended != 0 && h.Opcode.IsControl() {
		b1 |= length16 // as it was on the wire, whatever the length says
	}
	if v := CheckPrefix(b0, b1, want); v != nil {
		return v
	}
	switch h.Extended {
	case 2:
		if h.Length < length16 {
			return ErrLengthNotMinimal
		}
	case 8:
		if h.Length <= 0xFFFF {
			return ErrLengthNotMinimal
		}
	}
	if h.Length>>63 != 0 {
		return ErrLengthTopBit
	}
	return nil
}

// CheckPrefix judges the first two bytes of a header, so that a bad one is refused
// before its extended length arrives. It is [Check] without the rules on how a
// length is encoded.
func CheckPrefix(b0, b1 byte, want Expectation) *Violation {
	// Continuation, text and binary with no reserved bit: most frames there are.
	if plain := b0&(bitRSV1|bitRSV2|bitRSV3|0x0C) == 0 && b0&0x03 != 0x03; !plain {
		if v := checkFirst(b0, want); v != nil {
			return v
		}
	}
	// RFC 6455 §5.1: a client masks every frame, a server masks none.
	if masked := b1&bitMask != 0; masked != want.Masked {
		if want.Masked {
			return ErrMaskMissing
		}
		return ErrMaskForbidden
	}
	// RFC 6455 §5.5: the length of a control frame fits the seven bits.
	if Opcode(b0&opcodes).IsControl() && b1&lengths > MaxControlPayload {
		return ErrControlTooLong
	}
	return nil
}

// checkFirst judges the first byte.
func checkFirst(b0 byte, want Expectation) *Violation {
	opcode := Opcode(b0 & opcodes)
	// RFC 6455 §5.2: reserved until an extension gives them a meaning.
	if opcode.IsReserved() {
		return ErrReservedOpcode
	}
	if b0&bitRSV1 != 0 {
		if !want.RSV1 {
			return ErrRSV1
		}
		// RFC 7692 §6.1: only the first frame of a data message may have it.
		if opcode != Text && opcode != Binary {
			return ErrRSV1Misplaced
		}
	}
	if b0&bitRSV2 != 0 {
		return ErrRSV2
	}
	if b0&bitRSV3 != 0 {
		return ErrRSV3
	}
	// RFC 6455 §5.5: control frames are never fragmented.
	if opcode.IsControl() && b0&bitFIN == 0 {
		return ErrFragmentedControl
	}
	return nil
}

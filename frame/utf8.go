package frame

// Validator judges text as it arrives (RFC 6455 §8.1), cut anywhere, also in
// the middle of a character. The zero Validator is ready.
type Validator struct {
	state uint8
}

// Valid feeds p. It returns false when p holds an octet that no valid UTF-8
// can have in its place, without waiting for the character to end: overlong
// forms, surrogates and code points above U+10FFFF are refused at the octet that
// proves them. Once false it stays false until [Validator.Reset].
func (v *Validator) Valid(p []byte) bool {
	v.state = validate(v.state, p)
	return v.state != utf8Refused
}

// Complete reports whether the text fed so far may end here: it is valid and
// no character is half way.
func (v *Validator) Complete() bool { return v.state == utf8Accepted }

// Reset makes v ready for the next message.
func (v *Validator) Reset() { v.state = utf8Accepted }

// fusedBlock is how much UnmaskValid unmasks before it validates: small enough
// to be still in the first-level cache for the second pass.
const fusedBlock = 8 << 10

// UnmaskValid is [Mask] and [Validator.Valid] together. When it returns false
// the text is refused, and how much of p has been unmasked is unspecified.
//
// It is the seam for kernels that do both in one pass over memory.
func UnmaskValid(p []byte, key Key, v *Validator) (Key, bool) {
	for len(p) > fusedBlock {
		key = Mask(p[:fusedBlock], key)
		if !v.Valid(p[:fusedBlock]) {
			return key, false
		}
		p = p[fusedBlock:]
	}
	key = Mask(p, key)
	return key, v.Valid(p)
}

// validate chooses the kernel: it returns the state after p. Vector kernels go
// here in the same way as those of mask.
func validate(state uint8, p []byte) uint8 {
	return validateGeneric(state, p)
}

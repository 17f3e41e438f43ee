package frame

// Validator judges text as it arrives (RFC 6455 §8.1), cut anywhere, also in
// the middle of a character. The zero Validator is ready.
type Validator struct {
	state uint8
}

// Valid feeds p. It returns false when p holds a byte that no valid UTF-8
// can have in its place, without waiting for the character to end: overlong
// forms, surrogates and code points above U+10FFFF are refused at the byte that
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

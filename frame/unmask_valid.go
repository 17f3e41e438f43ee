package frame

// UnmaskValid is [Mask] and [Validator.Valid] together. When it returns false
// the text is refused, and how much of p has been unmasked is unspecified.
func UnmaskValid(p []byte, key Key, v *Validator) (Key, bool) {
	return unmaskValid(p, key, v)
}

package frame

// UnmaskValid is [Mask] and [Validator.Valid] together. When it returns false
// the text is refused, and how much of p has been unmasked is unspecified.
func UnmaskValid(p []byte, key Key, v *Validator) (Key, bool) {
	return unmaskValid(p, key, v)
}

// fusedBlock is how much unmaskValidGeneric unmasks before it validates: small
// enough to be still in the first-level cache for the second pass.
const fusedBlock = 8 << 10

// unmaskValidGeneric goes twice over each block.
func unmaskValidGeneric(p []byte, key Key, v *Validator) (Key, bool) {
	for len(p) > fusedBlock {
		key = maskGeneric(p[:fusedBlock], p[:fusedBlock], key)
		v.state = validateGeneric(v.state, p[:fusedBlock])
		if v.state == utf8Refused {
			return key, false
		}
		p = p[fusedBlock:]
	}
	key = maskGeneric(p, p, key)
	v.state = validateGeneric(v.state, p)
	return key, v.state != utf8Refused
}

//go:build (!amd64 && !arm64) || purego

package frame

func validate(state uint8, p []byte) uint8 { return validateGeneric(state, p) }

func unmaskValid(p []byte, key Key, v *Validator) (Key, bool) { return unmaskValidGeneric(p, key, v) }

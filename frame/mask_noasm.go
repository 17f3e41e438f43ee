//go:build (!amd64 && !arm64) || purego

package frame

func mask(dst, src []byte, key Key) Key { return maskGeneric(dst, src, key) }

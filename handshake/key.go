package handshake

import (
	"crypto/sha1"
	"encoding/base64"
	"unsafe"
)

// Version is the only protocol version that this package speaks, the value of
// Sec-WebSocket-Version (RFC 6455 §4.1, item 9).
const Version = "13"

// guid is appended to the key before hashing (RFC 6455 §1.3).
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

const keySize = 24 // base64 of 16 bytes

// NewKey returns the Sec-WebSocket-Key for 16 random bytes. The caller must draw new ones for
// every connection (RFC 6455 §4.1, item 7).
func NewKey(random [16]byte) string {
	return base64.StdEncoding.EncodeToString(random[:])
}

// ValidKey reports whether key is the base64 form of exactly 16 bytes. The four unused bits of
// the last character may have any value: RFC 4648 §3.5 leaves that to the decoder, and they are
// not zero in the example of RFC 6455 §4.1.
func ValidKey(key string) bool {
	if len(key) != keySize || key[keySize-2:] != "==" {
		return false
	}
	for i := range keySize - 2 {
		if !base64Byte[key[i]] {
			return false
		}
	}
	return true
}

// AcceptKey returns the Sec-WebSocket-Accept for key: the base64 form of a SHA-1 digest (RFC
// 6455 §4.2.2, item 5.4).
func AcceptKey(key string) [28]byte {
	var accept [28]byte
	AppendAccept(accept[:0], key)
	return accept
}

// AppendAccept appends [AcceptKey] of key to dst.
func AppendAccept(dst []byte, key string) []byte {
	at := len(dst)
	if cap(dst)-at < len(key)+len(guid) {
		return appendAccept(dst, key)
	}
	// The end of dst serves as scratch memory, because SHA-1 would need much of a small stack.
	digest := sha1.Sum(append(append(dst, key...), guid...)[at:])
	return base64.StdEncoding.AppendEncode(dst, digest[:])
}

func appendAccept(dst []byte, key string) []byte {
	var stack [keySize + len(guid)]byte // room for every valid key
	digest := sha1.Sum(append(append(stack[:0], key...), guid...))
	return base64.StdEncoding.AppendEncode(dst, digest[:])
}

// alias returns the bytes as a string without copying. It is valid as long as nobody writes to
// b.
func alias(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

var base64Byte = byteSet("+/" + digits + letters)

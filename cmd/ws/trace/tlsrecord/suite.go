package tlsrecord

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// suite is what is needed to decrypt records of a cipher suite.
type suite struct {
	key  int // bytes
	hash func() hash.Hash
	aead func(key []byte) (cipher.AEAD, error)
	// explicit is how many bytes of the nonce are sent in each record in TLS 1.2; the others
	// are fixed. If it is 0, the record number is part of the nonce, as in TLS 1.3.
	explicit int
}

// suiteOf returns the suite with this number, or nil if it is not decrypted here.
func suiteOf(id uint16) *suite {
	small := []uint16{0x1301, 0x009c, 0x009e, 0xc02b, 0xc02f}
	large := []uint16{0x1302, 0x009d, 0x009f, 0xc02c, 0xc030}
	chacha := []uint16{0x1303, 0xcca8, 0xcca9, 0xccaa}
	switch {
	case slices.Contains(small, id): // RFC 8446 §9.1, RFC 5288, RFC 5289
		return &suite{key: 16, hash: sha256.New, aead: newGCM, explicit: 8}
	case slices.Contains(large, id):
		return &suite{key: 32, hash: sha512.New384, aead: newGCM, explicit: 8}
	case slices.Contains(chacha, id): // RFC 7905
		return &suite{key: chacha20poly1305.KeySize, hash: sha256.New, aead: chacha20poly1305.New}
	}
	return nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

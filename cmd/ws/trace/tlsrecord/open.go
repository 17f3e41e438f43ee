package tlsrecord

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
)

// opener decrypts the records of one direction under one secret.
type opener struct {
	aead   cipher.AEAD
	iv     []byte
	number uint64
	old    bool   // TLS 1.2
	secret []byte // of TLS 1.3, for the next one
	suite  uint16
}

func hashOf(suiteID uint16) func() hash.Hash {
	if _, large, _ := suite(suiteID); large {
		return sha512.New384
	}
	return sha256.New
}

// expandLabel is HKDF-Expand-Label with an empty context (RFC 8446 §7.1).
func expandLabel(h func() hash.Hash, secret []byte, label string, size int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	label = "tls13 " + label
	info = append(info, byte(len(label)))
	info = append(info, label...)
	info = append(info, 0)
	p, err := hkdf.Expand(h, secret, string(info), size)
	if err != nil {
		return make([]byte, size)
	}
	return p
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	return aead
}

// newOpener13 is for a traffic secret of TLS 1.3 (RFC 8446 §7.3).
func newOpener13(suiteID uint16, secret []byte) *opener {
	size, _, ok := suite(suiteID)
	if !ok || secret == nil {
		return nil
	}
	h := hashOf(suiteID)
	o := &opener{secret: secret, suite: suiteID, iv: expandLabel(h, secret, "iv", 12)}
	o.aead = newAEAD(expandLabel(h, secret, "key", size))
	return o
}

// next is the opener after a KeyUpdate (RFC 8446 §7.2).
func (o *opener) next() *opener {
	h := hashOf(o.suite)
	return newOpener13(o.suite, expandLabel(h, o.secret, "traffic upd", h().Size()))
}

// newOpeners12 are the two directions under a master secret of TLS 1.2 (RFC 5246
// §6.3, RFC 5288 §3).
func newOpeners12(suiteID uint16, master []byte, client, server [32]byte) (c, s *opener) {
	size, _, ok := suite(suiteID)
	if !ok || master == nil {
		return nil, nil
	}
	seed := append([]byte("key expansion"), server[:]...)
	seed = append(seed, client[:]...)
	block := prf12(hashOf(suiteID), master, seed, 2*size+8)
	c = &opener{old: true, aead: newAEAD(block[:size]), iv: block[2*size : 2*size+4]}
	s = &opener{old: true, aead: newAEAD(block[size : 2*size]), iv: block[2*size+4:]}
	return c, s
}

// prf12 is P_hash (RFC 5246 §5).
func prf12(h func() hash.Hash, secret, seed []byte, size int) (out []byte) {
	sum := func(parts ...[]byte) []byte {
		m := hmac.New(h, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	for a := sum(seed); len(out) < size; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:size]
}

// open decrypts a record. head are its first five octets. kind is the type of what is
// in it.
func (o *opener) open(head, body []byte) (plain []byte, kind byte, ok bool) {
	if o == nil || o.aead == nil {
		return nil, 0, false
	}
	if o.old {
		return o.open12(head, body)
	}
	nonce := append([]byte(nil), o.iv...)
	for i, b := range sequence(o.number) {
		nonce[4+i] ^= b
	}
	plain, err := o.aead.Open(nil, nonce, body, head)
	if err != nil {
		return nil, 0, false
	}
	o.number++
	for len(plain) > 0 && plain[len(plain)-1] == 0 { // padding (RFC 8446 §5.4)
		plain = plain[:len(plain)-1]
	}
	if len(plain) == 0 {
		return nil, 0, false
	}
	return plain[:len(plain)-1], plain[len(plain)-1], true
}

func (o *opener) open12(head, body []byte) (plain []byte, kind byte, ok bool) {
	if len(body) < 8+16 {
		return nil, 0, false
	}
	nonce := append(append([]byte(nil), o.iv...), body[:8]...)
	more := append(sequence(o.number), head[:3]...)
	more = binary.BigEndian.AppendUint16(more, uint16(len(body)-8-16))
	plain, err := o.aead.Open(nil, nonce, body[8:], more)
	if err != nil {
		return nil, 0, false
	}
	o.number++
	return plain, head[0], true
}

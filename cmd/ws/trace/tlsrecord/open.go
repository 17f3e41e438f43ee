package tlsrecord

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"encoding/binary"
	"hash"
)

// nonceSize is the length of the nonce in every AEAD of TLS, in bytes.
const nonceSize = 12

// opener decrypts the records of one direction under one secret.
type opener struct {
	suite  *suite
	aead   cipher.AEAD
	iv     []byte // the part of the nonce that is not in the records
	number uint64
	old    bool   // TLS 1.2
	secret []byte // of TLS 1.3, from which the next one is derived
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

// newOpener13 returns an opener for a traffic secret of TLS 1.3 (RFC 8446 §7.3).
func newOpener13(of *suite, secret []byte) *opener {
	if of == nil || secret == nil {
		return nil
	}
	o := &opener{suite: of, secret: secret, iv: expandLabel(of.hash, secret, "iv", nonceSize)}
	return o.init(expandLabel(of.hash, secret, "key", of.key))
}

// init sets the key and returns o, or nil if the key is not valid.
func (o *opener) init(key []byte) *opener {
	aead, err := o.suite.aead(key)
	if err != nil {
		return nil
	}
	o.aead = aead
	return o
}

// next returns the opener after a KeyUpdate (RFC 8446 §7.2).
func (o *opener) next() *opener {
	h := o.suite.hash
	return newOpener13(o.suite, expandLabel(h, o.secret, "traffic upd", h().Size()))
}

// newOpeners12 returns openers for both directions from a master secret of TLS 1.2 (RFC 5246
// §6.3, RFC 5288 §3, RFC 7905 §2).
func newOpeners12(of *suite, master []byte, client, server [32]byte) (c, s *opener) {
	if of == nil || master == nil {
		return nil, nil
	}
	seed := append([]byte("key expansion"), server[:]...)
	seed = append(seed, client[:]...)
	iv := nonceSize - of.explicit
	block := prf12(of.hash, master, seed, 2*of.key+2*iv)
	keys, ivs := block[:2*of.key], block[2*of.key:]
	c = &opener{suite: of, old: true, iv: ivs[:iv]}
	s = &opener{suite: of, old: true, iv: ivs[iv:]}
	return c.init(keys[:of.key]), s.init(keys[of.key:])
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

// open decrypts a record. head is its first five bytes. kind is the type of its content.
func (o *opener) open(head, body []byte) (plain []byte, kind byte, ok bool) {
	switch {
	case o == nil:
		return nil, 0, false
	case o.old:
		return o.open12(head, body)
	}
	plain, err := o.aead.Open(nil, o.nonce(), body, head)
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

// nonce returns the nonce of the next record, for suites that derive it from the record number
// (RFC 8446 §5.3, RFC 7905 §2).
func (o *opener) nonce() []byte {
	n := bytes.Clone(o.iv)
	for i, b := range sequence(o.number) {
		n[len(n)-8+i] ^= b
	}
	return n
}

func (o *opener) open12(head, body []byte) (plain []byte, kind byte, ok bool) {
	size := len(body) - o.suite.explicit - o.aead.Overhead()
	if size < 0 {
		return nil, 0, false
	}
	nonce := append(bytes.Clone(o.iv), body[:o.suite.explicit]...)
	if o.suite.explicit == 0 {
		nonce = o.nonce()
	}
	more := append(sequence(o.number), head[:3]...)
	more = binary.BigEndian.AppendUint16(more, uint16(size))
	plain, err := o.aead.Open(nil, nonce, body[o.suite.explicit:], more)
	if err != nil {
		return nil, 0, false
	}
	o.number++
	return plain, head[0], true
}

func sequence(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

package front

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"
)

// signer signs what clients carry for us: nonces, branches, tags.
type signer struct {
	key [32]byte
}

func newSigner() signer {
	var s signer
	_, _ = rand.Read(s.key[:]) // never fails
	return s
}

// sign returns 128 bits that only this signer makes of these parts. What is signed
// for one purpose is no good for another.
func (s *signer) sign(purpose string, parts ...string) string {
	mac := hmac.New(sha256.New, s.key[:])
	_, _ = io.WriteString(mac, purpose)
	for _, part := range parts {
		// The length keeps "ab","c" apart from "a","bc".
		_, _ = io.WriteString(mac, " "+strconv.Itoa(len(part))+":"+part)
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// signed reports whether signature is what sign returns.
func (s *signer) signed(signature, purpose string, parts ...string) bool {
	return hmac.Equal([]byte(signature), []byte(s.sign(purpose, parts...)))
}

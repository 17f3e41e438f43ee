package wire

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"
)

// keyForm is the encoding of a key: 16 bytes are 22 characters, in only one way.
var keyForm = base64.RawURLEncoding.Strict()

const (
	keyBytes      = 16
	keyCharacters = 22
)

// NewKey returns a new key, as a page makes it.
func NewKey() string {
	var secret [keyBytes]byte
	_, _ = rand.Read(secret[:]) // never fails
	return keyForm.EncodeToString(secret[:])
}

// ValidKey checks a key.
func ValidKey(key string) error {
	// The decoder would skip line breaks.
	if secret, err := keyForm.DecodeString(key); err != nil || len(secret) != keyBytes || len(key) != keyCharacters {
		return errors.New("not base64url of 16 bytes, without padding")
	}
	return nil
}

// Identity returns the identity for a key: the first 16 hexadecimal digits of the SHA-256 of
// its characters.
func Identity(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

var (
	identity = regexp.MustCompile(`^[0-9a-f]{16}$`)
	roomName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// ValidIdentity checks an identity. Names of servers have the same form.
func ValidIdentity(s string) error {
	if !identity.MatchString(s) {
		return errors.New("not 16 hexadecimal digits")
	}
	return nil
}

// ValidRoom checks the name of a room.
func ValidRoom(s string) error {
	if !roomName.MatchString(s) {
		return errors.New("the name of a room must have 1 to 64 letters, digits, _ and -")
	}
	return nil
}

package tlsrecord

import (
	"bytes"
	"encoding/hex"
)

// maxSecrets limits the number of secrets in a [KeyLog].
const maxSecrets = 200_000

// KeyLog holds secrets by label and ClientHello random, as in the file that SSLKEYLOGFILE
// names.
type KeyLog struct {
	secrets map[secretName][]byte
	given   bool // lines were added, whatever they contained
}

type secretName struct {
	label  string
	random [32]byte
}

// Add parses the lines of a key log, and returns how many contained a secret.
func (k *KeyLog) Add(lines []byte) (n int) {
	k.given = k.given || lines != nil
	for line := range bytes.Lines(lines) {
		f := bytes.Fields(line)
		if len(f) != 3 || f[0][0] == '#' || len(k.secrets) >= maxSecrets {
			continue
		}
		random, err1 := hex.DecodeString(string(f[1]))
		secret, err2 := hex.DecodeString(string(f[2]))
		if err1 != nil || err2 != nil || len(random) != 32 || len(secret) == 0 || len(secret) > 64 {
			continue
		}
		if k.secrets == nil {
			k.secrets = make(map[secretName][]byte)
		}
		k.secrets[secretName{string(f[0]), [32]byte(random)}] = secret
		n++
	}
	return n
}

// empty says why there are no secrets, or returns "" if there are some.
func (k *KeyLog) empty() string {
	switch {
	case len(k.secrets) > 0:
		return ""
	case k.given:
		return "no line of the key log has a secret (LABEL RANDOM SECRET, the last two in hex)"
	}
	return "there are no secrets: give them by -keylog"
}

func (k *KeyLog) find(label string, random [32]byte) []byte {
	return k.secrets[secretName{label, random}]
}

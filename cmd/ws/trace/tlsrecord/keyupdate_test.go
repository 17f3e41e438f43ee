package tlsrecord_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hawser-ws/websocket/cmd/ws/trace/tlsrecord"
)

// sealer writes records of TLS 1.3, of a suite with SHA-256, as RFC 8446 §5.2 has it. That it
// does so rightly crypto/tls shows, which reads them.
type sealer struct {
	t      *testing.T
	suite  uint16
	secret []byte
	number uint64
}

func (s *sealer) expand(label string, size int) []byte {
	info := append([]byte{0, byte(size), byte(6 + len(label))}, "tls13 "+label+"\x00"...)
	p, err := hkdf.Expand(sha256.New, s.secret, string(info), size)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *sealer) aead() cipher.AEAD {
	if s.suite == tls.TLS_CHACHA20_POLY1305_SHA256 {
		a, err := chacha20poly1305.New(s.expand("key", 32))
		if err != nil {
			s.t.Fatal(err)
		}
		return a
	}
	block, err := aes.NewCipher(s.expand("key", 16))
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *sealer) seal(kind byte, p string) []byte {
	a, nonce := s.aead(), s.expand("iv", 12)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^s.number)
	s.number++
	record := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(p)+1+a.Overhead()))
	return a.Seal(record, nonce, append([]byte(p), kind), record)
}

// update is RFC 8446 §7.2.
func (s *sealer) update() { s.secret, s.number = s.expand("traffic upd", 32), 0 }

// Keys are changed on the way by either end (RFC 8446 §4.6.3).
func TestKeyUpdate(t *testing.T) { updates(t) }

// updates is a conversation in which the server changes its keys twice, and asks the client
// to do so as well. crypto/tls has no function for that: the test takes the server's place.
func updates(t *testing.T) {
	t.Helper()
	var log bytes.Buffer
	client, server := configs(t, &log)
	server.SessionTicketsDisabled = true // the next record is the first under these secrets
	a, b := net.Pipe()
	rec := &tape{}
	c, s := tls.Client(&taped{a, 0, rec}, client), tls.Server(&taped{b, 1, rec}, server)
	shaken := make(chan error, 1)
	go func() { shaken <- s.HandshakeContext(t.Context()) }()
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	out := &sealer{t: t, suite: c.ConnectionState().CipherSuite, secret: secretOf(t, log.String(), "SERVER_TRAFFIC_SECRET_0")}
	raw := &taped{b, 1, rec}
	go func() { _, _ = io.Copy(io.Discard, b) }()
	go func() {
		_, _ = raw.Write(out.seal(23, "one "))
		for _, text := range []string{"two ", "three"} {
			_, _ = raw.Write(out.seal(22, "\x18\x00\x00\x01\x01")) // KeyUpdate, update_requested
			out.update()
			_, _ = raw.Write(out.seal(23, text))
		}
	}()
	if _, err := io.ReadFull(c, make([]byte, len("one two three"))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	_, _ = a.Close(), b.Close()
	var keys tlsrecord.KeyLog
	keys.Add(log.Bytes())
	if got, said := replay(rec, &keys, 1448); said != [2]string{"answer", "one two three"} || got.Why != "" {
		t.Errorf("%q, %q", said, got.Why)
	}
}

// secretOf returns the secret in a key log that has one of this label.
func secretOf(t *testing.T, log, label string) []byte {
	t.Helper()
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); f[0] == label {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
	}
	t.Fatalf("no %s in %q", label, log)
	return nil
}

//go:build linux

package transport

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
)

// sealer makes records of TLS 1.3 as a client does that asks for new keys, which crypto/tls has
// no way to ask for: RFC 8446 §4.6.3, §5.2 and §7.
type sealer struct {
	secret []byte // client_application_traffic_secret_N
	seq    uint64
}

// newSealer takes the secret from a key log.
func newSealer(t *testing.T, keyLog string) *sealer {
	t.Helper()
	for line := range strings.Lines(keyLog) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatal(err)
			}
			return &sealer{secret: secret}
		}
	}
	t.Fatal("there is no secret in the key log")
	return nil
}

// expand is HKDF-Expand-Label with an empty context.
func (s *sealer) expand(label string, size int) []byte {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(info, byte(len(label)))
	info = append(append(info, label...), 0)
	out, err := hkdf.Expand(sha256.New, s.secret, string(info), size)
	if err != nil {
		panic(err)
	}
	return out
}

// record seals content of a type, 22 for handshake and 23 for data.
func (s *sealer) record(content []byte, typ byte) []byte {
	block, err := aes.NewCipher(s.expand("key", 16))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := s.expand("iv", 12)
	for i := range 8 {
		nonce[4+i] ^= byte(s.seq >> (8 * (7 - i)))
	}
	s.seq++
	inner := append(bytes.Clone(content), typ)
	header := append([]byte{23, 3, 3}, binary.BigEndian.AppendUint16(nil, uint16(len(inner)+aead.Overhead()))...)
	return aead.Seal(header, nonce, inner, header)
}

// keyUpdate asks for new keys of the peer, and goes on to new ones of its own.
func (s *sealer) keyUpdate() []byte {
	r := s.record([]byte{24, 0, 0, 1, 1}, 22)
	s.secret, s.seq = s.expand("traffic upd", sha256.Size), 0
	return r
}

// keyUpdatePair connects two ends of TLS 1.3 with AES-128, and returns what makes records of the
// far one.
func keyUpdatePair(t *testing.T) (d *driven, far *tls.Conn, s *sealer) {
	t.Helper()
	a, b := pair(t, "tcp")
	var keyLog bytes.Buffer
	near := tls.Server(Movable(a), &tls.Config{Certificates: []tls.Certificate{certificate()}, MinVersion: tls.VersionTLS13})
	far = tls.Client(b, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &keyLog})
	done := background(near.Handshake)
	if err := far.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if suite := far.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skipf("the sealer has no %s, which crypto/tls prefers on a CPU without AES", tls.CipherSuiteName(suite))
	}
	return undriven(t, near), far, newSealer(t, keyLog.String())
}

// An answer that TLS gives in the middle of a read goes out, with nobody writing.
func TestPolledTLSUpdatesKeys(t *testing.T) {
	d, far, s := keyUpdatePair(t)
	for i := range 3 {
		text := fmt.Sprintf("data %d", i)
		if _, err := far.NetConn().Write(append(s.keyUpdate(), s.record([]byte(text), 23)...)); err != nil {
			t.Fatal(err)
		}
		var b Buffer
		for err := ErrAgain; err != nil; _, err = d.TryFill(&b) {
			if err != ErrAgain {
				t.Fatal(err)
			}
			d.Ready(Readable)
		}
		wantBytes(t, &b, text)
		b.Discard()
		if d.TryWrite([]byte(text)) != len(text) {
			t.Fatal("it was not sent")
		}
		p := make([]byte, len(text)) // far follows the server's new keys
		if _, err := io.ReadFull(far, p); string(p) != text || err != nil {
			t.Fatalf("%q, %v", p, err)
		}
	}
}

// Answers wait behind what the peer does not read, and go out when it does. A peer that asks for
// ever and never reads loses the connection: the memory is bounded.
func TestPolledTLSUpdatesKeysInVain(t *testing.T) {
	for _, reads := range []bool{true, false} {
		d, far, s := keyUpdatePair(t)
		total := fillUp(t, d)
		asks := 10 // far gives up after 16 in a row
		if !reads {
			asks = 2000
		}
		var b Buffer
		var err error
		for range asks {
			record := append(s.keyUpdate(), s.record([]byte("x"), 23)...)
			if _, err := far.NetConn().Write(record); err != nil {
				break
			}
			for err = ErrAgain; err == ErrAgain; _, err = d.TryFill(&b) {
				d.Ready(Readable)
			}
			if b.Consume(b.Buffered()); err != nil {
				break
			}
		}
		b.Discard()
		if !reads {
			wantIs(t, "asked in vain", err, errQueueFull)
			if d.Driven.(*polledTLS).queue.data != nil {
				t.Error("memory is left")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		d.poll(t)
		if n, err := io.CopyN(io.Discard, far, int64(total)); n != int64(total) {
			t.Fatalf("%d bytes of %d, %v", n, total, err)
		}
		if _, err := d.Write([]byte("end"), nil); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 3)
		if _, err := io.ReadFull(far, p); string(p) != "end" || err != nil {
			t.Fatalf("%q, %v", p, err)
		}
	}
}

package tlsrecord_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace/tlsrecord"
)

// taped is a connection whose writes are kept, those of both ends in their order.
type taped struct {
	net.Conn
	dir  int
	tape *tape
}

type tape struct {
	mu      sync.Mutex
	written []piece
}

type piece struct {
	dir int
	p   []byte
}

func (c *taped) Write(p []byte) (int, error) {
	c.tape.mu.Lock()
	c.tape.written = append(c.tape.written, piece{c.dir, bytes.Clone(p)})
	c.tape.mu.Unlock()
	return c.Conn.Write(p)
}

// configs are those of a client, which writes its secrets into log, and of a server.
func configs(t *testing.T, log io.Writer) (client, server *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"name.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	client = &tls.Config{InsecureSkipVerify: true, ServerName: "name.example", NextProtos: []string{"http/1.1"}, KeyLogWriter: log}
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"http/1.1"}}
	return client, server
}

// talk is a TLS connection with a few messages each way.
func talk(t *testing.T, change func(client, server *tls.Config)) (*tape, []byte) {
	t.Helper()
	var log bytes.Buffer
	client, server := configs(t, &log)
	change(client, server)
	a, b := net.Pipe()
	rec := &tape{}
	c, s := tls.Client(&taped{a, 0, rec}, client), tls.Server(&taped{b, 1, rec}, server)
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(s, io.LimitReader(s, 50_005)) // an echo
		done <- err
	}()
	go func() {
		_, _ = c.Write([]byte("hello"))
		_, _ = c.Write(bytes.Repeat([]byte("x"), 50_000))
	}()
	if _, err := io.ReadFull(c, make([]byte, 50_005)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	_ = b.Close()
	return rec, log.Bytes()
}

// replay gives a tape to a session in pieces of at most n bytes.
func replay(rec *tape, keys *tlsrecord.KeyLog, n int) (*tlsrecord.Session, [2]string) {
	var said [2]strings.Builder
	s := tlsrecord.New(keys, func(dir int, d tlsrecord.Data) { said[dir].Write(d.Plain) })
	for i, w := range rec.written {
		for part := range slices.Chunk(w.p, n) {
			s.Feed(w.dir, part, i, time.Time{})
		}
	}
	return s, [2]string{said[0].String(), said[1].String()}
}

// With its secrets, what was said comes out, however it was cut into segments.
func TestDecrypts(t *testing.T) {
	for _, suite := range []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	} {
		decrypts(t, tls.VersionTLS12, suite)
	}
	decrypts(t, tls.VersionTLS13, 0)
}

// decrypts reads a conversation with this suite, or whichever is chosen if it is 0.
func decrypts(t *testing.T, version, suite uint16) {
	t.Helper()
	want := "hello" + strings.Repeat("x", 50_000)
	rec, log := talk(t, func(c, _ *tls.Config) {
		c.MinVersion, c.MaxVersion, c.CipherSuites = version, version, []uint16{suite}
	})
	for _, n := range []int{1, 7, 1448, 1 << 20} {
		var keys tlsrecord.KeyLog
		if keys.Add(log) == 0 {
			t.Fatalf("%q", log)
		}
		s, said := replay(rec, &keys, n)
		if said != [2]string{want, want} || !s.Decrypted || s.Why != "" {
			t.Errorf("%s, %d at a time: %d and %d bytes, %+v, %q", tls.VersionName(version), n, len(said[0]), len(said[1]), s.Info, s.Why)
		}
		if s.VersionName() != tls.VersionName(version) || s.Name != "name.example" || fmt.Sprint(s.ALPN) != "[http/1.1]" || suite != 0 && s.Cipher != suite {
			t.Errorf("%+v", s.Info)
		}
	}
}

// What crypto/tls takes in TLS 1.3 where the processor has no instructions for AES is
// ChaCha20-Poly1305. It is for a program of its own to have none.
func TestChaCha20InTLS13(t *testing.T) {
	const without = "cpu.aes=off"
	if os.Getenv("GODEBUG") != without {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChaCha20InTLS13$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG="+without)
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestChaCha20InTLS13")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	rec, _ := talk(t, func(_, _ *tls.Config) {})
	if s, _ := replay(rec, &tlsrecord.KeyLog{}, 1000); s.Cipher != tls.TLS_CHACHA20_POLY1305_SHA256 {
		t.Fatalf("the suite is %s", s.CipherName())
	}
	decrypts(t, tls.VersionTLS13, 0)
	updates(t)
}

// Without them, or with the wrong ones, it is told why not.
func TestDoesNotDecrypt(t *testing.T) {
	rec, log := talk(t, func(_, _ *tls.Config) {})
	_, other := talk(t, func(_, _ *tls.Config) {})
	var wrong bytes.Buffer
	for line := range strings.Lines(string(log)) {
		f := strings.Fields(line)
		fmt.Fprintln(&wrong, f[0], f[1], strings.Repeat("00", 32))
	}
	for _, test := range []struct {
		log []byte
		why string
	}{
		{nil, "no secrets"},
		{[]byte("# nothing\nx y\nCLIENT_RANDOM zz zz\n"), "no line of the key log has a secret"},
		{[]byte{}, "no line of the key log has a secret"},
		{other, "not in the key log"},
	} {
		var keys tlsrecord.KeyLog
		keys.Add(test.log)
		s, said := replay(rec, &keys, 1000)
		if said != [2]string{} || s.Decrypted || !strings.Contains(s.Why, test.why) || s.Records[0] < 3 {
			t.Errorf("%q: %q, %v", test.why, s.Why, s.Decrypted)
		}
	}
	var keys tlsrecord.KeyLog
	keys.Add(wrong.Bytes())
	if s, said := replay(rec, &keys, 1000); said != [2]string{} || s.Decrypted {
		t.Errorf("with wrong secrets: %d bytes, %q", len(said[0]), s.Why)
	}
	cbc, log := talk(t, func(c, _ *tls.Config) {
		c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	})
	keys = tlsrecord.KeyLog{}
	keys.Add(log)
	if s, _ := replay(cbc, &keys, 1000); s.Decrypted || !strings.Contains(s.Why, "cipher suite") || !strings.Contains(s.CipherName(), "CBC") {
		t.Errorf("CBC: %q, %s", s.Why, s.CipherName())
	}
}

// A hole ends a direction; the other one goes on.
func TestHole(t *testing.T) {
	rec, log := talk(t, func(_, _ *tls.Config) {})
	var keys tlsrecord.KeyLog
	keys.Add(log)
	var said [2]int
	s := tlsrecord.New(&keys, func(dir int, d tlsrecord.Data) { said[dir] += len(d.Plain) })
	for i, w := range rec.written {
		if i == len(rec.written)/2 {
			s.Lost(0)
		}
		s.Feed(w.dir, w.p, i, time.Time{})
	}
	if said[0] >= 50_005 || said[1] != 50_005 || s.Why == "" {
		t.Errorf("%v, %q", said, s.Why)
	}
}

func FuzzSession(f *testing.F) {
	f.Add([]byte("\x00\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\x01\x16\x03\x03\x00\x04\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var keys tlsrecord.KeyLog
		keys.Add(p)
		s := tlsrecord.New(&keys, func(int, tlsrecord.Data) { t.Error("something was decrypted") })
		for part := range slices.Chunk(p, 16) {
			s.Feed(int(part[0]&1), part[1:], 1, time.Time{})
		}
		if w := s.Weight(); w > 1<<18 {
			t.Errorf("it takes %d bytes", w)
		}
	})
}

package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// pair connects two sockets.
func pair(t testing.TB, network string) (near, far net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = near.Close()
		_ = far.Close()
	})
	return near, far
}

// certificate is made once.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(100, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// overTLS makes TLS of two ends, the near one being the server's.
func overTLS(t testing.TB, near, far net.Conn) (server, client *tls.Conn) {
	t.Helper()
	server = tls.Server(near, &tls.Config{Certificates: []tls.Certificate{certificate()}})
	client = tls.Client(far, &tls.Config{InsecureSkipVerify: true})
	done := background(func() error { return server.HandshakeContext(context.Background()) })
	if err := errors.Join(client.HandshakeContext(context.Background()), <-done); err != nil {
		t.Fatal(err)
	}
	return server, client
}

// background does what a goroutine is for, and tells when it is done.
func background[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// stream has no deadlines, and no methods but those of its interface.
type stream struct{ io.ReadWriteCloser }

// read is how a read ended.
type read struct {
	text string
	err  error
}

// fill reads by Fill.
func fill(s Transport) <-chan read {
	return background(func() read {
		var b Buffer
		defer b.Discard()
		_, err := s.Fill(&b)
		return read{string(b.Bytes()), err}
	})
}

// wantFill reads by Fill until all of want has come.
func wantFill(t *testing.T, s Transport, want string) {
	t.Helper()
	var b Buffer
	defer b.Discard()
	var got []byte
	for len(got) < len(want) {
		if _, err := s.Fill(&b); err != nil {
			t.Fatalf("Fill: %v after %d bytes", err, len(got))
		}
		got = append(got, b.Bytes()...)
		b.Consume(b.Buffered())
	}
	if string(got) != want {
		t.Fatalf("Fill: %d bytes %.40q, want %d %.40q", len(got), got, len(want), want)
	}
}

func wantIs(t *testing.T, why string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v; want %v", why, err, want)
	}
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

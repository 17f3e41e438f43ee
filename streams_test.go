package websocket_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket/wstest"
)

// The streams that connections are tested over, besides wstest.NetPipe.

// overTCP returns the two ends of a TCP connection.
func overTCP(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// overTLS puts TLS on a pair of streams. Its handshake is still to be done.
func overTLS(a, b net.Conn) (server, client *tls.Conn) {
	return tls.Server(a, &tls.Config{Certificates: []tls.Certificate{certificate()}}),
		tls.Client(b, &tls.Config{InsecureSkipVerify: true}) // no name to verify in memory
}

// tlsPipe returns the two ends of a TLS connection in memory.
func tlsPipe() (net.Conn, net.Conn) { return overTLS(wstest.NetPipe(0)) }

// tlsPair puts TLS on a pair of streams and does its handshake.
func tlsPair(t *testing.T, a, b net.Conn) (server, client *tls.Conn) {
	t.Helper()
	server, client = overTLS(a, b)
	done := background(server.Handshake)
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	return server, client
}

// certificate is one that nobody has to trust, made when it is first wanted.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

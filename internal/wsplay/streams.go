package wsplay

import (
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

	"github.com/hawser-ws/websocket/wstest"
)

// TCP returns the two ends of a TCP connection.
func TCP(t *testing.T) (a, b net.Conn) {
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

// SmallTCP is TCP with sockets that hold little.
func SmallTCP(t *testing.T) (a, b net.Conn) {
	a, b = TCP(t)
	if err := errors.Join(a.(*net.TCPConn).SetWriteBuffer(16<<10), b.(*net.TCPConn).SetReadBuffer(16<<10)); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// Unix returns the two ends of a Unix socket.
func Unix(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// TLS puts TLS on a pair of streams. Its handshake is still to be done.
func TLS(a, b net.Conn) (server, client *tls.Conn) {
	return tls.Server(a, &tls.Config{Certificates: []tls.Certificate{Certificate()}}),
		tls.Client(b, &tls.Config{InsecureSkipVerify: true}) // no name to verify in memory
}

// TLSPipe returns the two ends of a TLS connection in memory.
func TLSPipe() (net.Conn, net.Conn) { return TLS(wstest.NetPipe(0)) }

// TLSPair puts TLS on a pair of streams and does its handshake.
func TLSPair(t *testing.T, a, b net.Conn) (server, client *tls.Conn) {
	t.Helper()
	server, client = TLS(a, b)
	done := Go(server.Handshake)
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	return server, client
}

// Certificate is one that nobody has to trust, made when it is first wanted.
var Certificate = sync.OnceValue(func() tls.Certificate {
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

// Deaf hides that a stream is a net.Conn: it has no deadlines.
func Deaf(stream io.ReadWriteCloser) io.ReadWriteCloser { return deaf{stream} }

type deaf struct{ io.ReadWriteCloser }

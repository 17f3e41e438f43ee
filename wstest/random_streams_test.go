package wstest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/wstest"
)

// openStream makes the stream of a conversation: a server's end and a client's.
type openStream func(t *testing.T, d *dice) [2]io.ReadWriteCloser

var memoryStreams = map[string]openStream{
	"memory": openMemory,
	"memory without deadlines": func(t *testing.T, d *dice) [2]io.ReadWriteCloser {
		return withoutDeadlines(openMemory(t, d))
	},
	"TLS in memory": func(t *testing.T, d *dice) [2]io.ReadWriteCloser {
		return withTLS(t, openMemory(t, d))
	},
}

var socketStreams = map[string]openStream{
	"TCP": openTCP,
	"TCP without deadlines": func(t *testing.T, d *dice) [2]io.ReadWriteCloser {
		return withoutDeadlines(openTCP(t, d))
	},
	"TLS": func(t *testing.T, d *dice) [2]io.ReadWriteCloser {
		return withTLS(t, openTCP(t, d))
	},
	"Unix": func(t *testing.T, d *dice) [2]io.ReadWriteCloser {
		return dial(t, d, "unix", filepath.Join(t.TempDir(), "socket"))
	},
}

// openMemory makes a pipe of random width.
func openMemory(_ *testing.T, d *dice) [2]io.ReadWriteCloser {
	a, b := wstest.NetPipe([]int{3, 16, 100, 5_000, 0}[d.roll(5)])
	return [2]io.ReadWriteCloser{a, b}
}

func openTCP(t *testing.T, d *dice) [2]io.ReadWriteCloser { return dial(t, d, "tcp", "127.0.0.1:0") }

// dial makes a connection of sockets that hold much or little.
func dial(t *testing.T, d *dice, network, address string) [2]io.ReadWriteCloser {
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if d.roll(2) == 0 {
		for _, c := range []net.Conn{server, client} {
			_ = c.(interface{ SetReadBuffer(int) error }).SetReadBuffer(16 << 10)
			_ = c.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(4 << 10)
		}
	}
	return [2]io.ReadWriteCloser{server, client}
}

// withoutDeadlines hides all methods but those of the interface.
func withoutDeadlines(ends [2]io.ReadWriteCloser) [2]io.ReadWriteCloser {
	for i := range ends {
		ends[i] = struct{ io.ReadWriteCloser }{ends[i]}
	}
	return ends
}

func withTLS(t *testing.T, ends [2]io.ReadWriteCloser) [2]io.ReadWriteCloser {
	server := tls.Server(ends[0].(net.Conn), &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
	client := tls.Client(ends[1].(net.Conn), &tls.Config{InsecureSkipVerify: true})
	var both sync.WaitGroup
	for _, c := range []*tls.Conn{server, client} {
		both.Go(func() {
			if err := c.Handshake(); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	return [2]io.ReadWriteCloser{server, client}
}

// certificate makes a certificate that nobody has to trust.
func certificate(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

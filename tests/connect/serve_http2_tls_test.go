package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// certificate is for any test server.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"example.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Over TLS, ALPN must have chosen HTTP/2.
func TestServeHTTP2TLS(t *testing.T) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan bool, 1)
	returned := serveAll(t, l, echo, &websocket.AcceptOptions{OnRequest: func(r *handshake.Request) error { seen <- r.TLS; return nil }})
	address := l.Addr().String()
	dial := func(protocols ...string) net.Conn {
		nc, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: protocols})
		if err != nil {
			t.Fatal(err)
		}
		return nc
	}
	c := converse(t, dial("h2"))
	s := c.request(false, sample(":scheme", "https"))
	if status, _ := s.answer(); status != http.StatusOK || !await(t, seen) {
		t.Error(status)
	}
	ws := websocket.NewConn(s, websocket.RoleClient, nil)
	for _, n := range []int{1, 30_000} {
		if err := ws.Write(t.Context(), websocket.MessageBinary, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if _, p, err := ws.Read(t.Context()); len(p) != n || err != nil {
			t.Errorf("%d, %v", len(p), err)
		}
	}
	_ = ws.Close(websocket.StatusNormalClosure, "")
	s.ended()
	_ = c.nc.Close()
	if err := await(t, returned); err != nil {
		t.Error(err)
	}

	nc := dial("http/1.1")
	if err := await(t, returned); err == nil || !strings.Contains(err.Error(), `ALPN has chosen "http/1.1"`) {
		t.Error(err)
	}
	_ = nc.Close()
	if nc, err = net.Dial("tcp", address); err != nil {
		t.Fatal(err)
	}
	_ = nc.Close()
	if err := await(t, returned); err == nil || !strings.HasPrefix(err.Error(), "websocket: ServeHTTP2: ") {
		t.Error(err)
	}
}

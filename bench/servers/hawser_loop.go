package servers

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"time"

	"github.com/hawser-ws/websocket"
)

// hawserLoop is ours without a goroutine for each connection.
type hawserLoop struct {
	hawserLib
	receive websocket.ReceiverFunc
}

func (h hawserLoop) Echo(l net.Listener, s Settings) error { return h.loop(s).Serve(l) }

func (h hawserLoop) loop(s Settings) *websocket.Loop {
	return &websocket.Loop{
		Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
			return h.receive, nil
		},
		AcceptOptions: *hawserOptions(s),
	}
}

func echoReceived(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
	return c.Write(ctx, m.Type, m.Data)
}

// hawserLoopTLS is the same beneath TLS.
type hawserLoopTLS struct{ hawserLoop }

func (h hawserLoopTLS) Echo(l net.Listener, s Settings) error {
	cert, err := newCertificate()
	if err != nil {
		return err
	}
	loop := h.loop(s)
	return loop.Serve(tls.NewListener(loop.Listener(l), &tls.Config{Certificates: []tls.Certificate{cert}}))
}

// newCertificate makes a certificate that its clients do not check.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

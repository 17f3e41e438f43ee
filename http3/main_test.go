package http3_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	h3 "github.com/quic-go/quic-go/http3"
	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what must happen, on the slowest machine.
const patience = 20 * time.Second

// within returns a context that bounds what must happen.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// identity is the certificate of the servers, and the configuration of clients that trust it.
var identity = sync.OnceValues(func() (tls.Certificate, *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, &tls.Config{RootCAs: pool}
})

func trusting() *tls.Config { _, config := identity(); return config }

// serve starts a server of quic-go, and returns what stands before the path in its URLs. At the
// end of the test every handler must have returned.
func serve(t *testing.T, h http.Handler, change ...func(*h3.Server)) (url string) {
	t.Helper()
	certificate, _ := identity()
	s := &h3.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}, Handler: h}
	for _, f := range change {
		f(s)
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(socket) }()
	t.Cleanup(func() {
		_ = s.Close() // which waits for the handlers
		<-served
		_ = socket.Close()
	})
	return "wss://" + socket.LocalAddr().String()
}

// echo is a ServeFunc that answers every message with itself.
func echo(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}

// ways are both that a server of quic-go can have Accept work.
var ways = map[string]func(http.Handler) http.Handler{
	"Plain":   func(h http.Handler) http.Handler { return h },
	"Handler": http3.Handler,
}

// eachWay runs test with both.
func eachWay(t *testing.T, test func(t *testing.T, wrap func(http.Handler) http.Handler)) {
	for name, wrap := range ways {
		t.Run(name, func(t *testing.T) { test(t, wrap) })
	}
}

// dial opens a WebSocket with the options, which may be nil.
func dial(t *testing.T, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, _ := dialed(t, url, opts)
	return c
}

func dialed(t *testing.T, url string, opts *websocket.DialOptions) (*websocket.Conn, *http.Response) {
	t.Helper()
	var o websocket.DialOptions
	if opts != nil {
		o = *opts
	}
	o.TLSConfig = trusting()
	c, resp, err := http3.Dial(within(t), url, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c, resp
}

// say writes a message and expects it back.
func say(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	ctx := within(t)
	if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	if err != nil || string(p) != text {
		t.Fatalf("%d bytes came back, not %d: %v", len(p), len(text), err)
	}
}

func deadline() time.Time { return time.Now().Add(patience) }

// dialWith is Dial, or that of the pool in the options.
func dialWith(ctx context.Context, url string, o *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	if o.HTTP3 != nil {
		return websocket.Dial(ctx, url, o)
	}
	return http3.Dial(ctx, url, o)
}

func await[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}

// pool is one that is closed at the end of the test.
func pool(t *testing.T, p *http3.Pool) *http3.Pool {
	t.Cleanup(p.Close)
	return p
}

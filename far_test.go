package websocket_test

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
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/wstest"
)

// far is the far end of a connection, played frame by frame.
type far struct {
	net.Conn
	t      *testing.T
	client bool // it plays the client, and masks
	in     []byte
}

// facing returns a connection in this role and the far end of it, joined by a
// stream that holds buffer octets each way (0: 64 KiB).
func facing(t *testing.T, role websocket.Role, opts *websocket.ConnOptions, buffer int) (*websocket.Conn, *far) {
	t.Helper()
	near, other := wstest.NetPipe(buffer)
	c := websocket.NewConn(near, role, opts)
	t.Cleanup(func() { _ = other.Close(); _ = c.CloseNow() })
	return c, &far{Conn: other, t: t, client: role == websocket.RoleServer}
}

// eachRole runs a test for both roles, each in a bubble of its own: time passes
// only when all wait, and no goroutine may be left at the end.
func eachRole(t *testing.T, test func(t *testing.T, role websocket.Role)) {
	t.Helper()
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, role) })
		})
	}
}

// eachServer runs a test of the server's side in a bubble.
func eachServer(t *testing.T, test func(t *testing.T)) { t.Helper(); synctest.Test(t, test) }

// Opcodes and how to make frames of them.
const (
	farContinuation, farText, farBinary = 0, 1, 2
	farClose, farPing, farPong          = 8, 9, 10
)

func fin(opcode byte, payload string) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Payload: []byte(payload)}
}

func fragment(opcode byte, payload string) naive.Frame {
	return naive.Frame{Opcode: opcode, Payload: []byte(payload)}
}

func farewell(code websocket.StatusCode, reason string) naive.Frame {
	return fin(farClose, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// octets are frames as this end sends them.
func (f *far) octets(frames ...naive.Frame) []byte {
	var b []byte
	for _, x := range frames {
		x.Masked, x.Key = f.client, [4]byte{0xa1, 0x5c, 0x03, 0xfe}
		b = append(b, naive.Encode(x)...)
	}
	return b
}

func (f *far) send(frames ...naive.Frame) { f.t.Helper(); f.put(f.octets(frames...)) }

func (f *far) put(b []byte) {
	f.t.Helper()
	if _, err := f.Write(b); err != nil {
		f.t.Errorf("the far end cannot send: %v", err)
	}
}

// take returns the next frame, or the error that stands in its place.
func (f *far) take() (naive.Frame, error) {
	for {
		if x, n := naive.Decode(f.in); n > 0 {
			f.in = f.in[n:]
			if x.Masked == f.client {
				f.t.Errorf("got a frame with mask=%v", x.Masked)
			}
			return x, nil
		}
		b := make([]byte, 32<<10)
		n, err := f.Read(b)
		f.in = append(f.in, b[:n]...)
		if n == 0 && err != nil {
			if err == io.EOF && len(f.in) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return naive.Frame{}, err
		}
	}
}

// some reads n octets.
func (f *far) some(n int) []byte {
	f.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(f, b); err != nil {
		f.t.Fatal(err)
	}
	return b
}

// want takes the next frame and compares it with a whole one.
func (f *far) want(why string, opcode byte, payload string) {
	f.t.Helper()
	x, err := f.take()
	if err != nil || x.Opcode != opcode || !x.FIN || string(x.Payload) != payload {
		f.t.Fatalf("%s: got opcode %d, fin %v, %d octets %.40q, %v; want %d %.40q", why, x.Opcode, x.FIN, len(x.Payload), x.Payload, err, opcode, payload)
	}
}

// wantFarewell takes a Close frame.
func (f *far) wantFarewell(why string, code websocket.StatusCode) (reason string) {
	f.t.Helper()
	x, err := f.take()
	if err != nil || x.Opcode != farClose || len(x.Payload) < 2 || int(x.Payload[0])<<8|int(x.Payload[1]) != int(code) {
		f.t.Fatalf("%s: got opcode %d %.40q, %v; want a Close frame with %d", why, x.Opcode, x.Payload, err, code)
	}
	return string(x.Payload[2:])
}

// wantEnd takes the end of the stream.
func (f *far) wantEnd(why string) {
	f.t.Helper()
	if x, err := f.take(); err != io.EOF {
		f.t.Fatalf("%s: got opcode %d %.40q, %v; want the end of the stream", why, x.Opcode, x.Payload, err)
	}
}

func (f *far) closeWrite() { _ = f.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// background does what a goroutine is for, and tells when it is done.
func background[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// pending says that a call has not returned while everything waits.
func pending[T any](t *testing.T, why string, done <-chan T) {
	t.Helper()
	synctest.Wait()
	if len(done) > 0 {
		t.Fatalf("%s: it has returned %v", why, <-done)
	}
}

// patience is a context for what should return at once.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	t.Cleanup(cancel)
	return ctx
}

func wantRead(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	_, p, err := c.Read(patience(t))
	if string(p) != want || err != nil {
		t.Fatalf("Read = %d octets %.40q, %v; want %d %.40q", len(p), p, err, len(want), want)
	}
}

func wantIs(t *testing.T, why string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v; want %v", why, err, want)
	}
}
func wstestPair(opts *websocket.ConnOptions, buffer int) (server, client *websocket.Conn) {
	return wstest.Pipe(&wstest.Options{Server: opts, Client: opts, Buffer: buffer})
}

var pastTime = time.Unix(1, 0)

// testCertificate makes a certificate that nobody has to trust.
func testCertificate(t *testing.T) tls.Certificate {
	t.Helper()
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

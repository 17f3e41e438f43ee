package trace_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
)

// tap is an end of a connection whose writes go into a capture.
type tap struct {
	net.Conn
	mu  *sync.Mutex
	c   *synth.Conn
	dir int
}

func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.c.Send(t.dir, p)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// overTLS is a capture of a genuine TLS connection on which the two ends have said so much,
// and the key log of its client.
func overTLS(t *testing.T, o *tls.Config, said [2]string) (*synth.Conn, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"h"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c, mu := dial(), &sync.Mutex{}
	c.Handshake()
	client, server := o.Clone(), o.Clone()
	client.InsecureSkipVerify, client.ServerName, client.KeyLogWriter = true, "h", &log
	server.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	a, b := net.Pipe()
	ends := [2]*tls.Conn{tls.Client(&tap{a, mu, c, 0}, client), tls.Server(&tap{b, mu, c, 1}, server)}
	var wg sync.WaitGroup
	for i, end := range ends {
		wg.Go(func() {
			if err := end.HandshakeContext(t.Context()); err != nil {
				t.Error(err)
			}
			wg.Go(func() { _, _ = io.WriteString(end, said[i]) })
			_, _ = io.ReadFull(end, make([]byte, len(said[1-i])))
		})
	}
	wg.Wait()
	_, _ = a.Close(), b.Close()
	c.End(1)
	c.End(0)
	return c, log.Bytes()
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// HTTP/2 is named, however it begins, and whether it can be seen or only its name in TLS.
func TestHTTP2(t *testing.T) {
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for name, send := range map[string]func(c *synth.Conn){
		"with its preface": func(c *synth.Conn) { c.Handshake(); c.Send(0, []byte(preface)); c.Send(1, []byte(settings)) },
		"byte by byte":     func(c *synth.Conn) { c.Handshake(); c.MSS = 1; c.Send(0, []byte(preface)) },
		"without a SYN":    func(c *synth.Conn) { c.Send(1, []byte(settings)); c.Send(0, []byte(preface)) },
		"behind PROXY": func(c *synth.Conn) {
			c.Handshake()
			c.Send(0, []byte("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"+preface))
		},
		"PROXY in two pieces": func(c *synth.Conn) {
			c.Handshake()
			c.Send(0, []byte("PROXY TCP4 192.0"))
			c.Send(0, []byte(".2.1 192.0.2.2 1 2\r\n"+preface))
		},
		"in a tunnel": func(c *synth.Conn) {
			c.Handshake()
			c.Send(0, []byte("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 200 Fine\r\n\r\n"))
			c.Send(0, []byte(preface))
		},
		"by an Upgrade": func(c *synth.Conn) {
			c.Handshake()
			c.Send(0, []byte("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"))
			c.Send(1, []byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"+settings))
			c.Send(0, []byte(preface))
		},
	} {
		c := dial()
		send(c)
		if f := read(t, c.Bytes(), trace.Options{}); len(f.convs) != 1 || f.convs[0].Kind != trace.HTTP2 {
			t.Errorf("%s: %+v", name, f.convs)
		}
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for name, said := range map[string]string{"with its preface": preface, "before its preface": "\x00"} {
			o := &tls.Config{MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}}
			c, log := overTLS(t, o, [2]string{said, settings})
			for _, keys := range [][]byte{log, nil} {
				v := read(t, c.Bytes(), trace.Options{KeyLog: keys}).convs[0]
				want := trace.HTTP2
				if version == tls.VersionTLS13 && keys == nil { // what the server chose is encrypted
					want = trace.TLS
				}
				if v.Kind != want || v.TLS == nil || v.TLS.Decrypted != (keys != nil) || want == trace.HTTP2 && strings.Join(v.TLS.ALPN, " ") != "h2" {
					t.Errorf("%s, %s, %d bytes of secrets: %s, %+v", tls.VersionName(version), name, len(keys), v.Kind, v.TLS)
				}
			}
		}
	}
}

// A conversation over TLS, with any suite that crypto/tls has and we read.
func TestWebSocketOverTLS(t *testing.T) {
	plain := dial()
	plain.Upgrade("")
	said := [2]string{string(appPayload(plain, 0)), string(appPayload(plain, 1))}
	said[0] += string(masked(frame.Text, true, "hello")) + string(masked(frame.Close, true, "\x03\xe8"))
	said[1] += string(bare(frame.Text, true, strings.Repeat("hello", 10_000))) + string(bare(frame.Close, true, "\x03\xe8"))
	for _, suite := range []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256} {
		c, log := overTLS(t, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}}, said)
		f := read(t, c.Bytes(), trace.Options{KeyLog: log})
		if v := f.convs[0]; v.Kind != trace.WebSocket || v.Outcome != trace.Clean || len(f.frames) != 4 {
			t.Errorf("%s: %s, %s, %d frames, %+v", tls.CipherSuiteName(suite), v.Kind, v.Outcome, len(f.frames), v.TLS)
		}
	}
}

// appPayload is what the packets of c carry in a direction.
func appPayload(c *synth.Conn, dir int) (p []byte) {
	for _, packet := range c.Packets {
		if from := packet.Data[14+12 : 14+16]; bytes.Equal(from, c.Ends[dir].Addr().AsSlice()) {
			p = append(p, packet.Data[14+20+20:]...)
		}
	}
	return p
}

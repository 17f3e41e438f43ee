package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/agent"
	"github.com/hawser-ws/websocket/examples/sip/transport"
)

// startFront runs the command front, and returns its address and what ends it.
func startFront(t *testing.T, args ...string) (address string, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	printed, ended := make(printer, 1), make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"front", "-listen", "127.0.0.1:0"}, args...), printed, output(t))
	}()
	select {
	case line := <-printed:
		if _, err := fmt.Sscanf(line, "sip front at %s for the domain", &address); err != nil {
			t.Fatalf("it says %q: %v", line, err)
		}
	case err := <-ended:
		t.Fatal(err)
	}
	end = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { _ = end() })
	return address, end
}

func write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The commands of the package comment, on one server; which goes away with 1001.
func TestFront(t *testing.T) {
	users := write(t, "users", "# people\n\nalice:a:secret\n bob:b-secret\n")
	address, end := startFront(t, "-users", users, "-user", "carol:c-secret")
	url := "ws://" + address + "/"
	for _, test := range []struct {
		args []string
		out  string
		err  string
	}{
		{[]string{"register", "-user", "alice", "-password", "a:secret", url}, "registered sip:alice@127.0.0.1 for 10m0s\n", ""},
		{[]string{"register", "-user", "carol", "-password", "c-secret", url}, "registered sip:carol@127.0.0.1 for 10m0s\n", ""},
		{[]string{"register", "-user", "bob", "-password", "a:secret", url}, "", "REGISTER: 401 Unauthorized: wrong user or password"},
		{[]string{"register", "-user", "bob", "-password", "b-secret", "-domain", "example.com", url}, "", "REGISTER: 404"},
		{[]string{"options", "-user", "bob", url}, "200 from sip:127.0.0.1, which allows: REGISTER", ""},
		{[]string{"message", "-user", "bob", "-password", "b-secret", "-to", "sip:alice@127.0.0.1", url, "hello"}, "", "MESSAGE: 480"},
		{[]string{"message", "-user", "bob", "-password", "b-secret", "-to", "sip:eve@127.0.0.1", url, "hello"}, "", "MESSAGE: 404"},
	} {
		out, err := invoke(t, test.args...)
		if !strings.HasPrefix(out, test.out) || (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%q: %q, %v", test.args, out, err)
		}
	}

	if _, resp, err := websocket.Dial(t.Context(), url, nil); err == nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without the subprotocol: %v", err)
	}
	c, err := transport.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	ended := make(chan error, 1)
	go func() {
		_, _, err := c.Read(t.Context())
		ended <- err
	}()
	if err := end(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("its client was left with %v", err)
	}
}

func TestMaxConnections(t *testing.T) {
	address, _ := startFront(t, "-user", "alice:secret", "-max-connections", "1")
	c, err := transport.Dial(t.Context(), "ws://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	// The first counts when its serve function runs, which may be after its Dial has returned.
	err = nil
	for range 100 {
		second, failed := transport.Dial(t.Context(), "ws://"+address, nil)
		if err = failed; err != nil {
			break
		}
		_ = second.CloseNow()
	}
	if err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a second client: %v", err)
	}
}

// Over TLS the Via says WSS (RFC 7118 §5.2.1), and the certificate is checked.
func TestTLS(t *testing.T) {
	certificate, key := selfSigned(t)
	address, _ := startFront(t, "-user", "alice:secret", "-tls-cert", certificate, "-tls-key", key)
	url := "wss://" + address + "/"
	if out, err := invoke(t, "register", "-user", "alice", "-password", "secret", "-ca", certificate, url); err != nil || !strings.HasPrefix(out, "registered") {
		t.Errorf("%q, %v", out, err)
	}
	_, err := invoke(t, "register", "-user", "alice", "-password", "secret", url)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("with a certificate that nobody vouches for: %v", err)
	}
}

func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
}

func TestCommandLines(t *testing.T) {
	const url = "ws://127.0.0.1:1/"
	bad := write(t, "users", "alice:secret\nnobody\n")
	for _, test := range []struct {
		says string
		args []string
	}{
		{"usage: sip COMMAND", nil},
		{"usage: sip COMMAND", []string{"call"}},
		{"0 arguments instead of 1", []string{"register", "-user", "alice"}},
		{"-user is needed", []string{"register", url}},
		{"1 arguments instead of 2", []string{"message", "-user", "alice", "-to", "sip:bob@example.com", url}},
		{"-to: ", []string{"message", "-user", "alice", url, "hello"}},
		{"is not a sip URI", []string{"message", "-user", "alice", "-to", "tel:110", url, "hello"}},
		{"not defined: -odd", []string{"listen", "-odd", url}},
		{"nobody may register", []string{"front"}},
		{"NAME:PASSWORD", []string{"front", "-user", "alice"}},
		{bad + ":2: ", []string{"front", "-users", bad}},
		{"go together", []string{"front", "-user", "alice:secret", "-tls-cert", "x"}},
		{"unexpected argument", []string{"front", "-user", "alice:secret", "now"}},
	} {
		var out, said bytes.Buffer
		if err := run(t.Context(), test.args, &out, &said); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", test.args, err)
		}
		if !strings.Contains(said.String(), test.says) || out.Len() > 0 {
			t.Errorf("%q says %q and %q, not %q", test.args, out.String(), said.String(), test.says)
		}
	}
	if _, err := invoke(t, "register", "-user", "alice", url); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: %v", err)
	}
	if _, err := invoke(t, "register", "-user", "alice", "http://127.0.0.1:1/"); err == nil || !strings.Contains(err.Error(), "not a ws or wss URL") {
		t.Errorf("an http URL: %v", err)
	}
}

// A listener outlives its server: it is there for the next.
func TestListenAgain(t *testing.T) {
	address, end := startFront(t, "-user", "bob:secret", "-user", "alice:secret")
	printed, ended := make(printer, 10), make(chan error, 1)
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	url := "ws://" + address + "/"
	go func() {
		ended <- run(ctx, []string{"listen", "-user", "bob", "-password", "secret", url}, printed, output(t))
	}()
	delivered := func() error {
		_, err := invoke(t, "message", "-user", "alice", "-password", "secret", "-to", "sip:bob@127.0.0.1", url, "hello")
		return err
	}
	until := func(what string) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; {
			err := delivered()
			if err == nil {
				break
			}
			if refused, ok := errors.AsType[*agent.ResponseError](err); !ok || refused.Status != 480 {
				t.Fatalf("%s: %v", what, err)
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: bob is not there", what)
			}
			time.Sleep(pause)
		}
		if line := <-printed; line != "sip:alice@127.0.0.1: \"hello\"\n" {
			t.Errorf("%s: bob was told %q", what, line)
		}
	}
	until("at first")
	if err := end(); err != nil {
		t.Fatal(err)
	}
	again, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	ready := make(printer, 1)
	go func() {
		served <- run(again, []string{"front", "-listen", address, "-user", "bob:secret", "-user", "alice:secret"}, ready, output(t))
	}()
	select {
	case <-ready:
	case err := <-served:
		t.Fatal(err)
	}
	until("after the server's return")
	leave()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

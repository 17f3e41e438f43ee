package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// A server of one port of TCP and the same of UDP.
func TestServeHTTP3(t *testing.T) {
	url, server := start(t, "-http2", "-http3", "-tls", "-v")
	e := ws(t, "two\nlines\n", "dial", "-v", "-http3", "-insecure", url)
	e.want(t, "two\nlines\n", "* connected (HTTP/3, permessage-deflate)\n", exitFine)
	for _, line := range []string{"* request:\n", "*   :method: CONNECT\n", "*   HTTP/3 200 OK\n", "* ended: closed by us: 1000\n"} {
		if !strings.Contains(e.stderr, line) {
			t.Errorf("-v does not say %q:\n%s", line, e.stderr)
		}
	}
	ws(t, "one\n", "dial", "-http2", "-insecure", url).want(t, "one\n", "", exitFine)
	ws(t, "one\n", "dial", "-insecure", url).want(t, "one\n", "", exitFine)
	ws(t, "", "dial", "-http3", "-insecure", "-origin", "https://page.example", url).want(t, "", "server answered 403 Forbidden\nThe server says:\n", exitFailed)

	pool := &http3.Pool{}
	defer pool.Close()
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTP3: pool, TLSConfig: &tls.Config{InsecureSkipVerify: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	// Once its echo is here, it counts as one that the server has to close.
	if err := c.Write(t.Context(), websocket.MessageText, []byte("ready")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { // the answer to our server's Close frame
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the client's read: %v", err)
		}
	}()
	log := logOf(t, server)
	for _, line := range []string{"msg=accepted socket=1 over=HTTP/3 peer=127.0.0.1:", "msg=accepted socket=2 over=HTTP/2 ", "msg=accepted socket=3 over=HTTP/1.1 ", "socket=5 over=HTTP/3"} {
		if !strings.Contains(log, line) {
			t.Errorf("the server does not say %q", line)
		}
	}
}

// A port that is free for TCP may be taken for UDP.
func TestServeHTTP3Fails(t *testing.T) {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	ws(t, "", "serve", "-http3", "-tls", "-listen", socket.LocalAddr().String()).want(t, "", "ws serve: "+socket.LocalAddr().String()+": address already in use\n", exitFailed)
}

// The page tells browsers of HTTP/3.
func TestServePageOffersHTTP3(t *testing.T) {
	url, _ := start(t, "-http3", "-tls")
	_, port, _ := strings.Cut(strings.Trim(strings.TrimPrefix(url, "wss://"), "/"), ":")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	resp, _ := get(t, client, "https"+strings.TrimPrefix(url, "wss"), browser)
	if offer := resp.Header.Get("Alt-Svc"); !strings.Contains(offer, `h3=":`+port+`"`) {
		t.Errorf("Alt-Svc: %q", offer)
	}
}

// A server that closes is answered, although the program ends at once.
func TestDialHTTP3Answers(t *testing.T) {
	url, server := start(t, "-http3", "-tls", "-v")
	client := exec.CommandContext(t.Context(), program, "dial", "-http3", "-insecure", "-v", url)
	stdin, err := client.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stderr, err := client.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	await := func(what string) {
		t.Helper()
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), what) {
				return
			}
		}
		t.Fatalf("the client does not say %q", what)
	}
	if _, err := io.WriteString(stdin, "ready\n"); err != nil {
		t.Fatal(err)
	}
	await("* received text") // so it counts as one that the server has to close
	if log := logOf(t, server); !strings.Contains(log, `how="websocket: closed by us: 1001"`) {
		t.Error("the server has seen no answer")
	}
	await("* ended: closed by the server: 1001")
	if err := client.Wait(); err != nil {
		t.Error(err)
	}
}

// What stops people who try HTTP/3 for the first time is told with what mends it.
func TestDialHTTP3Hints(t *testing.T) {
	secure, _ := start(t, "-tls")
	trusted, _ := start(t, "-http3", "-tls")
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	other, err := quic.Listen(socket, &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"doq"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	for _, test := range []struct{ name, args, hint string }{
		{"nobody", "-t 1s " + secure, ": HTTP/3: no answer within 1s (-t)\nDoes the server speak HTTP/3, and does UDP get through to it? Without -http3, ws dial uses TCP.\n"},
		{"nobody for long", secure, ": no answer by UDP\nDoes the server speak HTTP/3, and does UDP get through to it? Without -http3, ws dial uses TCP.\n"},
		{"unknown authority", trusted, ": HTTP/3: TLS: failed to verify certificate: certificate signed by unknown authority\n-ca FILE trusts the certificates in FILE, and -insecure trusts any.\n"},
		{"another protocol", "-insecure wss://" + socket.LocalAddr().String(), ": HTTP/3: TLS: the server says: no application protocol\n"},
		{"no host", "wss://nosuch.invalid", "nosuch.invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := ws(t, "", append([]string{"dial", "-http3"}, strings.Fields(test.args)...)...)
			e.want(t, "", test.hint, exitFailed)
			if found := identifier.FindString(e.stderr); found != "" || strings.Contains(e.stderr, "CRYPTO") {
				t.Errorf("%q is for programmers:\n%s", found, e.stderr)
			}
		})
	}
}

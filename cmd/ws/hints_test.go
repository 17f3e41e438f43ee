package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

// tcpServer gives each connection to serve.
func tcpServer(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// answering answers every request with the same.
func answering(text string) func(net.Conn) {
	return func(c net.Conn) {
		var request [4096]byte
		_, _ = c.Read(request[:])
		_, _ = io.WriteString(c, text)
	}
}

// identifier is what only somebody who writes Go would say.
var identifier = regexp.MustCompile(`websocket[.:]|net\.|tls: |x509: |OpError|context |deadline|\b[Ee]?EOF\b|(dial|read|write) tcp|HTTPHeader|Subprotocols|signal received|%!`)

// Failures of the handshake that everybody meets once are told with what mends them, in
// words that need no knowledge of Go.
func TestDialHints(t *testing.T) {
	plain, _ := start(t)
	plain = strings.TrimPrefix(plain, "ws://")
	silentLog := log.New(io.Discard, "", 0)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = silentLog
	secure.StartTLS()
	t.Cleanup(secure.Close)
	tlsAddr := strings.TrimPrefix(secure.URL, "https://")
	_, tlsPort, _ := strings.Cut(tlsAddr, ":")
	demanding := secure.TLS.Clone()
	demanding.ClientAuth = tls.RequireAnyClientCert

	nobody := tcpServer(t, func(c net.Conn) {})
	page := func(status, body string) string {
		return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	}
	nginx := tcpServer(t, answering(page("400 Bad Request", "<html><center>The plain HTTP request was sent to HTTPS port</center></html>")))
	apache := tcpServer(t, answering(page("400 Bad Request", "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />")))
	alert := tcpServer(t, answering("\x15\x03\x01\x00\x02\x02\x46"))
	unexpected := tcpServer(t, answering("\x15\x03\x03\x00\x02\x02\x0a"))
	unrelated := tcpServer(t, answering(page("400 Bad Request", "no https for you\r\n\r\n(nginx)\r\n")))
	ssh := tcpServer(t, answering("SSH-2.0-OpenSSH_9.6\r\n"))
	alerts := tcpServer(t, func(c net.Conn) {
		s := tls.Server(c, demanding)
		_, _ = s.Read(make([]byte, 1))
	})
	mute := tcpServer(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	refuses := tcpServer(t, answering(page("407 Proxy Authentication Required", "who are you?")))

	for _, test := range []struct{ name, args, hint string }{
		{"TLS at a server of Go", "ws://" + tlsAddr + "/a?b=c", "\nIs it wss://" + tlsAddr + "/a?\n"},
		{"TLS at nginx", "ws://" + nginx, "\nIs it wss://" + nginx + "/?\n"},
		{"TLS at Apache", "ws://" + apache, "\nIs it wss://" + apache + "/?\n"},
		{"TLS that sends an alert", "ws://" + alert, "\nIs it wss://" + alert + "/?\n"},
		{"TLS that finds it unexpected", "ws://" + unexpected, "\nIs it wss://" + unexpected + "/?\n"},
		{"TLS that hangs up", "ws://" + nobody, "\nIs it wss://" + nobody + "/?\n"},
		{"no TLS", "wss://" + plain, "\nIs it ws://" + plain + "?\n"},
		{"no TLS, hangs up", "wss://" + nobody, "\nIs it ws://" + nobody + "/?\n"},
		{"unknown authority", "wss://" + tlsAddr, "\n-ca FILE trusts the certificates in FILE, and -insecure trusts any.\n"},
		{"another name", "-ca CERT wss://localhost:" + tlsPort, "not localhost\n-insecure trusts any certificate.\n"},
		{"proxy without TLS", "-proxy https://" + plain + " ws://localhost", "\nIs it a proxy of http:// and not of https://?\n"},

		{"refused by a proxy", "-proxy http://" + refuses + " ws://localhost", "answered 407 Proxy Authentication Required\nThe proxy says:\n  who are you?\n"},
		{"unrelated", "ws://" + unrelated, "answered 400 Bad Request\nThe server says:\n  no https for you\n  \n  (nginx)\n"},
		{"another protocol", "ws://" + ssh, `malformed HTTP response "SSH-2.0-OpenSSH_9.6" (RFC 9112 §2)` + "\n"},
		{"client certificate", "-insecure wss://" + alerts, "the server says: certificate required\n"},
		{"no answer", "-t 50ms ws://" + mute, "no answer within 50ms (-t)\n"},
		{"no answer to TLS", "-t 50ms wss://" + mute, "TLS: no answer within 50ms (-t)\n"},
		{"no answer of a proxy", "-t 50ms -proxy socks5://" + mute + " ws://localhost", "proxy socks5://" + mute + ": SOCKS greeting: no answer within 50ms (-t)\n"},
		{"no host", "-proxy none ws://nosuch.invalid", "nosuch.invalid"},
		{"no proxy", "-proxy http://127.0.0.1:1 ws://localhost", "proxy http://127.0.0.1:1: connecting: 127.0.0.1:1: connection refused\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields("dial " + test.args)
			for i := range args {
				if args[i] == "CERT" {
					args[i] = t.TempDir() + "/cert.pem"
					writePEM(t, args[i], "CERTIFICATE", secure.Certificate().Raw)
				}
			}
			e := ws(t, "", args...)
			e.want(t, "", test.hint, exitFailed)
			if found := identifier.FindString(e.stderr); found != "" {
				t.Errorf("%q is for programmers:\n%s", found, e.stderr)
			}
		})
	}
}

// Errors of calls to the network, in the words of the system.
func TestPlain(t *testing.T) {
	addr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("websocket: something"), "something"},
		{fmt.Errorf("connecting: %w", &net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: &net.DNSError{Err: "no such host", Name: "a.example", Server: "9.9.9.9:53", IsNotFound: true}}), "connecting: 192.0.2.1:80: there is no host a.example"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "a.example"}}, "looking up a.example: server misbehaving"},
		{&net.OpError{Op: "read", Net: "tcp", Source: addr, Addr: addr, Err: errors.New("odd")}, "odd"},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, "the server says: tls: bad certificate"},
	} {
		if got := plain(test.err); got != test.want {
			t.Errorf("%v\nis told as %s\nwant       %s", test.err, got, test.want)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ws(t, "", "serve", "-listen", l.Addr().String()).want(t, "", "ws serve: "+l.Addr().String()+": address already in use\n", exitFailed)
}

// What the library says of its options is said of the flags.
func TestMisuse(t *testing.T) {
	_, _, err := websocket.Dial(t.Context(), "ws://localhost", &websocket.DialOptions{HTTPHeader: http.Header{"A": {"x\n"}}})
	wrong, ok := errors.AsType[*websocket.UsageError](err)
	if !ok {
		t.Fatal(err)
	}
	if text := misuse(wrong).Error(); identifier.MatchString(text) || !strings.Contains(text, "value of A in -H") {
		t.Error(text)
	}
}

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

// serveWith runs a server of the test's own.
func serveWith(t *testing.T, serve func(context.Context, *websocket.Conn) error) (url string) {
	t.Helper()
	return serving(t, websocket.Handler(serve, nil))
}

func serving(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http:", "ws:", 1)
}

// A line a message, both ways, to the last line of the input.
func TestDialPipe(t *testing.T) {
	url, _ := start(t)
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, "line %d\n", i)
	}
	for _, test := range []struct{ input, output string }{
		{"", ""},
		{"a\nb\n", "a\nb\n"},
		{"no newline", "no newline\n"},
		{"\n\nempty\n", "\n\nempty\n"},
		{"dos\r\n", "dos\n"},
		{"naïve – 漢字\n", "naïve – 漢字\n"},
		{strings.Repeat("long", 1<<18) + "\n", strings.Repeat("long", 1<<18) + "\n"},
		{many.String(), many.String()},
	} {
		ws(t, test.input, "dial", url).want(t, test.output, "", exitFine)
	}
}

func TestDialOne(t *testing.T) {
	url, _ := start(t)
	ws(t, "a\nb\n", "dial", "-1", url).want(t, "a\n", "", exitFine)
	ws(t, "a\nb\n", "dial", url, "-1").want(t, "a\n", "", exitFine)
	ws(t, "", "dial", "-1", "-t", "100ms", url).want(t, "", "no reply within 100ms", exitFailed)

	greets := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		return c.Write(ctx, websocket.MessageText, []byte("hello"))
	})
	ws(t, "", "dial", "-1", greets).want(t, "hello\n", "", exitFine)
	ws(t, "", "dial", greets).want(t, "hello\n", "ws dial: closed by the server: 1000\n", exitFine)

	silent := serveWith(t, func(context.Context, *websocket.Conn) error { return nil })
	ws(t, "", "dial", "-1", silent).want(t, "", "no reply: closed by the server: 1000", exitFailed)
}

// A server that takes its time is waited for as long as something comes.
func TestDialSlowReplies(t *testing.T) {
	url := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		for msg, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			time.Sleep(200 * time.Millisecond)
			if err := c.Write(ctx, msg.Type, msg.Data); err != nil {
				return err
			}
		}
		return nil
	})
	lines := strings.Repeat("line\n", 10)
	ws(t, lines, "dial", "-t", "1s", url).want(t, lines, "", exitFine)

	// So is one who reads the output slowly.
	echo, _ := start(t)
	lines = strings.Repeat(strings.Repeat("x", 99)+"\n", 5_000)
	cmd := exec.Command(program, "dial", "-t", "500ms", echo)
	cmd.Stdin = strings.NewReader(lines)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if got, err := io.ReadAll(stdout); err != nil || string(got) != lines {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(lines))
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}

	deaf := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		time.Sleep(time.Second)
		_, _, err := c.Read(ctx)
		return err
	})
	ws(t, "", "dial", "-t", "700ms", deaf).want(t, "", "no answer to the ping at the end of the input, and no message within 700ms", exitFailed)
	ws(t, "", "dial", "-t", "700ms", "-wait", "1ms", deaf).want(t, "", "", exitFine)
}

func TestDialBinary(t *testing.T) {
	url, _ := start(t)
	ws(t, "\xff\r\n\x00\n", "dial", "-b", url).want(t, "\xff\r\n\x00\n", "", exitFine)
	ws(t, "good\n\xff\n", "dial", url).want(t, "good\n", "line 2 of the input is not UTF-8", exitFailed)
}

func TestDialTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(nil) // for its certificate, and its key
	s.StartTLS()
	defer s.Close()
	der, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, cert, "CERTIFICATE", s.TLS.Certificates[0].Certificate[0])
	writePEM(t, key, "PRIVATE KEY", der)

	url, _ := start(t, "-tls-cert", cert, "-tls-key", key)
	if !strings.HasPrefix(url, "wss://") {
		t.Fatalf("the server is at %s", url)
	}
	ws(t, "safe\n", "dial", "-ca", cert, url).want(t, "safe\n", "", exitFine)
	ws(t, "safe\n", "dial", "-insecure", url).want(t, "safe\n", "", exitFine)
	ws(t, "safe\n", "dial", url).want(t, "", "certificate", exitFailed)
}

// A certificate may be of anybody, and names what it is for.
func TestDialCertificateNames(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"\x1b[2Jgone"}}
	der, err := x509.CreateCertificate(nil, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(nil)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	defer s.Close()
	url := strings.NewReplacer("https:", "wss:", "127.0.0.1", "localhost").Replace(s.URL)
	ws(t, "", "dial", url).want(t, "", `valid for \x1b[2Jgone, not localhost`, exitFailed)
}

func writePEM(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDialFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "ws://" + l.Addr().String() + "/"
	l.Close()
	ws(t, "", "dial", nobody).want(t, "", "connection refused", exitFailed)

	url, _ := start(t)
	e := ws(t, "", "dial", "-origin", "https://evil.example", url)
	e.want(t, "", "403 Forbidden", exitFailed)
	if !strings.Contains(e.stderr, `"https://evil.example" is not allowed`) {
		t.Errorf("the server's answer is not shown: %q", e.stderr)
	}

	rude := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "\x1b[2Jgone\n")
	}))
	defer rude.Close()
	e = ws(t, "", "dial", strings.Replace(rude.URL, "http:", "ws:", 1))
	e.want(t, "", `\x1b[2Jgone`, exitFailed)
}

// The peer decides how it ends: its code, what is said of it, and what the exit code is
// for that.
func TestDialEndings(t *testing.T) {
	for _, test := range []struct {
		ending error
		stderr string
		code   int
	}{
		{nil, "closed by the server: 1000", exitFine},
		{websocket.CloseError{Code: websocket.StatusNormalClosure, Reason: "done"}, `closed by the server: 1000 "done"`, exitFine},
		{websocket.CloseError{Code: websocket.StatusGoingAway, Reason: "new version \U0001f469\u200d\U0001f680"}, `closed by the server: 1001 "new version ` + "\U0001f469\u200d\U0001f680\"", exitFine},
		{websocket.CloseError{Code: websocket.StatusNoStatusRcvd}, "closed by the server: no code", exitFine},
		{websocket.CloseError{Code: 1013, Reason: "full"}, `closed by the server: 1013 "full"`, exitFailed},
		{websocket.CloseError{Code: 4000, Reason: "\x1b[2J"}, `closed by the server: 4000 "\x1b[2J"`, exitFailed},
		{io.ErrClosedPipe, "closed by the server: 1011", exitFailed},
	} {
		url := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
			if err := c.Write(ctx, websocket.MessageText, []byte("last words")); err != nil {
				return err
			}
			return test.ending
		})
		ws(t, "", "dial", "-wait", "10s", url).want(t, "last words\n", "ws dial: "+test.stderr+"\n", test.code)
		said := "* ended: " + test.stderr + "\n"
		if test.code != exitFine {
			said = "ws dial: " + test.stderr + "\n"
		}
		e := ws(t, "", "dial", "-v", "-wait", "10s", url)
		e.want(t, "last words\n", said, test.code)
		if n := strings.Count(e.stderr, test.stderr); n != 1 {
			t.Errorf("with -v it is told %d times:\n%s", n, e.stderr)
		}
	}

	url := serveWith(t, func(_ context.Context, c *websocket.Conn) error { return c.CloseNow() })
	ws(t, "x\n", "dial", "-wait", "10s", url).want(t, "", "TCP without a Close frame", exitFailed)
}

// What the flags put into the request and the Close frame.
func TestDialFlags(t *testing.T) {
	type seen struct {
		request *http.Request
		close   error
	}
	got := make(chan seen, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols: []string{"b"}, OriginPatterns: []string{"page.example"},
		})
		if err != nil {
			t.Error(err)
			return
		}
		_, _, err = c.Read(r.Context())
		got <- seen{r, err}
	}))
	defer s.Close()
	e := ws(t, "", "dial", "-H", "X-One: 1", "-H", "x-one:2", "-H", "Host: other.example", "-origin", "http://page.example",
		"-subprotocol", "a,b", "-close-code", "4001", "-close-reason", "enough", "-proxy", "none", "-v",
		strings.Replace(s.URL, "http:", "ws:", 1))
	e.want(t, "", "HTTP/1.1 101", exitFine)
	if !strings.Contains(e.stderr, "sent close") || !strings.Contains(e.stderr, `* ended: closed by us: 4001 "enough"`+"\n") {
		t.Errorf("-v tells %q", e.stderr)
	}
	g := <-got
	if h := g.request.Header; strings.Join(h["X-One"], ",") != "1,2" || h.Get("Origin") != "http://page.example" || g.request.Host != "other.example" {
		t.Errorf("Host %q, %v", g.request.Host, h)
	}
	if p := strings.Join(g.request.Header["Sec-Websocket-Protocol"], ","); strings.ReplaceAll(p, " ", "") != "a,b" {
		t.Errorf("subprotocols %q", p)
	}
	if !strings.Contains(g.close.Error(), `4001 "enough"`) {
		t.Errorf("closed with %v", g.close)
	}
}

// SIGTERM in the middle of a conversation closes it in order.
func TestDialSignal(t *testing.T) {
	closed := make(chan error, 1)
	url := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		err := c.Write(ctx, websocket.MessageText, []byte("ready"))
		if err == nil {
			_, _, err = c.Read(ctx)
		}
		closed <- err
		return nil
	})
	cmd := exec.Command(program, "dial", url)
	stdin, err := cmd.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	if err := <-closed; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the server saw %v", err)
	}
}

// A server that answers late is waited for with -wait: one that answers when ws,
// which asks at the end of its input whether anything is on its way, has heard that
// nothing is, and has had the time to close.
func TestDialWait(t *testing.T) {
	asked := make(chan struct{})
	opts := &websocket.AcceptOptions{OnPingReceived: func(context.Context, []byte) bool { close(asked); return true }}
	url := serving(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		_, p, err := c.Read(ctx)
		if err != nil {
			return err
		}
		go func() {
			<-asked
			for range 100 {
				_ = c.Ping(ctx)
			}
			_ = c.Write(ctx, websocket.MessageText, p)
			_ = c.Close(websocket.StatusNormalClosure, "")
		}()
		_, _, err = c.Read(ctx)
		return err
	}, opts))
	ws(t, "late\n", "dial", "-wait", "30s", url).want(t, "late\n", "closed by the server: 1000", exitFine)
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain, 漢字 \t":      "plain, 漢字 \t",
		"\x1b]0;title\x07":  `\x1b]0;title\a`,
		"a\rb":              `a\rb`,
		"\u202etxt":         `\u202etxt`,
		"two\nlines \u0085": "two\nlines \\u0085",
		"👨\u200d👩\u200d👧":   "👨\u200d👩\u200d👧",
	} {
		if got := visible(in, true); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
	if got := visible("two\nlines", false); got != `two\nlines` {
		t.Errorf("without lines: %q", got)
	}
}

// A line about each message, where the messages are not lines.
func TestDialDescribe(t *testing.T) {
	url := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		for _, m := range []struct {
			typ websocket.MessageType
			p   string
		}{
			{websocket.MessageText, "two\nlines"},
			{websocket.MessageText, `{"a":1}`},
			{websocket.MessageBinary, "\x08\x96\x01"},
			{websocket.MessageBinary, "\x00\n\x01"},
			{websocket.MessageBinary, "letters"},
			{websocket.MessageBinary, ""},
			{websocket.MessageBinary, strings.Repeat("\xfe", 3000)},
		} {
			if err := c.Write(ctx, m.typ, []byte(m.p)); err != nil {
				return err
			}
		}
		return nil
	})
	ws(t, "", "dial", "-describe", "-wait", "10s", url).want(t, "text, 9 bytes: two\\nlines\n"+
		"text, 7 bytes, JSON: {\"a\":1}\n"+
		"binary, 3 bytes, protobuf: 1: 150\n"+
		"binary, 3 bytes: 00 0a 01\n"+
		"binary, 7 bytes, text: letters\n"+
		"binary, 0 bytes\n"+
		"binary, 3000 bytes: "+strings.Repeat("fe ", 24)+"…\n", "closed by the server: 1000", exitFine)
}

func TestOnTerminal(t *testing.T) {
	for _, test := range []struct {
		describe bool
		typ      websocket.MessageType
		p, want  string
	}{
		{false, websocket.MessageText, "two\nlines\x1b", "two\n  lines\\x1b"},
		{false, websocket.MessageText, "x\n* ended: not by this", "x\n  * ended: not by this"},
		{false, websocket.MessageText, "👩🏾\u200d🚀", "👩🏾\u200d🚀"},
		{false, websocket.MessageBinary, "\x00\x01", "2 bytes: 00 01"},
		{false, websocket.MessageBinary, "letters", "7 bytes: 6c 65 74 74 65 72 73"},
		{false, websocket.MessageBinary, "\x12\x05\x1b[2J!", `7 bytes, protobuf: 2: <5 octets>`},
		{false, websocket.MessageBinary, "\x12\x07testing", `9 bytes, protobuf: 2: "testing"`},
		{true, websocket.MessageText, "two\nlines", `text, 9 bytes: two\nlines`},
		{true, websocket.MessageBinary, "\x00\x01", "binary, 2 bytes: 00 01"},
	} {
		d := &display{describe: test.describe}
		if got := d.onTerminal(test.typ, []byte(test.p)); got != test.want {
			t.Errorf("%q: %s, want %s", test.p, got, test.want)
		}
	}
}

// A token in the query is nobody's business but the server's: not even when that
// quotes it.
func TestDialKeepsToken(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiJ9.claims.signature"
	url := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Query", r.URL.RawQuery)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, "invalid token: %s, at %s", r.FormValue("access_token"), r.URL.Path)
	}))
	for _, address := range []string{
		url + "/rtc?x=rtc&access_token=" + token,
		strings.TrimPrefix(url, "ws://") + "/rtc?access_token=" + token, // no URL
		url + "/rtc?access_token=" + token + "#fragment",
		url + "/%zz?access_token=" + token,
		"ws://127.0.0.1:99999/rtc?access_token=" + token,
		strings.Replace(url, "ws:", "wss:", 1) + "/rtc?access_token=" + token,
	} {
		e := ws(t, "", "dial", "-v", address)
		if e.code == exitFine || strings.Contains(e.stderr, token) {
			t.Errorf("%s: exit code %d\n%s", address, e.code, e.stderr)
		}
	}
	e := ws(t, "", "dial", "-v", url+"/rtc?x=rtc&access_token="+token)
	e.want(t, "", "invalid token: <access_token>, at /rtc", exitFailed)
	if !strings.Contains(e.stderr, "*   X-Query: x=rtc&access_token=<access_token>\n") {
		t.Errorf("-v does not show the response: %s", e.stderr)
	}
	e = ws(t, "", "dial", "-v", url+"/rtc?x=rtc&access_token=c2VjcmV0%2BPw%3D%3d")
	if strings.Contains(e.stderr, "c2VjcmV0") {
		t.Errorf("an encoded token is shown: %s", e.stderr)
	}
}

// What -H has, and a password, are nobody's business either: what -v prints is pasted into reports.
func TestDialKeepsHeader(t *testing.T) {
	url, _ := start(t, "-http2")
	for _, version := range []string{"", "-http2"} {
		args := strings.Fields("dial -v " + version + " -origin " + strings.Replace(url, "ws:", "http:", 1) + " " + strings.Replace(url, "ws://", "ws://ann:secret1@", 1))
		args = append(args, "-H", "Cookie: id=secret2", "-H", "x-api-key: secret3")
		e := ws(t, "", args...)
		e.want(t, "", "connected", exitFine)
		lower := strings.ToLower(e.stderr)
		for _, hidden := range []string{"authorization: …", "cookie: …", "x-api-key: …"} {
			if !strings.Contains(lower, hidden) {
				t.Errorf("%s: no line %q", version, hidden)
			}
		}
		if strings.Contains(lower, "secret") || strings.Contains(e.stderr, "YW5u") || !strings.Contains(lower, "origin: http://") {
			t.Errorf("%s: too much is shown, or too little:\n%s", version, e.stderr)
		}
	}
}

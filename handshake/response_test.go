package handshake

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// readResponse reads a response by net/http, and sees that nothing is left.
func readResponse(t *testing.T, b []byte) *http.Response {
	t.Helper()
	br := bufio.NewReader(bytes.NewReader(b))
	response, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || br.Buffered() != 0 {
		t.Fatalf("%q: body %v, %d bytes left", b, err, br.Buffered())
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2, item 5.
func TestAppendSwitching(t *testing.T) {
	a := Acceptance{Key: "dGhlIHNhbXBsZSBub25jZQ=="}
	const bare = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	if got := string(AppendSwitching(nil, a, nil)); got != bare+"\r\n" {
		t.Errorf("bare: %q", got)
	}
	a.Subprotocol = "chat"
	a.Deflated = true
	a.Deflate = Deflate{Server: DeflateSide{NoContextTakeover: true}, Client: DeflateSide{MaxWindowBits: 9}}
	got := string(AppendSwitching([]byte("before "), a, []Field{{"Set-Cookie", "a=b"}, {"Set-Cookie", ""}}))
	want := "before " + bare + "Sec-WebSocket-Protocol: chat\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=9\r\nSet-Cookie: a=b\r\nSet-Cookie: \r\n\r\n"
	if got != want {
		t.Errorf("full: %q\nwant  %q", got, want)
	}
}

// "attacks.md: CR/LF/NUL in subprotocol and response headers". (A subprotocol
// that is selected was a token: TestMalformedSubprotocols.)
func TestSwitchingHoldsNoOtherHeader(t *testing.T) {
	a := Acceptance{Key: "dGhlIHNhbXBsZSBub25jZQ=="}
	bare := string(AppendSwitching(nil, a, nil))
	for _, f := range []Field{
		{"X", "a\r\nSet-Cookie: b"}, {"X", "a\n"}, {"X", "\x00"}, {"X", "\x7f"},
		{"X\r\nY", "a"}, {"X: a\r\nY", "b"}, {"", "a"}, {"X ", "a"},
		{"Connection", "close"}, {"upgrade", "h2c"}, {"SEC-websocket-ACCEPT", "a"}, {"Sec-WebSocket-Key", "a"},
		{"Sec-WebSocket-Protocol", "a"}, {"Sec-WebSocket-Extensions", "a"}, {"Sec-WebSocket-Version", "13"},
		{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"},
	} {
		if got := string(AppendSwitching(nil, a, []Field{f})); got != bare {
			t.Errorf("%q: %q", f, got)
		}
	}
	for _, name := range []string{"Set-Cookie", "Server", "X-Upgrade", "Host", ""} {
		if Reserved(name) {
			t.Errorf("%s is reserved", name)
		}
	}
}

func TestAppendRefusal(t *testing.T) {
	for _, row := range []struct {
		refusal *Refusal
		status  string
		headers map[string]string
	}{
		{badRequest("§4.2.1", "x"), "400 Bad Request", nil},
		{forbidden("x"), "403 Forbidden", nil},
		{checkMethod("POST"), "405 Method Not Allowed", map[string]string{"Allow": "GET"}},
		{refuse(426, "§4.2.1", "x"), "426 Upgrade Required", map[string]string{"Upgrade": "websocket", "Connection": "Upgrade"}},
		{&Refusal{Status: 426, Version: true}, "426 Upgrade Required", map[string]string{"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}},
		{refuse(431, "", "x"), "431 Request Header Fields Too Large", nil},
		{refuse(statusNotImplemented, "", "x"), "501 Not Implemented", nil},
		{checkVersion(1, 0), "505 HTTP Version Not Supported", nil},
		{&Refusal{Status: 599, Reason: "by the caller"}, "599 ", nil},
	} {
		b := AppendRefusal([]byte{}, row.refusal)
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 "+row.status+"\r\n")) {
			t.Errorf("%q, want %s", b, row.status)
		}
		response := readResponse(t, b)
		body, _ := io.ReadAll(response.Body)
		if string(body) != row.refusal.Error()+"\n" || !response.Close ||
			!strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %v, body %q", row.status, response, body)
		}
		for name, want := range row.headers {
			if !bytes.Contains(b, []byte("\r\n"+name+": "+want+"\r\n")) {
				t.Errorf("%q, want %s: %s", b, name, want)
			}
		}
	}
	if got := string(AppendRefusal([]byte("before "), badRequest("", "x"))); !strings.HasPrefix(got, "before HTTP/1.1 400") {
		t.Errorf("%q", got)
	}
}

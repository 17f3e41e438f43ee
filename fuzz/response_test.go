package fuzz_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/naive"
)

// answering is a server in memory that answers a request with response, in pieces,
// the digest of RFC 6455 §1.3 in it made that of the key it got.
func answering(response, cuts []byte) (client net.Conn, sent func() (answer []byte, accept string)) {
	client, server := net.Pipe()
	out := make(chan []byte, 2)
	go func() {
		defer server.Close()
		var request []byte
		buf := make([]byte, 4096)
		for !bytes.HasSuffix(request, []byte("\r\n\r\n")) {
			n, err := server.Read(buf)
			if err != nil {
				close(out)
				return
			}
			request = append(request, buf[:n]...)
		}
		key := ""
		for line := range strings.SplitSeq(string(request), "\r\n") {
			if name, value, _ := strings.Cut(line, ": "); strings.EqualFold(name, "Sec-WebSocket-Key") {
				key = value
			}
		}
		accept := handshake.AppendAccept(nil, key)
		answer := bytes.ReplaceAll(response, []byte(digest), accept)
		out <- answer
		out <- accept
		for piece := range cut(answer, cuts) {
			if _, err := server.Write(piece); err != nil {
				return
			}
		}
	}()
	return client, func() ([]byte, string) { return <-out, string(<-out) }
}

// tail is what comes behind every response: a message, and the end.
var tail = slices.Concat(
	naive.Encode(naive.Frame{FIN: true, Opcode: 1, Payload: []byte("behind the head")}),
	naive.Encode(naive.Frame{FIN: true, Opcode: 8, Payload: []byte("\x03\xe8")}),
)

// FuzzResponseHead: a client accepts what a second reading of the response, by the
// rules of RFC 6455 §4.1, finds nothing against, and nothing that this or net/http
// would read otherwise; 1xx responses before it are passed over, and every byte
// behind the head is the WebSocket's.
func FuzzResponseHead(f *testing.F) {
	heads := seeds.Responses()
	seeds.Need(f, heads, 80)
	for i, h := range heads {
		f.Add(bytes.Clone(h.Data), someCuts[i%len(someCuts)], i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, response, cuts []byte, deflate bool) {
		if len(response) > 8<<10 {
			return
		}
		opts := &websocket.DialOptions{MaxRedirects: -1}
		if deflate {
			opts.CompressionMode = websocket.CompressionContextTakeover
		}
		opts.Proxy = noProxy
		client, sent := answering(append(bytes.Clone(response), tail...), cuts)
		opts.DialContext = func(context.Context, string, string) (net.Conn, error) { return client, nil }
		c, resp, err := websocket.Dial(t.Context(), "ws://a/", opts)
		answer, accept := sent()
		want, strict := secondReading(answer, accept, deflate)
		if err != nil {
			_ = client.Close()
			if c != nil {
				t.Fatalf("%q: %v, and a connection", answer, err)
			}
			failed, ok := errors.AsType[*websocket.HandshakeError](err)
			if !ok || failed.URL == "" {
				t.Fatalf("%q: %T %v", answer, err, err)
			}
			if strict && want.accepted {
				t.Fatalf("%q: nothing is wrong with it, but %v", answer, err)
			}
			return
		}
		defer c.CloseNow()
		if !want.accepted {
			t.Fatalf("%q: accepted, though %s", answer, want.why)
		}
		wantByNetHTTP(t, answer, want, resp)
		wantBehind(t, c, answer[want.end:])
	})
}

// isStatus is RFC 9112 §4.
var isStatus = regexp.MustCompile(`^[0-9]{3}$`)

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// A reading is what an answer says.
type reading struct {
	accepted bool
	why      string // it is not
	end      int    // of the head that counts
	passed   int    // 1xx before it
}

// secondReading reads an answer line by line. It lets pass what RFC 9112 §2.2 and
// §5.2 let a recipient take for a line; strict says that there was nothing of the kind.
func secondReading(answer []byte, accept string, offered bool) (r reading, strict bool) {
	strict = true
	for {
		lines, n, plain := headLines(answer[r.end:])
		strict = strict && plain
		if n == 0 {
			return reading{why: "the head does not end"}, strict
		}
		r.end += n
		version, rest, _ := strings.Cut(lines[0], " ")
		// RFC 9112 §4: several spaces may be taken for one.
		status, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		strict = strict && !strings.HasPrefix(rest, " ") && version == "HTTP/1.1" && isStatus.MatchString(status) && strings.Count(lines[0], " ") >= 2
		h := map[string][]string{} // names in small letters
		for _, line := range lines[1:] {
			name, value, colon := strings.Cut(line, ":")
			if !colon {
				r.why = "a line has no colon"
				return r, strict
			}
			strict = strict && isToken.MatchString(name)
			h[strings.ToLower(name)] = append(h[strings.ToLower(name)], strings.Trim(value, " \t"))
			// How long a body is, net/http judges even where there is none.
			strict = strict && !slices.Contains([]string{"content-length", "transfer-encoding", "trailer"}, strings.ToLower(name))
		}
		if strings.HasPrefix(status, "1") && status != "101" && r.passed < 5 {
			r.passed++
			continue
		}
		// Where Connection says close as well, net/http takes the field away, and the
		// client misses it.
		tokens, _ := split(h["connection"])
		strict = strict && !slices.ContainsFunc(tokens, func(e string) bool { return asciiFold(e) == "close" })
		if strings.HasPrefix(status, "1") && status != "101" {
			r.why = "there are too many 1xx"
			return r, strict
		}
		r.why = fault(version, status, h, accept, offered)
		r.accepted = r.why == ""
		return r, strict
	}
}

// headLines are the lines of the head that p begins with, n bytes long; plain says
// that they end in CR LF and hold no other control characters.
func headLines(p []byte) (lines []string, n int, plain bool) {
	plain = true
	for {
		i := bytes.IndexByte(p[n:], '\n')
		if i < 0 {
			return nil, 0, false
		}
		line := string(p[n : n+i])
		n += i + 1
		text, cr := strings.CutSuffix(line, "\r")
		plain = plain && cr && !strings.ContainsFunc(latin1(text), func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
		switch {
		case text == "" && len(lines) > 0:
			return lines, n, plain
		case len(lines) > 1 && strings.Trim(text[:1], " \t") == "": // folded
			lines[len(lines)-1] += " " + strings.Trim(text, " \t")
			plain = false
		default:
			lines = append(lines, text)
		}
	}
}

// fault is what RFC 6455 §4.1 has against an answer.
func fault(version, status string, h map[string][]string, accept string, offered bool) string {
	connection, tokens := split(h["connection"])
	extensions, _, follows := obvious(h["sec-websocket-extensions"])
	switch {
	case status != "101" || !strings.HasPrefix(version, "HTTP/1.") || version == "HTTP/1.0":
		return "it is not a 101 of HTTP/1.1"
	case len(h["upgrade"]) != 1 || asciiFold(h["upgrade"][0]) != "websocket":
		return "Upgrade is not websocket"
	case !tokens || !slices.ContainsFunc(connection, func(e string) bool { return asciiFold(e) == "upgrade" }):
		return "Connection has no Upgrade"
	case len(h["sec-websocket-accept"]) != 1 || h["sec-websocket-accept"][0] != accept:
		return "Sec-WebSocket-Accept does not answer the key, once"
	case len(h["sec-websocket-protocol"]) > 0:
		return "there is a subprotocol"
	case len(h["sec-websocket-extensions"]) > 1, !follows, len(extensions) > 1:
		return "Sec-WebSocket-Extensions is malformed"
	}
	for _, e := range extensions {
		a, ok := readDeflate(e, true)
		if !offered || e.Name != "permessage-deflate" || !ok || !answers(a, agreed{clientBits: 1}) {
			return "there is an extension that was not offered"
		}
	}
	return ""
}

// wantByNetHTTP has net/http read the answer: it is the same response, and ends where
// the second reading says.
func wantByNetHTTP(t *testing.T, answer []byte, want reading, got *http.Response) {
	t.Helper()
	br := bufio.NewReaderSize(bytes.NewReader(answer), len(answer)+16)
	for passed := 0; ; passed++ {
		theirs, err := http.ReadResponse(br, &http.Request{Method: "GET"})
		if err != nil {
			t.Fatalf("%q: accepted, but net/http says %v", answer, err)
		}
		if theirs.StatusCode != 101 {
			continue
		}
		end := len(answer) - br.Buffered()
		if passed != want.passed || end != want.end {
			t.Fatalf("%q: %d 1xx and %d bytes, by net/http %d and %d", answer, want.passed, want.end, passed, end)
		}
		if got == nil || got.StatusCode != 101 || len(got.Header) != len(theirs.Header) {
			t.Fatalf("%q: %+v, by net/http %+v", answer, got, theirs)
		}
		for name, lines := range theirs.Header {
			if !slices.Equal(got.Header[name], lines) {
				t.Fatalf("%q: %s is %q, by net/http %q", answer, name, got.Header[name], lines)
			}
		}
		return
	}
}

// wantBehind reads the first message, if that is what rest begins with.
func wantBehind(t *testing.T, c *websocket.Conn, rest []byte) {
	t.Helper()
	want, n := naive.Decode(rest)
	if n == 0 || !want.FIN || want.Opcode != 1 && want.Opcode != 2 || len(naive.Broken(want, false, false)) > 0 ||
		want.Opcode == 1 && naive.FirstBad(want.Payload) >= 0 {
		return
	}
	kind, got, err := c.Read(t.Context())
	if want.Opcode == 1 && !utf8.Valid(want.Payload) {
		return
	}
	if err != nil || byte(kind) != want.Opcode || !bytes.Equal(got, want.Payload) {
		t.Fatalf("behind the head %x: %v %x, %v", rest, kind, got, err)
	}
}

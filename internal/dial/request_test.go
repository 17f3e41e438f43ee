package dial

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// sentRequest dials a server that refuses, and returns the head as it came.
func sentRequest(t *testing.T, u string, opts Options) string {
	t.Helper()
	client, server := net.Pipe()
	head := make(chan string, 1)
	go func() {
		defer server.Close()
		br, all := bufio.NewReader(server), ""
		for !strings.HasSuffix(all, "\r\n\r\n") {
			line, err := br.ReadString('\n')
			if err != nil {
				break
			}
			all += line
		}
		head <- all
		_, _ = server.Write([]byte("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))
	}()
	opts.DialContext = func(context.Context, string, string) (net.Conn, error) { return client, nil }
	opts.Proxy = noProxy
	if resp, err := dialFailed(t, t.Context(), u, &opts); resp == nil || resp.StatusCode != 403 {
		t.Fatal(err)
	}
	return <-head
}

// RFC 6455 §4.1: the requirements on the opening handshake, items 1 to 12.
func TestDialRequest(t *testing.T) {
	noLeaks(t)
	head := sentRequest(t, "ws://Example.com:8080/a?b", Options{
		Subprotocols: []string{"x", "y"},
		HTTPHeader: http.Header{
			"Origin": {"https://example.com"}, "x-lower": {"1", "2"}, "Host": {"other.example:80"},
		},
	})
	lines := strings.Split(head, "\r\n")
	key, _ := strings.CutPrefix(lines[4], "Sec-WebSocket-Key: ")
	if !handshake.ValidKey(key) {
		t.Errorf("key %q", key)
	}
	want := strings.Join([]string{
		"GET /a?b HTTP/1.1",
		"Host: other.example:80",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: " + key,
		"Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Protocol: x, y",
		"Origin: https://example.com",
		"x-lower: 1",
		"x-lower: 2",
		"User-Agent: " + userAgent,
		"", "",
	}, "\r\n")
	if head != want {
		t.Errorf("got\n%s\nwant\n%s", head, want)
	}

	// Item 7: "The nonce MUST be selected randomly for each connection."
	again := sentRequest(t, "ws://example.com/", Options{})
	if strings.Contains(again, key) {
		t.Error("the key came twice")
	}
}

func TestDialRequestLines(t *testing.T) {
	noLeaks(t)
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(&url.URL{Scheme: "http", Host: "example.com"}, []*http.Cookie{{Name: "j", Value: "1"}})
	for _, test := range []struct {
		name, u string
		opts    Options
		want    []string // lines
		not     string
	}{
		{"basic auth", "ws://user:p%40ss@example.com/", Options{}, []string{"Authorization: Basic dXNlcjpwQHNz"}, ""},
		{"basic auth, no password", "ws://user@example.com/", Options{}, []string{"Authorization: Basic dXNlcjo="}, ""},
		{
			"the caller's own authorization", "ws://user:pass@example.com/",
			Options{HTTPHeader: http.Header{"authorization": {"Bearer x"}}},
			[]string{"authorization: Bearer x"}, "Basic",
		},
		{"cookies of the jar", "ws://example.com/", Options{Jar: jar}, []string{"Cookie: j=1"}, ""},
		{
			"cookies of the jar and the caller", "ws://example.com/",
			Options{Jar: jar, HTTPHeader: http.Header{"Cookie": {"a=1; b=2", "c=3"}}},
			[]string{"Cookie: a=1; b=2; c=3; j=1"}, "",
		},
		{"cookies of another host", "ws://example.org/", Options{Jar: jar}, nil, "Cookie"},
		{"no subprotocols", "ws://example.com/", Options{}, nil, "Sec-WebSocket-Protocol"},
		{"no origin of our own", "ws://example.com/", Options{}, nil, "Origin"},
		{"nothing is offered that we cannot do", "ws://example.com/", Options{}, nil, "Sec-WebSocket-Extensions"},
		{"User-Agent", "ws://example.com/", Options{HTTPHeader: http.Header{"User-Agent": {"me"}}}, []string{"User-Agent: me"}, userAgent},
		{"no User-Agent", "ws://example.com/", Options{HTTPHeader: http.Header{"User-Agent": {""}}}, nil, "User-Agent"},
		{"Host", "ws://10.0.0.1:8080/", Options{Host: "bücher.example:81"}, []string{"Host: xn--bcher-kva.example:81"}, ""},
		{"Host before that in HTTPHeader", "ws://h/", Options{Host: "a", HTTPHeader: http.Header{"Host": {"b"}}}, []string{"Host: a"}, "Host: b"},
		{"subprotocols of joined lists", "ws://example.com/", Options{Subprotocols: []string{"", "a", "b", "a"}}, []string{"Sec-WebSocket-Protocol: a, b"}, ""},
		{"only empty subprotocols", "ws://example.com/", Options{Subprotocols: []string{""}}, nil, "Sec-WebSocket-Protocol"},
		{
			"the header of a request that is passed on", "ws://example.com/",
			Options{HTTPHeader: http.Header{
				"X": {"1"}, "Sec-Websocket-Key": {"theirs"}, "sec-websocket-version": {"theirs"}, "Sec-Websocket-Extensions": {"theirs"},
				"Sec-WebSocket-Protocol": {"theirs"}, "Connection": {"theirs"}, "Upgrade": {"theirs"},
				"Content-Length": {"theirs"}, "Transfer-Encoding": {"theirs"},
			}},
			[]string{"X: 1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"}, "theirs",
		},
		{"Host without a zone", "ws://h/", Options{Host: "[fe80::1%eth0]"}, []string{"Host: [fe80::1]"}, ""},
	} {
		head := sentRequest(t, test.u, test.opts)
		for _, line := range test.want {
			if !strings.Contains(head, "\r\n"+line+"\r\n") {
				t.Errorf("%s: no line %q in\n%s", test.name, line, head)
			}
		}
		if test.not != "" && strings.Contains(head, test.not) {
			t.Errorf("%s: %q in\n%s", test.name, test.not, head)
		}
	}
}

// No string of the application ends a line.
func TestDialHeaderMisuse(t *testing.T) {
	for _, test := range []struct {
		name, value, problem string
	}{
		{"A b", "secret", "not a token"},
		{"", "secret", "not a token"},
		{"A\r\nB", "secret", "not a token"},
		{"A", "secret\r\nB: c", "value of A in HTTPHeader has a control character"},
		{"A", "secret\x00", "value of A in HTTPHeader has a control character"},
		{"Host", "a b", "Host: "}, {"Host", "a/b", "Host: "}, {"Host", "u@h", "Host: "}, {"Host", "a:b", "Host: "},
	} {
		for _, client := range []*http.Client{nil, {Transport: refuseRoundTrip{t}}} {
			opts := &Options{HTTPClient: client, HTTPHeader: http.Header{test.name: {test.value}}}
			if client == nil {
				opts.DialContext = unreachable(t)
			}
			_, err := dialFailed(t, t.Context(), "ws://example.com/", opts)
			wantMisuse(t, err, test.problem)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error("the error quotes a value:", err)
			}
		}
	}
	_, err := dialFailed(t, t.Context(), "ws://example.com/", &Options{HTTPHeader: http.Header{"Host": {"a", "b"}}})
	wantMisuse(t, err, "more than one Host")
}

type refuseRoundTrip struct{ t *testing.T }

func (r refuseRoundTrip) RoundTrip(*http.Request) (*http.Response, error) {
	r.t.Error("a request was sent")
	return nil, http.ErrNotSupported
}

package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// streams answers requests by their paths.
type streams struct {
	t       *testing.T
	asked   []*http.Request
	config  *tls.Config
	bytes   int
	streams []net.Conn // their other ends
}

func (s *streams) DialStream(r *http.Request, config *tls.Config, headerBytes int) (net.Conn, *http.Response, error) {
	s.asked, s.config, s.bytes = append(s.asked, r), config, headerBytes
	resp := &http.Response{StatusCode: 200, Proto: "HTTP/3.0", ProtoMajor: 3, Header: http.Header{"Set-Cookie": {"a=b"}}}
	switch r.URL.Path {
	case "/lost":
		return nil, nil, io.ErrUnexpectedEOF
	case "/late":
		<-r.Context().Done()
		return nil, nil, io.ErrUnexpectedEOF
	case "/elsewhere":
		resp.StatusCode = 302
		resp.Header.Set("Location", "https://other.example/")
		return nil, resp, nil
	case "/refused":
		resp.StatusCode, resp.Body = 403, io.NopCloser(strings.NewReader("no"))
		return nil, resp, nil
	case "/wrong":
		resp.Header.Set("Sec-Websocket-Protocol", "never-offered")
	}
	a, b := net.Pipe()
	s.t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	s.streams = append(s.streams, b)
	return a, resp, nil
}

func TestStreamDialer(t *testing.T) {
	s := &streams{t: t}
	jar, _ := cookiejar.New(nil)
	config := &tls.Config{}
	opts := &Options{
		HTTP3: s, Jar: jar, TLSConfig: config, Subprotocols: []string{"chat"}, HeaderBytes: 100,
		HTTPHeader: http.Header{"Authorization": {"secret"}, "X-Own": {"1", "2"}}, Host: "front.example",
	}
	r, err := Dial(t.Context(), "wss://server.example/chat?x", opts)
	if err != nil || r.Shared == nil || r.Stream != nil || r.Response.Request != s.asked[0] || s.config != config || s.bytes != 100 {
		t.Fatalf("%+v, %v", r, err)
	}
	q := s.asked[0]
	if q.Method != "CONNECT" || q.Proto != "websocket" || q.URL.String() != "https://server.example:443/chat?x" || q.Host != "front.example" {
		t.Errorf("%+v", q)
	}
	for name, want := range map[string][]string{
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Protocol": {"chat"}, "X-Own": {"1", "2"}, "Authorization": {"secret"},
		"Sec-Websocket-Key": nil, "Upgrade": nil, "Connection": nil, "Host": nil,
	} {
		if got := q.Header.Values(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	r, err = Dial(t.Context(), "wss://server.example/elsewhere", opts)
	last := s.asked[len(s.asked)-1]
	if err != nil || last.Host != "other.example" || last.Header.Get("Authorization") != "" {
		t.Errorf("redirected: %+v, %v", last, err)
	}
	if jar.Cookies(last.URL) == nil {
		t.Error("the cookie was not kept")
	}
	_, err = Dial(t.Context(), "wss://server.example/refused", opts)
	refused, ok := errors.AsType[*Error](err)
	if !ok || refused.Response.StatusCode != 403 {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(refused.Response.Body); string(text) != "no" {
		t.Errorf("excerpt %q", text)
	}
	_, err = Dial(t.Context(), "wss://server.example/wrong", opts)
	if _, ok := errors.AsType[*handshake.BadResponse](err); !ok {
		t.Error(err)
	}
	if _, err := s.streams[len(s.streams)-1].Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the stream of a wrong answer is not closed: %v", err)
	}
	if _, err = Dial(t.Context(), "wss://server.example/lost", opts); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "HTTP/3") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Dial(ctx, "wss://server.example/late", opts); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Options that mean nothing to a StreamDialer are refused.
func TestStreamDialerAlone(t *testing.T) {
	for name, o := range map[string]Options{
		"HTTPClient": {HTTPClient: http.DefaultClient}, "HTTP2": {HTTP2: &Pool{}}, "Proxy": {Proxy: http.ProxyFromEnvironment},
		"ProxyHeader": {ProxyHeader: http.Header{}}, "DialContext": {DialContext: (&net.Dialer{}).DialContext},
		"DialTLSContext": {DialTLSContext: (&tls.Dialer{}).DialContext},
	} {
		o.HTTP3 = &streams{t: t}
		if _, err := Dial(t.Context(), "wss://server.example/", &o); err == nil || !strings.HasPrefix(err.Error(), name+" has no effect") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

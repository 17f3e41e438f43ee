//lint:file-ignore SA1019 what is deprecated has users as well

package scenarios

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// tunnel is an HTTP proxy that remembers what it was asked.
func tunnel(t *testing.T, to string, asked *http.Request) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = *r
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") == "Basic YmFkOmJhZA==" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		server, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		defer server.Close()
		client, brw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer client.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(server, brw); server.Close() }()
		_, _ = io.Copy(client, server)
	})
}

func TestDialProxy(t *testing.T) {
	plain, _ := serve(t, accepting(nil))
	secure, _, trust := serveTLS(t, accepting(nil))
	for _, test := range []struct{ url, to, asked string }{
		{"ws://example.com/", plain.Listener.Addr().String(), "example.com:80"},
		{"wss://example.com/", secure.Listener.Addr().String(), "example.com:443"},
		{"ws://example.com:8080/", plain.Listener.Addr().String(), "example.com:8080"},
	} {
		var asked http.Request
		proxy, _ := serve(t, tunnel(t, test.to, &asked))
		at, _ := url.Parse(proxy.URL)
		at.User = url.UserPassword("user", "p@ss")
		scheme := ""
		d := websocket.Dialer{TLSClientConfig: trust, Proxy: func(r *http.Request) (*url.URL, error) {
			scheme = r.URL.Scheme + " " + r.Header.Get("X-A")
			return at, nil
		}}
		c, resp, err := d.Dial(test.url, http.Header{"X-A": {"b"}})
		dialed(t, c, resp, err)
		want := strings.Replace(strings.SplitN(test.url, ":", 2)[0], "ws", "http", 1) + " b"
		if scheme != want || asked.Host != test.asked || asked.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwQHNz" || asked.UserAgent() != "Go-http-client/1.1" {
			t.Errorf("%s: the function saw %q; the proxy %s %v", test.url, scheme, asked.Host, asked.Header)
		}
		at.User = url.UserPassword("bad", "bad")
		if _, resp, err := d.Dial(test.url, nil); err == nil || !strings.Contains(err.Error(), "Forbidden") || resp != nil {
			t.Errorf("refused by the proxy: %v, %v", resp, err)
		}
	}
}

func TestDialProxyScheme(t *testing.T) {
	for _, scheme := range []string{"ftp", "socks4", ""} {
		d := websocket.Dialer{Proxy: func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: scheme, Host: "127.0.0.1:1"}, nil }}
		if _, _, err := d.Dial("ws://example.com/", nil); err == nil || err.Error() != "proxy: unknown scheme: "+scheme {
			t.Errorf("%q: %v", scheme, err)
		}
	}
}

// A SOCKS proxy that goes away before it has replied.
func TestDialSOCKSProxy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		_, _ = nc.Read(make([]byte, 3))
		_, _ = nc.Write([]byte{5, 0})
		_, _ = nc.Read(make([]byte, 100))
	}()
	d := websocket.Dialer{Proxy: http.ProxyURL(&url.URL{Scheme: "socks5", Host: l.Addr().String()})}
	_, _, err = d.Dial("ws://192.0.2.1/", nil)
	want := "proxy: failed to read connect reply from SOCKS5 proxy at " + l.Addr().String() + ": EOF"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

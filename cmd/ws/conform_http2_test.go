package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Servers are judged over HTTP/2: by ALPN over TLS, else at once.
func TestConformHTTP2Server(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{"-http2"}, {"-http2", "-tls"}} {
		url, _ := start(t, flags...)
		e := ws(t, "", "conform", "-http2", "-insecure", "-wait", "20s", "-server", "mine="+url, "-cases", "1.1.*,5.3,12.1.1,21.2.*,21.6.1")
		if e.code != exitFine || !strings.Contains(e.stdout, "mine as a server: 26 cases in ") {
			t.Errorf("%v: exit code %d, %s%s", flags, e.code, e.stdout, e.stderr)
		}
	}
	for url, says := range map[string]string{
		serving(t, http.NotFoundHandler()):                         "cannot be judged",
		func() string { url, _ := start(t, "-tls"); return url }(): "it does not offer HTTP/2",
	} {
		if e := ws(t, "", "conform", "-http2", "-insecure", "-server", url, "-cases", "1.1.*", "-timeout", "2s"); e.code != exitUsage || !strings.Contains(e.stderr, says) {
			t.Errorf("%s: exit code %d, %s", url, e.code, e.stderr)
		}
	}
}

// Clients are judged over HTTP/2, and one of HTTP/1.1 is told so.
func TestConformHTTP2Clients(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"-tls"}} {
		r := listening(t, append([]string{"-http2", "-cases", "1.1.*,21.5.*,21.8.4"}, flags...)...)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}}
		client.Transport.(*http.Transport).Protocols.SetHTTP2(true)
		client.Transport.(*http.Transport).Protocols.SetUnencryptedHTTP2(true)
		page := "http" + strings.TrimPrefix(r.url, "ws")
		for path, want := range map[string]string{"": "Judge this browser", "report": "No client has played", "nowhere": "there is no such URL"} {
			resp, err := client.Get(page + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || !strings.Contains(string(body), want) {
				t.Errorf("%v: %s: %v, %.100q", flags, path, err, body)
			}
		}
		if flags == nil {
			resp, err := http.Get(page)
			if err != nil || resp.StatusCode != http.StatusHTTPVersionNotSupported {
				t.Errorf("HTTP/1.1: %v, %v", resp, err)
			} else {
				_ = resp.Body.Close()
			}
		}
		if e := ws(t, "", "conform", "-testee", r.url, "-http2", "-insecure", "-parallel", "4"); e.code != exitFine || !strings.Contains(e.stdout, "15 cases were played") {
			t.Errorf("%v: %d, %s%s", flags, e.code, e.stdout, e.stderr)
		}
		ws(t, "", "dial", "-http2", "-insecure", "-1", r.url+"stopServer")
		if e := r.end(t); e.code != exitFine || !strings.Contains(e.stdout, "hawser as a client: 15 cases in ") {
			t.Errorf("%v: %d, %s%s", flags, e.code, e.stdout, e.stderr)
		}
	}
}

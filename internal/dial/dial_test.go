package dial

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// A call that makes no sense sends nothing.
func TestDialMisuse(t *testing.T) {
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Transport: refuseRoundTrip{t}}
	for _, test := range []struct {
		opts    Options
		problem string
	}{
		{Options{Subprotocols: []string{"a", "b c"}}, `subprotocol "b c" is not a token`},
		{Options{HTTPClient: client, TLSConfig: &tls.Config{}}, "TLSConfig has no effect with HTTPClient"},
		{Options{HTTPClient: client, DialContext: unreachable(t)}, "DialContext has no effect with HTTPClient"},
		{Options{HTTPClient: client, DialTLSContext: unreachable(t)}, "DialTLSContext has no effect with HTTPClient"},
		{Options{HTTPClient: client, Proxy: noProxy}, "Proxy has no effect with HTTPClient"},
		{Options{HTTPClient: client, ProxyHeader: http.Header{}}, "ProxyHeader has no effect with HTTPClient"},
		{Options{HTTPClient: client, Jar: jar}, "Jar has no effect with HTTPClient"},
		{Options{HTTPClient: client, MaxRedirects: -1}, "MaxRedirects has no effect with HTTPClient"},
		{Options{ProxyHeader: http.Header{"Host": {"x"}}}, "ProxyHeader has Host"},
		{Options{ProxyHeader: http.Header{"Content-Length": {"1"}}}, "ProxyHeader has Content-Length"},
	} {
		if test.opts.HTTPClient == nil {
			test.opts.DialContext = unreachable(t)
		}
		_, err := dialFailed(t, t.Context(), "ws://example.com/", &test.opts)
		wantMisuse(t, err, test.problem)
	}
}

// A server may name other protocols beside websocket, if the caller accepts that.
func TestDialUpgradeList(t *testing.T) {
	noLeaks(t)
	addr := dialScript(t, func(p *dialPeer) {
		_, _ = io.WriteString(p, strings.Replace(switching(p.request()), "Upgrade: websocket", "Upgrade: foo, websocket", 1)+hello)
	})
	wantGreeted(t, "ws://"+addr, &Options{UpgradeList: true})
	if _, err := dialFailed(t, t.Context(), "ws://"+addr, nil); kindOf(err) != "protocol" {
		t.Error(kindOf(err), err)
	}
}

// What was agreed on comes back as the server said it.
func TestDialAgreed(t *testing.T) {
	noLeaks(t)
	terms := handshake.Deflate{
		Server: handshake.DeflateSide{NoContextTakeover: true, MaxWindowBits: 10},
		Client: handshake.DeflateSide{NoContextTakeover: true, MaxWindowBits: 11},
	}
	addr := dialScript(t, answer(accepting+"Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: permessage-deflate; "+
		"server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11\r\n\r\n"+hello))
	for _, client := range []*http.Client{nil, {Transport: &http.Transport{DisableKeepAlives: true}}} {
		r, err := Dial(t.Context(), "ws://"+addr, &Options{HTTPClient: client, Subprotocols: []string{"a", "b"}, Deflate: &terms})
		if err != nil {
			t.Fatal(err)
		}
		wantFrames(t, &r, hello)
		_ = r.Stream.Close()
		if want := (handshake.Agreement{Subprotocol: "b", Deflated: true, Deflate: terms}); r.Agreed != want {
			t.Errorf("got %+v, want %+v", r.Agreed, want)
		}
	}
}

package dial

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/handshake"
)

// kindOf is what the documentation of Error lets a caller tell.
func kindOf(err error) string {
	var e *Error
	var proxy *ProxyError
	var bad *handshake.BadResponse
	switch {
	case !errors.As(err, &e):
		return "no Error"
	case e.Response != nil && e.Response.StatusCode != 101:
		return "refused"
	case errors.As(err, &proxy):
		return "proxy"
	case errors.As(err, &bad):
		return "protocol"
	}
	return "transport"
}

// answer replies to a request with what comes of a template: KEY is the right
// Sec-WebSocket-Accept.
func answer(template string) func(*dialPeer) {
	return func(p *dialPeer) {
		req := p.request()
		if req == nil {
			return
		}
		accept := handshake.AcceptKey(req.Header.Get("Sec-WebSocket-Key"))
		_, _ = io.WriteString(p, strings.ReplaceAll(template, "KEY", string(accept[:])))
	}
}

const accepting = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Accept: KEY\r\n"

// RFC 6455 §4.1: "the client MUST _Fail the WebSocket Connection_".
func TestDialFails(t *testing.T) {
	noLeaks(t)
	for _, test := range []struct {
		name, answer string
		kind, err    string
		body         string
	}{
		{"refused", "HTTP/1.1 403 Whatever\r\nContent-Length: 2\r\n\r\nno", "refused", "server answered 403 Forbidden", "no"},
		{"unauthorized", "HTTP/1.1 401 x\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000), "refused", "server answered 401 Unauthorized", strings.Repeat("x", 1024)},
		{"chunked", "HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", "refused", "server answered 500 Internal Server Error", "no"},
		{"200", "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\nContent-Length: 0\r\n\r\n", "refused", "server answered 200 OK", ""},
		{"no such status", "HTTP/1.1 599 \x1b[31m\r\nContent-Length: 0\r\n\r\n", "refused", "server answered 599", ""},
		{"HTTP/1.0 refusal", "HTTP/1.0 400 Bad Request\r\nContent-Length: 1\r\n\r\nx", "refused", "server answered 400 Bad Request", "x"},
		{"redirect to nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "refused", "server answered 302 Found", ""},

		{"no Accept", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "protocol", "Sec-WebSocket-Accept comes 0 times (§4.1)", ""},
		{"wrong Accept", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "protocol", `Sec-WebSocket-Accept is "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", not `, ""},
		{"Accept twice", accepting + "Sec-WebSocket-Accept: KEY\r\n\r\n", "protocol", "Sec-WebSocket-Accept comes 2 times", ""},
		{"no Upgrade", "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n", "protocol", "Upgrade is", ""},
		{"no Connection", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: KEY\r\n\r\n", "protocol", "Connection is", ""},
		{"subprotocol not offered", accepting + "Sec-WebSocket-Protocol: y\r\n\r\n", "protocol", `subprotocol "y" was not offered`, ""},
		{"subprotocol of another case", accepting + "Sec-WebSocket-Protocol: OFFERED\r\n\r\n", "protocol", `subprotocol "OFFERED" was not offered`, ""},
		{"an empty subprotocol", accepting + "Sec-WebSocket-Protocol: \r\n\r\n", "protocol", `subprotocol "" was not offered`, ""},
		{"extension not offered", accepting + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "protocol", `extension "permessage-deflate" was not offered`, ""},
		{"HTTP/1.0", strings.Replace(accepting, "1.1", "1.0", 1) + "\r\n", "protocol", "response is HTTP/1.0, not HTTP/1.1", ""},
		{"not HTTP", "SSH-2.0-OpenSSH\x1b_9.2\r\n\r\n", "protocol", "reading the response: malformed HTTP", ""},
		{"HTTP/2", "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x01", "protocol", "reading the response: the server answers in HTTP/2", ""},
		{"nearly HTTP/2", "\x00\x00\x06\x04\x00\x00\x00\x00\x01\x00\x08\x00\x00\x00\x01\r\n\r\n", "protocol", "reading the response: malformed HTTP", ""},
		{"a bad line", "HTTP/1.1 101 x\r\nno colon\r\n\r\n", "protocol", "reading the response: malformed MIME header", ""},
		{"a long bad line", "SSH-" + strings.Repeat("x", 300) + "\r\n\r\n", "protocol", "reading the response: malformed HTTP", ""},
		{"a bad length", "HTTP/1.1 403 x\r\nContent-Length: x\r\n\r\n", "protocol", "reading the response: bad Content-Length", ""},
		{"endless line", "HTTP/1.1 101 " + strings.Repeat("x", 70000), "protocol", "reading the response: response head is larger than 65536 bytes", ""},
		{"endless lines", "HTTP/1.1 101 x\r\n" + strings.Repeat("a: b\r\n", 20000), "protocol", "reading the response: response head is larger than 65536 bytes", ""},
		{"endless informational responses", strings.Repeat("HTTP/1.1 103 x\r\n\r\n", 100) + accepting + "\r\n", "protocol", "reading the response: more than 5 informational responses", ""},
		{"endless informational response", "HTTP/1.1 103 x\r\n" + strings.Repeat("a: b\r\n", 20000), "protocol", "reading the response: response head is larger", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr := dialScript(t, answer(test.answer))
			resp, err := dialFailed(t, t.Context(), "ws://"+addr+"/p?secret", &Options{Subprotocols: []string{"offered"}})
			if kindOf(err) != test.kind {
				t.Errorf("%s, want %s: %v", kindOf(err), test.kind, err)
			}
			if prefix := "handshake with ws://" + addr + "/p: " + test.err; !strings.HasPrefix(err.Error(), prefix) {
				t.Errorf("got  %q\nwant %q", err, prefix)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) || len(err.Error()) > 400 {
				t.Errorf("text of the error: %q", err)
			}
			if resp == nil {
				return
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != test.body || resp.Body.Close() != nil {
				t.Errorf("body %q, %v", body, err)
			}
		})
	}
}

// A server that goes away is no server that breaks the protocol.
func TestDialServerGoesAway(t *testing.T) {
	noLeaks(t)
	for _, half := range []string{"", "\x00\x00\x06", "HTTP/1.1 1", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n", "HTTP/1.1 103 x\r\n\r\n"} {
		addr := dialScript(t, func(p *dialPeer) {
			p.request()
			_, _ = io.WriteString(p, half)
			_ = p.Close()
		})
		resp, err := dialFailed(t, t.Context(), "ws://"+addr, nil)
		if kindOf(err) != "transport" || !errors.Is(err, io.ErrUnexpectedEOF) || resp != nil {
			t.Errorf("after %q: %s, %v", half, kindOf(err), err)
		}
	}
}

// Bytes that come with the 101, or behind it, belong to the stream.
func TestDialGlued(t *testing.T) {
	noLeaks(t)
	long := strings.Repeat("x", 60000)
	frame := "\x81\x7e\xea\x60" + long
	addr := dialScript(t, answer(accepting+"\r\n"+hello+frame+hello))
	r, err := Dial(t.Context(), "ws://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stream.Close()
	wantFrames(t, &r, hello+frame+hello)
}

func TestDialInformational(t *testing.T) {
	noLeaks(t)
	addr := dialScript(t, answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"+accepting+"\r\n"+hello))
	var said []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got100Continue: func() { said = append(said, "continue") },
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			said = append(said, http.StatusText(code)+h.Get("Link"))
			return nil
		},
	})
	r, err := Dial(ctx, "ws://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFrames(t, &r, hello)
	_ = r.Stream.Close()
	if got := strings.Join(said, ", "); got != "continue, Continue, Early Hintsx" {
		t.Error(got)
	}

	stop := errors.New("stop")
	ctx = httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error { return stop },
	})
	if _, err := dialFailed(t, ctx, "ws://"+addr, nil); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestDialHeaderLimit(t *testing.T) {
	noLeaks(t)
	addr := dialScript(t, answer(accepting+"A: "+strings.Repeat("b", 100_000)+"\r\n\r\n"+hello))
	wantGreeted(t, "ws://"+addr, &Options{HeaderBytes: 200_000})
	_, err := dialFailed(t, t.Context(), "ws://"+addr, &Options{HeaderBytes: 100_000})
	if err == nil || !strings.Contains(err.Error(), "larger than 100000 bytes") {
		t.Error(err)
	}
}

// A refusal whose body does not come is not waited for.
func TestDialBodyStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, dial := pipePeer(func(p *dialPeer) {
			p.request()
			_, _ = io.WriteString(p, "HTTP/1.1 503 x\r\nContent-Length: 100\r\n\r\nsorry")
			<-p.gone
		})
		before := time.Now()
		resp, err := dialFailed(t, context.Background(), "ws://example.com/", &Options{DialContext: dial, Proxy: noProxy})
		if took := time.Since(before); took != excerptTimeout {
			t.Error("took", took)
		}
		body, _ := io.ReadAll(resp.Body)
		if string(body) != "sorry" || kindOf(err) != "refused" {
			t.Errorf("%q, %v", body, err)
		}
		<-peer
	})
}

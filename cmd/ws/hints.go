package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/quic-go/quic-go"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/http3"
)

// explain returns the error for a failed handshake: what happened, a hint if there is one, and
// the response of the server or proxy.
func (d *dialFlags) explain(ctx context.Context, err error, resp *http.Response) error {
	failed, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("interrupted while connecting to " + failed.URL)
	}
	who, body := "server", bodyOf(resp)
	if proxy, ok := errors.AsType[*websocket.ProxyError](err); ok {
		who, body = "proxy", bodyOf(proxy.Response)
	}
	text := d.handshakeFailed(failed)
	if hint := d.hint(failed, body); hint != "" {
		text += "\n" + hint
	}
	if body = d.withoutQuery(body); body != "" {
		text += "\nThe " + who + " says:\n" + indent("  "+visible(body, true))
	}
	return errors.New(text)
}

func bodyOf(resp *http.Response) string {
	if resp == nil || resp.Body == nil {
		return ""
	}
	p, _ := io.ReadAll(resp.Body)
	return strings.TrimSpace(strings.ReplaceAll(string(p), "\r\n", "\n"))
}

// handshakeFailed is the text of err without package names.
func (d *dialFlags) handshakeFailed(err *websocket.HandshakeError) string {
	text := plain(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		// The text below says which timeout has passed.
		text, _, _ = strings.Cut(text, context.DeadlineExceeded.Error())
		text += fmt.Sprintf("no answer within %v (-t)", d.timeout)
	case silentByUDP(err):
		text = "handshake with " + err.URL + ": no answer by UDP"
	case errors.Is(err, io.ErrUnexpectedEOF):
		text = strings.TrimSuffix(text, ": "+io.ErrUnexpectedEOF.Error())
	case errors.Is(err, io.EOF):
		text = strings.TrimSuffix(text, io.EOF.Error()) + "connection closed"
	}
	return cryptoError.ReplaceAllStringFunc(strings.NewReplacer("tls: ", "", "x509: ", "").Replace(text), plainCryptoError)
}

// cryptoError is how quic-go begins to tell of an error of TLS.
var cryptoError = regexp.MustCompile(`CRYPTO_ERROR \w+ \((local|remote)\): `)

func plainCryptoError(text string) string {
	if strings.Contains(text, "remote") {
		return "TLS: the server says: "
	}
	return "TLS: "
}

// silentByUDP reports whether nothing came back by UDP.
func silentByUDP(err error) bool {
	_, idle := errors.AsType[*quic.IdleTimeoutError](err)
	_, late := errors.AsType[*quic.HandshakeTimeoutError](err)
	return idle || late
}

// indent sets lines off from ours.
func indent(lines string) string { return strings.ReplaceAll(lines, "\n", "\n  ") }

// hint suggests a remedy for a common failure. body is the server's response body.
func (d *dialFlags) hint(failed *websocket.HandshakeError, body string) string {
	_, byProxy := errors.AsType[*websocket.ProxyError](failed)
	scheme, rest, _ := strings.Cut(failed.URL, "://")
	switch {
	case isCertificate(failed):
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](failed); unknown {
			return "-ca FILE trusts the certificates in FILE, and -insecure trusts any."
		}
		return "-insecure trusts any certificate."
	case speaksPlain(failed) && byProxy:
		return "Is it a proxy of http:// and not of https://?"
	case byProxy:
	case scheme == "wss" && speaksPlain(failed):
		return "Is it ws://" + rest + "?"
	case scheme == "ws" && speaksTLS(failed, body):
		if errors.Is(failed, websocket.ErrNoHTTP2) {
			return "Is it wss://" + rest + "? " + withoutHTTP2
		}
		return "Is it wss://" + rest + "?"
	}
	return d.versionHint(failed)
}

const (
	withoutHTTP2 = "Without -http2, ws dial uses HTTP/1.1."
	withoutHTTP3 = "Without -http3, ws dial uses TCP."
)

// versionHint is the hint for a server that speaks another version of HTTP.
func (d *dialFlags) versionHint(failed *websocket.HandshakeError) string {
	switch {
	case !d.version.http2 && strings.Contains(failed.Error(), "no application protocol"): // an alert of TLS
		return "Does it speak only HTTP/2? That is -http2."
	case errors.Is(failed, websocket.ErrNoHTTP2) && strings.Contains(failed.Error(), "RFC 8441"):
		return withoutHTTP2 + " Servers that can often have it switched off: http2xconnect in Go, H2WebSockets in Apache."
	case errors.Is(failed, websocket.ErrNoHTTP2):
		return withoutHTTP2
	case errors.Is(failed, http3.ErrNoHTTP3):
		return withoutHTTP3
	case d.version.http3 && (silentByUDP(failed) || errors.Is(failed, context.DeadlineExceeded)):
		return "Does the server speak HTTP/3, and does UDP get through to it? " + withoutHTTP3
	}
	if bad, ok := errors.AsType[*handshake.BadResponse](failed); ok && strings.Contains(bad.Reason, "answers in HTTP/2") {
		return "-http2 speaks it."
	}
	return ""
}

func isCertificate(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// speaksPlain reports whether err is the result of a TLS handshake with a plain server.
func speaksPlain(err *websocket.HandshakeError) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	return strings.HasPrefix(err.Err.Error(), "TLS: ") && hungUp(err)
}

// speaksTLS reports whether err and body are the result of a plain HTTP request to a TLS
// server: a response such as those of Go, nginx and Apache, a TLS alert, or a closed
// connection.
func speaksTLS(err *websocket.HandshakeError, body string) bool {
	if r := err.Response; r != nil {
		says := strings.ToLower(body)
		return r.StatusCode/100 == 4 && (strings.Contains(says, "https server") || strings.Contains(says, "https port") || strings.Contains(says, "ssl-enabled"))
	}
	if strings.Contains(err.Err.Error(), `"\x15\x03`) { // a TLS record, as net/http and our HTTP/2 quote it
		return true
	}
	if _, ok := errors.AsType[*handshake.BadResponse](err); ok {
		return false
	}
	return hungUp(err)
}

// hungUp reports whether the other end closed or reset the TCP connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// withoutQuery replaces the values of the URL's query in text from the server. Browsers can
// send a token only in the query, and servers quote a token that they refuse.
func (d *dialFlags) withoutQuery(text string) string {
	const short = 8 // bytes; such a value is not secret, and may occur in any text
	u, err := url.Parse(d.url)
	if err != nil {
		return text
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, raw, _ := strings.Cut(pair, "=")
		forms := []string{raw} // servers quote the encoded path, or the decoded value
		if v, err := url.QueryUnescape(raw); err == nil {
			forms = append(forms, v, url.QueryEscape(v))
		}
		for _, v := range forms {
			if len(v) > short {
				text = strings.ReplaceAll(text, v, "<"+name+">")
			}
		}
	}
	return text
}

// misuse turns a UsageError of the library into a command-line error that names flags instead
// of options.
func misuse(err *websocket.UsageError) error {
	return usageError(strings.NewReplacer("HTTPHeader", "-H", "Subprotocols", "-subprotocol").Replace(err.Problem))
}

package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
)

// This is what ws dial -v shows of the opening handshake.

// exchange returns hooks that print requests as they are sent. Values of -H are not shown, and
// neither are others that are secret.
func (d *display) exchange(asked *request) *httptrace.ClientTrace {
	var head []string
	return &httptrace.ClientTrace{
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			if err == nil {
				d.note(describeTLS(state))
			}
		},
		WroteHeaderField: func(name string, values []string) {
			value := strings.Join(values, ", ")
			if asked.hides(name) {
				value = "…"
			}
			head = append(head, "  "+name+": "+value)
		},
		WroteHeaders: func() {
			d.note("request:")
			for line := range slices.Values(head) {
				d.note(d.redact(line))
			}
			head = nil
		},
	}
}

// describeTLS is what was agreed on with a server or proxy, such as "TLS 1.3, ALPN: h2".
func describeTLS(state tls.ConnectionState) string {
	chosen := state.NegotiatedProtocol
	if chosen == "" {
		chosen = "nothing chosen"
	}
	return tls.VersionName(state.Version) + ", ALPN: " + chosen
}

// hides reports whether the value of a field is not to be shown: what -H has, and a password of
// the URL.
func (r *request) hides(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(name)
	switch name {
	case "Origin":
		return false
	case "Authorization":
		return true
	}
	_, given := r.header[name]
	return given
}

// response prints the head of the server's response, if wanted.
func (d *display) response(resp *http.Response) {
	if !d.verbose || resp == nil {
		return
	}
	d.note("response:")
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s\n", protocolName(resp.ProtoMajor, resp.ProtoMinor), resp.Status)
	_ = resp.Header.Write(&head)
	for line := range strings.Lines(d.redact(head.String())) {
		d.note("  " + strings.TrimSpace(line))
	}
}

// protocolName is a version of HTTP: "HTTP/1.1", "HTTP/2", "HTTP/3".
func protocolName(major, minor int) string {
	if major > 1 {
		return fmt.Sprintf("HTTP/%d", major)
	}
	return fmt.Sprintf("HTTP/%d.%d", major, minor)
}

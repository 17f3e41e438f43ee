package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"net/http"
	"os"
	"strings"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// A request is how a client asks for a connection: flags of ws dial and ws conform.
type request struct {
	header       http.Header
	host         string // of the Host field; empty for that of the URL
	subprotocols list
	origin       string
	insecure     bool
	ca           string
	tls          *tls.Config // set by check
}

// requestFlags are the names of these flags.
var requestFlags = []string{"H", "subprotocol", "origin", "insecure", "ca"}

func (r *request) flags(flags *flag.FlagSet) {
	r.header = make(http.Header)
	flags.Func("H", "header `field` for the request, such as 'Authorization: Bearer x'; may be repeated", r.addHeader)
	flags.Var(&r.subprotocols, "subprotocol", "subprotocols to offer, `a,b`")
	flags.StringVar(&r.origin, "origin", "", "`origin` to send, as a browser would")
	flags.BoolVar(&r.insecure, "insecure", false, "do not check the server's certificate")
	flags.StringVar(&r.ca, "ca", "", "`file` with the certificates to trust (PEM)")
}

func (r *request) addHeader(field string) error {
	name, value, ok := strings.Cut(field, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case !ok || name == "":
		return errors.New("want 'Name: value'")
	case strings.EqualFold(name, "Host"):
		r.host = value
	default:
		r.header.Add(name, value)
	}
	return nil
}

// check refuses the fields of the handshake, which the library leaves out in silence, and reads
// the certificates.
func (r *request) check() error {
	for name := range r.header {
		switch {
		case strings.EqualFold(name, "Sec-WebSocket-Protocol"):
			return usageError("-H has Sec-WebSocket-Protocol: use -subprotocol")
		case handshake.Reserved(name):
			return usageError("-H has " + name + ", which the handshake writes itself")
		}
	}
	if r.origin != "" {
		r.header.Set("Origin", r.origin)
	}
	r.tls = &tls.Config{InsecureSkipVerify: r.insecure}
	if r.ca == "" {
		return nil
	}
	pem, err := os.ReadFile(r.ca)
	if err != nil {
		return usageError("-ca: " + err.Error())
	}
	r.tls.RootCAs = x509.NewCertPool()
	if !r.tls.RootCAs.AppendCertsFromPEM(pem) {
		return usageError("-ca: no certificate in " + r.ca)
	}
	return nil
}

// checkFuzzing refuses what the cases of the suite decide.
func (r *request) checkFuzzing() error {
	if r.host != "" {
		return usageError("-H has Host, which the suite takes from the URL")
	}
	for name, values := range r.header {
		if !handshake.ValidFieldName(name) {
			return usageError("-H has " + visible(name, false) + ", which is not the name of a header field")
		}
		for _, value := range values {
			if !handshake.ValidFieldValue(value) {
				return usageError("-H has a value of " + name + " that cannot be sent")
			}
		}
	}
	for _, p := range r.subprotocols {
		if !handshake.ValidFieldName(p) { // both are tokens
			return usageError("-subprotocol " + visible(p, false) + " is not a token (RFC 6455 section 4.1)")
		}
	}
	return nil
}

// fill sets options of our client.
func (r *request) fill(opts *websocket.DialOptions) {
	opts.HTTPHeader, opts.Host = r.header, r.host
	opts.Subprotocols, opts.TLSConfig = r.subprotocols, r.tls
}

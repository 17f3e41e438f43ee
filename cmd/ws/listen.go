package main

import (
	"crypto/tls"
	"flag"
	"net"
)

// A door is where our server listens, with or without TLS.
type door struct {
	address    string
	selfSigned bool // with a certificate of its own making
	cert, key  string

	certificate *tls.Certificate // set by open; nil without TLS

	beneath func(net.Listener) net.Listener // makes what TLS runs over; nil: the listener itself
}

// tlsFlags adds the flags for TLS.
func (d *door) tlsFlags(flags *flag.FlagSet) {
	flags.BoolVar(&d.selfSigned, "tls", false, "serve wss with a self-signed certificate that is made now")
	flags.StringVar(&d.cert, "tls-cert", "", "serve wss with the certificate in this `file` (PEM)")
	flags.StringVar(&d.key, "tls-key", "", "`file` with its key (PEM)")
}

// check reports an incomplete certificate, or two.
func (d *door) check() error {
	switch {
	case (d.cert == "") != (d.key == ""):
		return usageError("-tls-cert and -tls-key go together")
	case d.selfSigned && d.cert != "":
		return usageError("-tls makes a certificate, and -tls-cert has one: give one of the two")
	}
	return nil
}

// secure reports whether the server speaks TLS.
func (d *door) secure() bool { return d.selfSigned || d.cert != "" }

// anyPort reports whether the system chooses the port.
func (d *door) anyPort() bool {
	_, port, err := net.SplitHostPort(d.address)
	return err == nil && (port == "" || port == "0")
}

// open listens. url is the address for clients. Over TLS the client chooses one of the protocols,
// if there are any (ALPN).
func (d *door) open(protocols ...string) (l net.Listener, url string, err error) {
	if d.cert != "" {
		pair, err := tls.LoadX509KeyPair(d.cert, d.key)
		if err != nil {
			return nil, "", err
		}
		d.certificate = &pair
	}
	l, err = net.Listen("tcp", d.address)
	if err != nil {
		return nil, "", err
	}
	if d.selfSigned {
		pair, err := selfSigned(l.Addr())
		if err != nil {
			_ = l.Close()
			return nil, "", err
		}
		d.certificate = &pair
	}
	if d.beneath != nil {
		l = d.beneath(l)
	}
	if d.certificate == nil {
		return l, "ws://" + reachable(l.Addr()) + "/", nil
	}
	config := &tls.Config{Certificates: []tls.Certificate{*d.certificate}, NextProtos: protocols}
	return tls.NewListener(l, config), "wss://" + reachable(l.Addr()) + "/", nil
}

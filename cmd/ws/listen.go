package main

import (
	"crypto/tls"
	"flag"
	"net"
)

// A door is where our server listens, with or without TLS.
type door struct{ address, cert, key string }

// tlsFlags adds the flags for TLS.
func (d *door) tlsFlags(flags *flag.FlagSet) {
	flags.StringVar(&d.cert, "tls-cert", "", "serve wss with the certificate in this `file` (PEM)")
	flags.StringVar(&d.key, "tls-key", "", "`file` with its key (PEM)")
}

// check reports an incomplete certificate.
func (d *door) check() error {
	if (d.cert == "") != (d.key == "") {
		return usageError("-tls-cert and -tls-key go together")
	}
	return nil
}

// open listens. url is the address for clients.
func (d *door) open() (l net.Listener, url string, err error) {
	var config *tls.Config
	if d.cert != "" {
		pair, err := tls.LoadX509KeyPair(d.cert, d.key)
		if err != nil {
			return nil, "", err
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	l, err = net.Listen("tcp", d.address)
	if err != nil {
		return nil, "", err
	}
	if config == nil {
		return l, "ws://" + reachable(l.Addr()) + "/", nil
	}
	return tls.NewListener(l, config), "wss://" + reachable(l.Addr()) + "/", nil
}

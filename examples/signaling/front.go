package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"
)

// front is the HTTP side, where browsers connect.
type front struct {
	listener net.Listener
	secure   *tls.Config // nil: plain HTTP
}

func listen(addr string, secure *tls.Config) (front, error) {
	l, err := net.Listen("tcp", addr)
	return front{l, secure}, err
}

// url returns the URL for a browser on this machine.
func (f front) url() string {
	scheme := "http"
	if f.secure != nil {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(f.listener.Addr().String()) // always valid
	if ip := net.ParseIP(host); ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}

// tls returns nil if the server uses plain HTTP.
func (o *options) tls() (*tls.Config, error) {
	var certificate tls.Certificate
	var err error
	switch {
	case o.selfSigned:
		certificate, err = selfSigned(o.listen, time.Now())
	case o.certFile != "":
		certificate, err = tls.LoadX509KeyPair(o.certFile, o.keyFile)
	default:
		return nil, nil
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, err
}

// selfSigned makes a certificate for this machine, with all names under which a browser may
// reach the server that listens at addr. Its key stays in memory.
func selfSigned(addr string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	names, ips, err := reachable(addr)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "signaling, self-signed"},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.AddDate(0, 1, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names,
		IPAddresses:  ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func reachable(addr string) (names []string, ips []net.IP, err error) {
	names = []string{"localhost"}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, err
	}
	ip := net.ParseIP(host)
	switch {
	case host == "" || ip != nil && ip.IsUnspecified():
		addrs, err := net.InterfaceAddrs()
		if err != nil {
			return nil, nil, err
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				ips = append(ips, n.IP)
			}
		}
	case ip != nil:
		ips = append(ips, ip)
	default:
		names = append(names, host)
	}
	return names, append(ips, net.IPv4(127, 0, 0, 1), net.IPv6loopback), nil
}

// fingerprint returns the fingerprint that browsers show of a certificate.
func fingerprint(c *tls.Config) string {
	sum := sha256.Sum256(c.Certificates[0].Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

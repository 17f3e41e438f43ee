package dial

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// target is where one handshake goes.
type target struct {
	url  *url.URL      // http or https; host in ASCII and without a zone; no user, no fragment
	user *url.Userinfo // nil for none
	host string        // for the Host header: without the default port
	name string        // as in url: for certificates: no brackets, no zone, no dot at the end
	addr string        // to dial: with the zone, with the port
}

// parseTarget reads what the caller of Dial gave.
func parseTarget(raw string) (*target, error) {
	// RFC 6455 §3: no fragments; a "#" in a path or query is written %23.
	if strings.Contains(raw, "#") {
		return nil, errors.New("the URL has a fragment (§3)")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, malformed(raw, err)
	}
	return newTarget(u)
}

// malformed leaves out what url.Parse quotes where it could be a password.
func malformed(raw string, err error) error {
	var inner *url.Error
	if strings.Contains(raw, "@") || !errors.As(err, &inner) {
		return errors.New("malformed URL")
	}
	return fmt.Errorf("malformed URL: %w", inner.Err)
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// newTarget judges a URL. It keeps its scheme, mapped to that of HTTP, host,
// path and query.
func newTarget(u *url.URL) (*target, error) {
	scheme := u.Scheme
	switch scheme {
	case "ws":
		scheme = "http"
	case "wss":
		scheme = "https"
	case "http", "https":
	case "":
		return nil, errors.New("the URL has no scheme: ws or wss is expected")
	default:
		return nil, fmt.Errorf("the URL has the scheme %q: ws or wss is expected", u.Scheme)
	}
	if u.Opaque != "" || u.Host == "" {
		return nil, errors.New("the URL has no host")
	}
	host, port, err := splitHost(u.Host)
	if err != nil {
		return nil, err
	}
	if port == "" {
		port = defaultPorts[scheme]
	}
	t := &target{user: u.User, addr: net.JoinHostPort(host, port)}
	bare, _, _ := strings.Cut(host, "%") // RFC 6874 §1: a zone means something on this machine only
	t.name = certificateName(host)
	t.host = bracketed(bare)
	if port != defaultPorts[scheme] {
		t.host += ":" + port
	}
	t.url = &url.URL{
		Scheme: scheme, Host: t.host,
		Path: u.Path, RawPath: visible(u.RawPath),
		RawQuery: visible(u.RawQuery), ForceQuery: u.ForceQuery,
	}
	if t.url.Path == "" {
		t.url.Path = "/" // RFC 6455 §3: the resource-name has it
	}
	return t, nil
}

// visible encodes what would end the request line or could not stand in it.
func visible(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// withUser is the URL as net/http wants it, which takes user and zone out itself.
func (t *target) withUser() *url.URL {
	u := *t.url
	u.User = t.user
	if strings.Contains(t.addr, "%") {
		u.Host = t.addr
	}
	return &u
}

// secure reports whether this is wss.
func (t *target) secure() bool { return t.url.Scheme == "https" }

// port returns the port, also where it is the default.
func (t *target) port() string {
	_, port, _ := net.SplitHostPort(t.addr)
	return port
}

// proxyAddr is the address as a proxy is to be told.
func (t *target) proxyAddr() string {
	bare, _, _ := net.SplitHostPort(t.addr)
	bare, _, _ = strings.Cut(bare, "%")
	return net.JoinHostPort(bare, t.port())
}

// sameOrigin compares scheme, host and port.
func (t *target) sameOrigin(u *target) bool {
	return t.url.Scheme == u.url.Scheme && t.addr == u.addr
}

// String is the URL without what may be secret: user, password, query.
func (t *target) String() string {
	scheme := "ws"
	if t.secure() {
		scheme = "wss"
	}
	return scheme + "://" + t.host + t.url.EscapedPath()
}

package tlsrecord

import (
	"crypto/tls"
)

// Info is what the two Hello messages say.
type Info struct {
	Version uint16 // 0 before the ServerHello
	Name    string // the server name that the client asks for
	ALPN    []string
	Chosen  bool // ALPN was chosen by the server; otherwise it is the client's offer
	Cipher  uint16

	clientRandom, serverRandom [32]byte
	client, server             bool // the message was seen
}

// fields reads a message piece by piece. Reading beyond its end returns zero values and sets
// bad.
type fields struct {
	p   []byte
	bad bool
}

func (f *fields) take(n int) []byte {
	if n > len(f.p) {
		f.bad = true
		n = len(f.p)
	}
	part := f.p[:n]
	f.p = f.p[n:]
	return part
}

func (f *fields) number(size int) (n int) {
	for _, b := range f.take(size) {
		n = n<<8 | int(b)
	}
	return n
}

// list reads a length of size bytes, and that many bytes.
func (f *fields) list(size int) *fields { return &fields{p: f.take(f.number(size))} }

// Extensions (RFC 8446 §4.2, RFC 6066 §3, RFC 7301).
const (
	extServerName = 0
	extALPN       = 16
	extVersions   = 43
)

// helloRetry is the beginning of the random of a ServerHello that asks for another ClientHello
// (RFC 8446 §4.1.3).
var helloRetry = [4]byte{0xcf, 0x21, 0xad, 0x74}

// clientHello reads the body of a ClientHello.
func (i *Info) clientHello(p []byte) {
	f := &fields{p: p}
	f.take(2)
	random := f.take(32)
	f.list(1) // session
	f.list(2) // cipher suites
	f.list(1) // compression
	if f.bad {
		return
	}
	i.client, i.clientRandom = true, [32]byte(random)
	i.ALPN, i.Chosen = nil, false
	for x := f.list(2); len(x.p) > 0 && !x.bad; {
		kind, body := x.number(2), x.list(2)
		switch kind {
		case extServerName:
			names := body.list(2)
			if names.number(1) == 0 {
				i.Name = string(names.list(2).p)
			}
		case extALPN:
			for names := body.list(2); len(names.p) > 0 && !names.bad; {
				i.ALPN = append(i.ALPN, string(names.list(1).p))
			}
		}
	}
}

// serverHello reads the body of a ServerHello.
func (i *Info) serverHello(p []byte) {
	f := &fields{p: p}
	version := f.number(2)
	random := f.take(32)
	f.list(1) // session
	cipher := f.number(2)
	f.take(1) // compression
	if f.bad || [4]byte(random) == helloRetry {
		return
	}
	i.server, i.serverRandom = true, [32]byte(random)
	i.Version, i.Cipher = uint16(version), uint16(cipher)
	i.serverExtensions(f.list(2))
}

// encryptedExtensions reads the body of EncryptedExtensions. TLS 1.3 has moved extensions from
// the ServerHello there.
func (i *Info) encryptedExtensions(p []byte) {
	f := &fields{p: p}
	i.serverExtensions(f.list(2))
}

func (i *Info) serverExtensions(x *fields) {
	for len(x.p) > 0 && !x.bad {
		kind, body := x.number(2), x.list(2)
		switch kind {
		case extVersions:
			i.Version = uint16(body.number(2))
		case extALPN:
			if names := body.list(2); len(names.p) > 0 {
				i.ALPN, i.Chosen = []string{string(names.list(1).p)}, true
			}
		}
	}
}

// VersionName returns the name of the version, or "" if it is unknown.
func (i *Info) VersionName() string {
	if i.Version == 0 {
		return ""
	}
	return tls.VersionName(i.Version)
}

// CipherName returns the name of the cipher suite, or "" if it is unknown.
func (i *Info) CipherName() string {
	if !i.server {
		return ""
	}
	return tls.CipherSuiteName(i.Cipher)
}

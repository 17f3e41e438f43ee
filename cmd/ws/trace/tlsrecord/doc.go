// Package tlsrecord names the TLS of a connection in a capture, and decrypts it when
// there is a key log with its secrets: TLS 1.3 and the AEAD suites of TLS 1.2, with
// AES-GCM and ChaCha20-Poly1305.
//
// No library does this for a passive reader: crypto/tls takes part in connections and
// has no door for secrets; the Go packages that look at captures stop at the
// ClientHello. This package is built on crypto/hkdf, crypto/cipher and golang.org/x/crypto,
// and does no more than is needed: no negotiation, no certificates, and nothing is verified
// but the AEAD tag.
//
// Not decrypted, and told so: CBC and other suites of TLS 1.2 that are no AEAD, and those
// with AES-CCM, which crypto/tls does not have either; early data; everything after a
// hole in the capture, since the next record boundary and number are not known.
package tlsrecord

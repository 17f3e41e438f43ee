// Package tlsrecord identifies the TLS of a connection in a capture. It decrypts the connection
// if a key log has its secrets: TLS 1.3, and the suites of TLS 1.2 with AES-GCM or
// ChaCha20-Poly1305.
//
// No library does this for a passive reader. crypto/tls only takes part in connections and does
// not accept secrets; the Go packages for captures stop at the ClientHello. This package uses
// crypto/hkdf, crypto/cipher and golang.org/x/crypto, and does no more than needed: there is no
// negotiation, no certificate is examined, and only the AEAD tag is verified.
//
// The following is not decrypted, and reported so: CBC and other TLS 1.2 suites without AEAD;
// AES-CCM suites, which crypto/tls lacks too; early data; everything after a hole in the
// capture, because the next record boundary and record number are unknown.
package tlsrecord

//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"
)

// Over wss, and each page writes its messages in another way.
func sceneTLS(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0", "-tls-self-signed")
	if !strings.HasPrefix(srv.url, "https://") {
		t.Fatalf("with -tls-self-signed the server is at %s", srv.url)
	}
	ann, bob := s.meet(t, srv.url+"/rooms/harbour?name=Ann&codec=cbor", srv.url+"/rooms/harbour?name=Bob&codec=json")
	s.renegotiate(t, s.ann)
	s.renegotiate(t, s.bob)
	s.flows(t, ann, bob)
	for b, binary := range map[*chromium]bool{s.ann: true, s.bob: false} {
		other := func(m message) bool { return m.binary != binary }
		if wire := b.wire(); len(wire) == 0 || slices.ContainsFunc(wire, other) {
			t.Errorf("not all messages of %s's page are binary: %v", b.name, binary)
		}
	}
	s.show(t, s.ann, "call")
	srv.stop(t)
}

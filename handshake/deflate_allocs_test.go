//go:build !race

package handshake

import "testing"

// To come to terms costs no garbage, also when offers are declined.
func TestDeflateDoesNotAllocate(t *testing.T) {
	for _, offers := range []string{
		"permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12, permessage-deflate; server_no_context_takeover",
		"permessage-deflate; window=10, permessage-deflate; server_max_window_bits=99, x, permessage-deflate",
		"permessage-deflate; server_max_window_bits",
	} {
		r := sampleRequest()
		r.Extensions = []string{offers}
		p := Policy{AnyOrigin: true, Deflate: &Deflate{Client: DeflateSide{MaxWindowBits: 10}}}
		dst := make([]byte, 0, 1024)
		if n := testing.AllocsPerRun(200, func() {
			a, refusal := p.Accept(r)
			if refusal != nil {
				t.Fatal(refusal)
			}
			dst = AppendSwitching(dst[:0], a, nil)
		}); n != 0 {
			t.Errorf("%s: %v allocations", offers, n)
		}
	}
}

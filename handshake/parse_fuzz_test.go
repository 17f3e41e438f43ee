package handshake

import "testing"

// FuzzParseRequest: what is accepted here net/http accepts, with the same
// meaning; and at once is the same as byte by byte.
func FuzzParseRequest(f *testing.F) {
	for _, row := range heads {
		f.Add([]byte(row.head))
	}
	f.Add([]byte(nil))
	f.Add([]byte("\r\n\r\n"))
	f.Add(readTestdata(f, "chrome-livekit.http"))
	f.Fuzz(func(t *testing.T, head []byte) {
		wantSameMeaning(t, head)
		var whole, trickled Request
		n, refusal := ParseRequest(head, Limits{}, &whole)
		var p RequestParser
		for i := range len(head) + 1 {
			m, trickledRefusal := p.Parse(head[:i], &trickled)
			if m == 0 && trickledRefusal == nil && i < len(head) {
				continue
			}
			if m != n || (trickledRefusal == nil) != (refusal == nil) || refusal != nil && refusal.Status != trickledRefusal.Status {
				t.Fatalf("%q: at once %d, %v; after %d bytes %d, %v", head, n, refusal, i, m, trickledRefusal)
			}
			break
		}
		if n > 0 {
			(&Policy{}).Accept(&whole)
		}
	})
}

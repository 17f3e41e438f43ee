package front

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"

	"github.com/emiago/sipgo/sip"
)

// isStale reports whether a 401 says that only the nonce was no good.
func isStale(t *testing.T, res *sip.Response) bool {
	t.Helper()
	c, err := digest.ParseChallenge(res.GetHeader("WWW-Authenticate").Value())
	if err != nil {
		t.Fatal(err)
	}
	return c.Stale
}

// RFC 8760 §2.3: the better algorithm first.
func TestAlgorithms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ph := connect(t, newFront(), "alice", 0)
		ph.say(ph.registration(""))
		challenge := ph.wantResponse(401)
		var got []string
		for _, h := range challenge.GetHeaders("WWW-Authenticate") {
			c, err := digest.ParseChallenge(h.Value())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c.Algorithm)
		}
		if strings.Join(got, " ") != "SHA-256 MD5" {
			t.Errorf("challenges for %q", got)
		}
		for _, algorithm := range []string{"SHA-256", "MD5"} {
			ph.say(ph.registration(""))
			challenge = ph.wantResponse(401)
			ph.say(ph.registration(ph.authorized(challenge, algorithm, "REGISTER", "sip:example.com", "a-secret", 1)))
			ph.wantResponse(200)
		}
	})
}

func TestCredentialsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront()
		ph := connect(t, f, "alice", 0)
		try := func(name string, stale bool, change func(string) string) {
			t.Helper()
			ph.say(ph.registration(""))
			line := ph.authorized(ph.wantResponse(401), "SHA-256", "REGISTER", "sip:example.com", "a-secret", 1)
			ph.say(ph.registration(change(line)))
			if got := isStale(t, ph.wantResponse(401)); got != stale {
				t.Errorf("%s: stale %v", name, got)
			}
		}
		replace := func(old, new string) func(string) string {
			return func(line string) string {
				if !strings.Contains(line, old) {
					t.Fatalf("no %q in %q", old, line)
				}
				return strings.Replace(line, old, new, 1)
			}
		}
		try("unknown user", false, replace(`username="alice"`, `username="mallory"`))
		try("another user", false, replace(`username="alice"`, `username="bob"`))
		try("the other algorithm", false, replace("algorithm=SHA-256", "algorithm=MD5"))
		try("an unknown algorithm", false, replace("algorithm=SHA-256", "algorithm=SHA-1"))
		try("another URI", false, replace(`uri="sip:example.com"`, `uri="sip:bob@example.com"`))
		try("another count", false, replace("nc=00000001", "nc=00000002"))
		try("another realm", false, replace(`realm="example.com"`, `realm="example.org"`))
		try("a nonce of ours that was changed", true, replace(`nonce="`, `nonce="0`))
		try("no digest", false, replace("Digest", "Basic"))

		// Right in themselves, but for another request (RFC 3261 §22.4).
		ph.say(ph.registration(""))
		line := ph.authorized(ph.wantResponse(401), "SHA-256", "REGISTER", "sip:bob@example.com", "a-secret", 1)
		ph.say(ph.registration(line))
		ph.wantResponse(401)
		// Nobody has an empty password.
		nobody := connect(t, f, "nobody", 0)
		nobody.say(nobody.registration(""))
		line = nobody.authorized(nobody.wantResponse(401), "SHA-256", "REGISTER", "sip:example.com", "", 1)
		nobody.say(nobody.registration(line))
		nobody.wantResponse(401)
		if len(f.digest.nonces.used) != 0 {
			t.Errorf("%d nonces are remembered though nobody authenticated", len(f.digest.nonces.used))
		}
	})
}

// RFC 7616 §3.4: a nonce count is good once; §3.3: an expired nonce is stale, and the
// password is not asked for again.
func TestNonce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront()
		ph := connect(t, f, "alice", 0)
		ph.say(ph.registration(""))
		challenge := ph.wantResponse(401)
		answer := func(count int) string {
			return ph.authorized(challenge, "MD5", "REGISTER", "sip:example.com", "a-secret", count)
		}
		first := answer(1)
		ph.say(ph.registration(first))
		ph.wantResponse(200)
		ph.say(ph.registration(first))
		if !isStale(t, ph.wantResponse(401)) {
			t.Error("a replay is not called stale")
		}
		ph.say(ph.registration(answer(5)))
		ph.wantResponse(200)
		ph.say(ph.registration(answer(4)))
		ph.wantResponse(401)

		time.Sleep(nonceLife)
		ph.say(ph.registration(answer(6)))
		challenge = ph.wantResponse(401)
		if !isStale(t, challenge) {
			t.Error("an old nonce is not called stale")
		}
		ph.say(ph.registration(answer(1)))
		ph.wantResponse(200)
		if n := len(f.digest.nonces.used); n != 1 {
			t.Errorf("%d nonces are remembered, of which one has not expired", n)
		}
	})
}

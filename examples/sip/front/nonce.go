package front

import (
	"crypto/rand"
	"strconv"
	"strings"
	"sync"
	"time"
)

// nonceLife is how long a challenge may be answered. Afterwards the client is challenged again,
// with stale.
const nonceLife = 5 * time.Minute

// nonces makes and checks the nonces of challenges. A nonce contains its expiry and is signed.
// Only nonces with which a user has authenticated are remembered, so clients without a password
// use no memory.
type nonces struct {
	signer signer

	mu    sync.Mutex
	used  map[string]usedNonce
	sweep time.Time // next search for expired nonces
}

type usedNonce struct {
	count   int // the highest nonce count so far
	expires time.Time
}

func (n *nonces) issue() string {
	stamp := strconv.FormatInt(time.Now().Add(nonceLife).Unix(), 16)
	random := rand.Text()
	return stamp + "." + random + "." + n.signer.sign("nonce", stamp, random)
}

// expiry returns when a nonce expires; ok is false if it is not ours.
func (n *nonces) expiry(nonce string) (expires time.Time, ok bool) {
	parts := strings.Split(nonce, ".")
	if len(parts) != 3 || !n.signer.signed(parts[2], "nonce", parts[0], parts[1]) {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(parts[0], 16, 64)
	return time.Unix(seconds, 0), err == nil
}

// use records that a user has authenticated with a nonce and a count (RFC 7616 §3.4). It
// reports whether that was the first use and in time.
func (n *nonces) use(nonce string, count int) bool {
	expires, ok := n.expiry(nonce)
	now := time.Now()
	if !ok || !now.Before(expires) {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.used == nil {
		n.used = make(map[string]usedNonce)
	}
	if !now.Before(n.sweep) {
		n.sweep = now.Add(nonceLife)
		for nonce, u := range n.used {
			if !now.Before(u.expires) {
				delete(n.used, nonce)
			}
		}
	}
	if count <= n.used[nonce].count {
		return false
	}
	n.used[nonce] = usedNonce{count: count, expires: expires}
	return true
}

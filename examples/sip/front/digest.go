package front

import (
	"crypto/subtle"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// algorithms are those of our challenges, the best first (RFC 8760 §2.3). JsSIP knows only MD5,
// and uses the last challenge.
var algorithms = []string{"SHA-256", "MD5"}

// authenticator identifies the sender of a request (RFC 3261 §22, RFC 7616).
type authenticator struct {
	realm  string
	users  map[string]string
	nonces nonces
}

// verdict is the result of checking a request's credentials.
type verdict uint8

const (
	absent verdict = iota // none for our realm
	wrong                 // of an unknown user, or with a wrong password
	stale                 // right, but the nonce has expired or was used before
	right
)

// challenges returns the headers of a 401 or 407. name is WWW-Authenticate or
// Proxy-Authenticate. isStale tells the client to answer again without asking for the password.
func (a *authenticator) challenges(name string, isStale bool) []sip.Header {
	nonce := a.nonces.issue()
	var headers []sip.Header
	for _, algorithm := range algorithms {
		c := digest.Challenge{Realm: a.realm, Nonce: nonce, Algorithm: algorithm, QOP: []string{"auth"}, Stale: isStale}
		headers = append(headers, sip.NewHeader(name, c.String()))
	}
	return headers
}

// judge checks the credentials in the headers called name, Authorization or
// Proxy-Authorization, and returns the user.
func (a *authenticator) judge(req *sip.Request, name string) (user string, v verdict) {
	for _, h := range req.GetHeaders(name) {
		cred, err := digest.ParseCredentials(h.Value())
		if err != nil || cred.Realm != a.realm {
			continue // for another realm or scheme
		}
		return cred.Username, a.verify(req, cred)
	}
	return "", absent
}

func (a *authenticator) verify(req *sip.Request, cred *digest.Credentials) verdict {
	algorithm := strings.ToUpper(cred.Algorithm)
	if algorithm == "" {
		algorithm = "MD5" // RFC 7616 §3.4
	}
	known := false
	for _, ours := range algorithms {
		known = known || ours == algorithm
	}
	if !known || cred.QOP != "auth" || !sameURI(cred.URI, req.Recipient) {
		return wrong
	}
	if _, ok := a.nonces.expiry(cred.Nonce); !ok {
		return stale // from an earlier server: the password may be right
	}
	password, exists := a.users[cred.Username]
	expected, err := digest.Digest(
		&digest.Challenge{Realm: a.realm, Nonce: cred.Nonce, Algorithm: algorithm, QOP: []string{"auth"}},
		digest.Options{Method: req.Method.String(), URI: cred.URI, Count: cred.Nc, Username: cred.Username, Password: password, Cnonce: cred.Cnonce},
	)
	// An unknown user takes the same time as a known one.
	equal := err == nil && subtle.ConstantTimeCompare([]byte(expected.Response), []byte(strings.ToLower(cred.Response))) == 1
	switch {
	case !equal || !exists || cred.Nc < 1 || cred.Cnonce == "":
		return wrong
	case !a.nonces.use(cred.Nonce, cred.Nc):
		return stale
	}
	return right
}

// sameURI reports whether the digest's uri means the Request-URI. RFC 3261 §22.4 lets a server
// require that; otherwise credentials would be valid for other requests.
func sameURI(text string, recipient sip.Uri) bool {
	var uri sip.Uri
	if err := sip.ParseUri(text, &uri); err != nil {
		return false
	}
	return uri.User == recipient.User && strings.EqualFold(uri.Host, recipient.Host) && uri.Port == recipient.Port
}

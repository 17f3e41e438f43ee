package front

import (
	"slices"

	"github.com/emiago/sipgo/sip"
)

// authenticate returns the sender of a request, by its credentials, or a refusal with a
// challenge. status is 401 for the registrar, with WWW-Authenticate and Authorization, and 407
// for the proxy (RFC 3261 §22).
func (f *Front) authenticate(p *peer, req *sip.Request, challenge, credentials string, status int, reason string) (string, error) {
	user, v := f.digest.judge(req, credentials)
	switch v {
	case right:
		if !p.proved(user) {
			return "", &refusal{sip.StatusForbidden, "Too Many Users", nil}
		}
		return user, nil
	case wrong:
		p.failures++
		f.log.Warn("wrong password", "peer", p, "user", user)
	}
	return "", &refusal{status, reason, f.digest.challenges(challenge, v == stale)}
}

// admit decides whether a client may send a request through the proxy: only as a user that its
// connection has authenticated as.
func (f *Front) admit(p *peer, req *sip.Request) error {
	from := req.From().Address
	if !f.serves(from.Host) {
		return &refusal{sip.StatusForbidden, "Forbidden", nil}
	}
	if !slices.Contains(p.users, from.User) {
		if req.IsAck() || req.IsCancel() {
			// RFC 3261 §22.1: these cannot be challenged. The request that they belong to was.
			return &refusal{sip.StatusForbidden, "Forbidden", nil}
		}
		user, err := f.authenticate(p, req, "Proxy-Authenticate", "Proxy-Authorization", sip.StatusProxyAuthRequired, "Proxy Authentication Required")
		if err != nil {
			return err
		}
		if user != from.User {
			return &refusal{sip.StatusForbidden, "Forbidden", nil}
		}
	}
	// The other end of a call sends its requests to a registered contact.
	if req.IsInvite() && !f.location.holds(p, from.User) {
		return &refusal{sip.StatusForbidden, "Register First", nil}
	}
	return nil
}

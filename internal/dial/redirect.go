package dial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// follow does one handshake after the other until one is not redirected.
func (d *dialer) follow(ctx context.Context, t *target) (Result, error) {
	for {
		result, next, err := d.attempt(ctx, t)
		if next == nil {
			return result, err
		}
		d.dropCredentials(t, next)
		t = next
	}
}

// maxRedirects is how many to follow, if MaxRedirects is not negative.
func (d *dialer) maxRedirects() int {
	if d.opts.MaxRedirects == 0 {
		return DefaultMaxRedirects
	}
	return d.opts.MaxRedirects
}

func tooMany(redirects int) error { return fmt.Errorf("redirected more than %d times", redirects) }

// redirect returns where a response leads if that is to be followed, and else what is
// wrong: the refusal, or more precisely why the redirect is not followed.
func (d *dialer) redirect(t *target, resp *http.Response, refusal error) (*target, error) {
	if d.opts.MaxRedirects < 0 {
		return nil, refusal
	}
	next, err := locationOf(t, resp)
	if err != nil {
		return nil, err
	}
	if next == nil {
		return nil, refusal
	}
	if most := d.maxRedirects(); d.redirects == most {
		return nil, fmt.Errorf("%w: %w", refused(resp), tooMany(most))
	}
	d.redirects++
	return next, nil
}

// locationOf returns where a response leads, nil if nowhere.
func locationOf(t *target, resp *http.Response) (*target, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	u, err := t.url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%w: Location: %w", refused(resp), malformed(location, err))
	}
	next, err := newTarget(u)
	if err != nil {
		return nil, fmt.Errorf("%w: Location: %w", refused(resp), err)
	}
	next.user = nil // a server does not choose our credentials
	if t.secure() && !next.secure() {
		return nil, fmt.Errorf("%w: %w to %v", refused(resp), errDowngrade, next)
	}
	return next, nil
}

var errDowngrade = errors.New("redirect from wss to ws refused")

// dropCredentials forgets, on the way from one hop to the next, what was meant for the
// origin that is left.
func (d *dialer) dropCredentials(from, to *target) {
	if from.sameOrigin(to) {
		to.user = from.user
		return
	}
	d.host = ""
	d.header = d.header.drop("Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "WWW-Authenticate")
}

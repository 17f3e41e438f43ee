package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// follow does one handshake after the other until one is not redirected.
func (d *dialing) follow(ctx context.Context, t *target) (*Conn, *http.Response, error) {
	for hops := 0; ; hops++ {
		c, resp, next, err := d.attempt(ctx, t, hops < d.maxRedirects())
		if next == nil {
			return c, resp, err
		}
		d.leave(t, next)
		t = next
	}
}

func (d *dialing) maxRedirects() int { return orDefault(d.opts.MaxRedirects, defaultMaxRedirects) }

func tooMany(redirects int) error { return fmt.Errorf("redirected more than %d times", redirects) }

// redirection returns where a response leads to, nil if nowhere.
func redirection(t *target, resp *http.Response) (*target, error) {
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
	next.user = nil // the server's idea of who we are is none of ours
	if t.secure() && !next.secure() {
		return nil, fmt.Errorf("%w: %w to %v", refused(resp), errDowngrade, next)
	}
	return next, nil
}

var errDowngrade = errors.New("redirect from wss to ws refused")

// leave forgets, on the way from one hop to the next, what was meant for the
// origin that is left.
func (d *dialing) leave(from, to *target) {
	if from.sameOrigin(to) {
		to.user = from.user
		return
	}
	d.host = ""
	d.header = d.header.drop("Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "WWW-Authenticate")
}

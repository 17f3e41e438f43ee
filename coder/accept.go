package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	hawser "github.com/hawser-ws/websocket"
)

// Accept performs the opening handshake as the server and takes the connection over from
// net/http. If it returns an error, the request has been answered. opts may be nil.
//
// A Sec-WebSocket-Protocol in w.Header() counts as the last of opts.Subprotocols.
//
// By default the request must come from a page of the server's own host, or from no page at
// all: see OriginPatterns. r.Context() ends when the handler returns; do not use it
// afterwards.
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	var o AcceptOptions
	if opts != nil {
		o = *opts
	}
	if o.Limits.Message == 0 {
		o.Limits.Message = defaultReadLimit
	}
	if ours := w.Header().Get("Sec-WebSocket-Protocol"); ours != "" {
		o.Subprotocols = append(slices.Clip(o.Subprotocols), ours)
	}
	o.Subprotocols = inTheirSpelling(o.Subprotocols, r.Header["Sec-Websocket-Protocol"])
	ws, err := hawser.Accept(w, withoutEmptyOrigin(r), &o)
	if err != nil {
		return nil, fmt.Errorf("failed to accept WebSocket connection: %w", acceptError(r, err))
	}
	return newConn(ws), nil
}

// inTheirSpelling returns ours with each name as it is in lines, if it is there but for the
// case of letters. The order stays.
func inTheirSpelling(ours, lines []string) []string {
	if len(ours) == 0 || len(lines) == 0 {
		return ours
	}
	theirs := strings.Split(strings.Join(lines, ","), ",")
	spelled := make([]string, len(ours))
	for i, name := range ours {
		spelled[i] = spelling(name, theirs)
	}
	return spelled
}

// spelling returns the element of names that is name but for the case of letters, or name.
func spelling(name string, names []string) string {
	for _, n := range names {
		if n = strings.TrimSpace(n); strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

// withoutEmptyOrigin returns r, or a copy without the Origin if that is empty: such a request
// passes for one that has none.
func withoutEmptyOrigin(r *http.Request) *http.Request {
	origin := r.Header["Origin"]
	if len(origin) == 0 || origin[0] != "" {
		return r
	}
	without := *r
	without.Header = r.Header.Clone()
	without.Header.Del("Origin")
	return &without
}

// acceptError tells in coder's words why r was not accepted.
func acceptError(r *http.Request, err error) error {
	e, ok := errors.AsType[*hawser.AcceptError](err)
	if !ok {
		return err
	}
	if refusal, ok := errors.AsType[*hawser.Refusal](e.Err); ok {
		if refusal.Status == http.StatusForbidden {
			return &retold{originText(r), err}
		}
		return &retold{"WebSocket protocol violation: " + violation(r.Header, refusal.Reason), err}
	}
	if errors.Is(e.Err, http.ErrNotSupported) {
		return &retold{"http.ResponseWriter does not implement http.Hijacker: " + e.Err.Error(), err}
	}
	if _, misuse := errors.AsType[*hawser.UsageError](e.Err); misuse || e.Status != http.StatusInternalServerError {
		return err
	}
	return fmt.Errorf("failed to hijack connection: %w", e.Err)
}

// originText says why the origin of r is not welcome.
func originText(r *http.Request) string {
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	switch {
	case err != nil:
		return fmt.Sprintf("failed to parse Origin header %q: %v", origin, err)
	case u.Host == "":
		return fmt.Sprintf("request Origin %q is not a valid URL with a host", origin)
	}
	return fmt.Sprintf("request Origin %q is not authorized for Host %q", u.Host, r.Host)
}

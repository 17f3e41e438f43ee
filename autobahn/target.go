package autobahn

import (
	"fmt"
	"net/url"
	"strings"
)

// CheckURL checks that raw looks like the URL of a WebSocket server (RFC 6455 section 3). It
// does not connect. The error is a [*TargetError].
func CheckURL(raw string) error {
	_, err := parseTarget(raw)
	return err
}

func parseTarget(raw string) (*url.URL, error) {
	for _, scheme := range []string{"wss", "ws"} {
		if rest, ok := strings.CutPrefix(raw, scheme+":"); ok && !strings.HasPrefix(rest, "//") {
			return nil, &TargetError{raw, "is it " + scheme + "://" + strings.TrimLeft(rest, "/") + "?"}
		}
	}
	if !strings.Contains(raw, "://") {
		return nil, &TargetError{raw, "is it ws://" + strings.TrimLeft(raw, "/") + "?"}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, &TargetError{raw, err.Error()}
	case u.Scheme != "ws" && u.Scheme != "wss":
		return nil, &TargetError{raw, "it has to begin with ws:// or wss://"}
	case u.Hostname() == "":
		return nil, &TargetError{raw, "it has no host"}
	case u.Fragment != "":
		return nil, &TargetError{raw, "a WebSocket URL has no fragment (RFC 6455 section 3)"}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// A TargetError reports that a URL is not that of a WebSocket server.
type TargetError struct{ URL, Reason string }

func (e *TargetError) Error() string {
	return fmt.Sprintf("autobahn: %q is not the URL of a WebSocket server: %s", e.URL, e.Reason)
}

// An UnreachableError reports that the server is not or no longer reachable.
type UnreachableError struct {
	URL  string
	Case string // the case at which it was noticed; empty before the first
	Err  error
}

func (e *UnreachableError) Error() string {
	at := ""
	if e.Case != "" && e.Case != "probe" {
		at = " at case " + e.Case
	}
	return fmt.Sprintf("autobahn: %s cannot be judged%s: %v", e.URL, at, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

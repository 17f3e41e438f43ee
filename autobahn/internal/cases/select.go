package cases

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Original selects the chapters of Autobahn|Testsuite.
const Original = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*,12.*,13.*"

// Quick selects cases that find nearly every fault in a few seconds: chapters 1 to 10, 20 and
// 21, and from every group of 12 and 13 a small size and a fragmented one.
const Quick = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*,12.*.4,12.*.13,13.*.4,13.*.13,20.*,21.*"

// Select returns the cases of a role, over a connection that gives what they need, that match one
// of patterns and none of exclude. Patterns
// are separated by commas, as in "1.*,7.9.*,20.3.1"; a star matches anything. Empty patterns
// match every case. A pattern that matches no case is probably a typo, so it is an error: a
// [*PatternError].
func Select(judged verdict.Role, gives play.Need, patterns, exclude string) ([]*play.Case, error) {
	take, err := matcher(patterns, "*")
	if err != nil {
		return nil, err
	}
	leave, err := matcher(exclude, "")
	if err != nil {
		return nil, err
	}
	var selected []*play.Case
	lacking := play.Need(0)
	for _, c := range Cases(judged) {
		switch {
		case !take(c.ID) || leave(c.ID):
		case c.Needs&^gives != 0:
			lacking |= c.Needs &^ gives
		default:
			selected = append(selected, c)
		}
	}
	switch {
	case len(selected) > 0:
	case lacking == play.NeedHTTP2:
		return nil, fmt.Errorf("autobahn: the cases of -cases %q are about HTTP/2: -http2", patterns)
	case lacking != 0:
		return nil, fmt.Errorf("autobahn: the cases of -cases %q are about %s, and not played over HTTP/2", patterns, lacking)
	default:
		return nil, fmt.Errorf("autobahn: no case is left of -cases %q without -exclude %q", patterns, exclude)
	}
	return selected, nil
}

// matcher returns a function that matches case numbers against patterns.
func matcher(patterns, otherwise string) (func(id string) bool, error) {
	if patterns == "" {
		patterns = otherwise
	}
	var list []string
	for _, p := range strings.Split(patterns, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		known := func(c *play.Case) bool { return matchesID(p, c.ID) }
		if !slices.ContainsFunc(Cases(verdict.Server), known) && !slices.ContainsFunc(Cases(verdict.Client), known) {
			return nil, &PatternError{p}
		}
		list = append(list, p)
	}
	return func(id string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return matchesID(p, id) })
	}, nil
}

// A PatternError reports that a pattern of [Select] matches no case.
type PatternError struct{ Pattern string }

func (e *PatternError) Error() string {
	return fmt.Sprintf("autobahn: no case matches %q; cases are numbered like 6.4.1, and 6.* is a chapter", e.Pattern)
}

func matchesID(pattern, id string) bool {
	ok, _ := path.Match(pattern, id)
	return ok
}

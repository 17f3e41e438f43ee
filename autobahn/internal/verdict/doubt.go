package verdict

import (
	"fmt"
	"strings"
)

// Crowd says that other cases ran at the same time.
func Crowd(r *Result) { r.crowded = true }

// InDoubt reports whether r does not count yet. UNIMPLEMENTED does not depend on other cases:
// it is the peer's answer in the opening handshake.
func InDoubt(r *Result) bool {
	worst := r.Worst()
	return r.crowded && !worst.Passed() && worst != Unimplemented
}

// Replace makes r the result of its case in place of first, which may be nil. If first was in
// doubt and r is not, r says how they differ.
func Replace(first, r *Result) {
	if first == nil || !InDoubt(first) || r.crowded {
		return
	}
	r.BesideOthers = first.Worst()
	if now := r.Worst(); now != r.BesideOthers {
		add(r, fmt.Sprintf("Played again alone: %s. While other cases ran it was %s.", now, r.BesideOthers))
	}
}

// add appends a sentence to r.Result.
func add(r *Result, sentence string) {
	if r.Result = strings.TrimSpace(r.Result); r.Result != "" && !strings.HasSuffix(r.Result, ".") {
		r.Result += "."
	}
	r.Result = strings.TrimSpace(r.Result + " " + sentence)
}

// LeaveInDoubt adds to a result in doubt that the case was not played alone.
func LeaveInDoubt(r *Result, why string) {
	if InDoubt(r) {
		add(r, "Other cases ran at the same time, and it was not played again alone: "+why+".")
	}
}

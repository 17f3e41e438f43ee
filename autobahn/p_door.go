package autobahn

import (
	"errors"
	"slices"
)

// A door is an unusual opening handshake. If the peer may pass it, the play of the case
// follows.
type door struct {
	// request changes the suite's request to a server.
	request func(r *draft, key string)
	// statuses are those with which a server may refuse; 0 means any but 101. It is empty if
	// the server must accept.
	statuses []int
	// refusal checks a response with one of statuses; an error fails the case.
	refusal func(h *head) error
	// declines: the server must not agree to the offered extension.
	declines bool
	// unopened is the verdict on a server that refuses although it should accept. status is 0
	// if it ended TCP without an answer. Nil means FAILED.
	unopened func(status int) Verdict
	// check checks a response that was accepted; an error fails the case.
	check func(h *head) error

	// response returns the suite's response to a client's request.
	response func(req *head, accept string) []byte
	// fresh: the key must not have been used before.
	fresh bool
	// refused: the client must refuse the response.
	refused bool

	// taken is the verdict on a peer that accepts what it should refuse, if the RFC leaves that
	// open or only binds the sender. Empty means FAILED.
	taken Verdict
}

// judgeRefusal judges a server that had to refuse.
func (d *door) judgeRefusal(r *Result, h *head, err error) {
	refusal, refused := errors.AsType[*statusError](err)
	status := 0
	if refused {
		status = refusal.code()
	}
	switch {
	case refused && d.refusal != nil && d.refusal(h) != nil:
		r.Behavior, r.Result = Failed, d.refusal(h).Error()
	case refused && (slices.Contains(d.statuses, status) || slices.Contains(d.statuses, 0)):
		r.Behavior, r.Result = OK, "The server refused: "+refusal.line+"."
	case refused && status >= 400 && status < 600:
		r.Behavior, r.Result = NonStrict, "The server refused, with a status that says little: "+refusal.line+"."
	case refused:
		r.Behavior, r.Result = Failed, "The server refused with a status that does not fit: "+refusal.line+"."
	case errors.Is(err, errSilent):
		r.Behavior, r.Result = Failed, "The server neither accepted nor refused."
	case h == nil && !errors.Is(err, errHead):
		r.Behavior, r.Result = NonStrict, "The server ended TCP and did not say why."
	case d.taken != "" && err == nil:
		r.Behavior, r.Result = d.taken, "The server accepted it."
	default:
		r.Behavior, r.Result = Failed, "The server accepted what it has to refuse."
	}
	r.BehaviorClose, r.ResultClose = OK, nothingToClose
}

const nothingToClose = "There was nothing to close."

// judgeUnopened judges a server that had to accept and did not, after neverOpen.
func (d *door) judgeUnopened(r *Result, h *head, err error) {
	refusal, refused := errors.AsType[*statusError](err)
	silent := errors.Is(err, errSilent) || h != nil || errors.Is(err, errHead)
	if d.unopened == nil || !refused && silent {
		return // a malformed answer is not a refusal
	}
	status := 0
	if refused {
		status = refusal.code()
	}
	if v := d.unopened(status); v != Failed {
		r.Behavior, r.Result = v, "The server refused: "+err.Error()+"."
		r.BehaviorClose, r.ResultClose = OK, nothingToClose
	}
}

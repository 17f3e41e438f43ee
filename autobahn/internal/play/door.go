package play

import (
	"errors"
	"slices"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A Door is an unusual opening handshake. If the peer may pass it, the play of the case
// follows.
type Door struct {
	// Request changes the suite's request to a server.
	Request func(r *Draft, key string)
	// Statuses are those with which a server may refuse; 0 means any but 101, over HTTP/2 any
	// but 2xx. It is empty if the server must accept.
	Statuses []int
	// Refusal checks a response with one of Statuses; an error fails the case.
	Refusal func(h *Head) error
	// Declines: the server must not agree to the offered extension.
	Declines bool
	// Unopened is the verdict on a server that refuses although it should accept. status is 0
	// if it ended TCP without an answer. Nil means FAILED.
	Unopened func(status int) verdict.Verdict
	// Check checks a response that was accepted; an error fails the case.
	Check func(h *Head) error

	// Codes are those of RST_STREAM with which a server may refuse, over HTTP/2.
	Codes []http2.ErrCode

	// Response changes the suite's response to a client's request.
	Response func(a *Draft)
	// Fresh: the key must not have been used before.
	Fresh bool
	// Refused: the client must refuse the response.
	Refused bool
	// Ends: the response ends the stream of HTTP/2.
	Ends bool

	// Taken is the verdict on a peer that accepts what it should refuse, if the RFC leaves that
	// open or only binds the sender. Empty means FAILED.
	Taken verdict.Verdict
}

// judgeRefusal judges a server that had to refuse.
func (d *Door) judgeRefusal(r *verdict.Result, h *Head, err error) {
	refusal, refused := errors.AsType[*StatusError](err)
	reset, isReset := errors.AsType[*mux.ResetError](err)
	lost, isLost := errors.AsType[*mux.LostError](err)
	status := 0
	if refused {
		status = refusal.Code()
	}
	switch {
	case isReset && slices.Contains(d.Codes, reset.Code):
		r.Behavior, r.Result = verdict.OK, "The server refused: it reset the stream with "+mux.Name(reset.Code)+"."
	case isReset:
		r.Behavior, r.Result = verdict.NonStrict, "The server reset the stream with a code that says little: "+mux.Name(reset.Code)+"."
	case isLost && lost.GoAway != nil:
		r.Behavior, r.Result = verdict.NonStrict, "The server ended the connection, with all its streams: GOAWAY "+mux.Name(*lost.GoAway)+"."
	case refused && d.Refusal != nil && d.Refusal(h) != nil:
		r.Behavior, r.Result = verdict.Failed, d.Refusal(h).Error()
	case refused && (slices.Contains(d.Statuses, status) || slices.Contains(d.Statuses, 0)):
		r.Behavior, r.Result = verdict.OK, "The server refused: "+refusal.line+"."
	case refused && status >= 400 && status < 600:
		r.Behavior, r.Result = verdict.NonStrict, "The server refused, with a status that says little: "+refusal.line+"."
	case refused:
		r.Behavior, r.Result = verdict.Failed, "The server refused with a status that does not fit: "+refusal.line+"."
	case errors.Is(err, errSilent):
		r.Behavior, r.Result = verdict.Failed, "The server neither accepted nor refused."
	case h == nil && !errors.Is(err, ErrHead):
		r.Behavior, r.Result = verdict.NonStrict, "The server ended TCP and did not say why."
	case d.Taken != "" && err == nil:
		r.Behavior, r.Result = d.Taken, "The server accepted it."
	default:
		r.Behavior, r.Result = verdict.Failed, "The server accepted what it has to refuse."
	}
	r.BehaviorClose, r.ResultClose = verdict.OK, NothingToClose
}

const NothingToClose = "There was nothing to close."

// judgeUnopened judges a server that had to accept and did not, after [verdict.NeverOpen].
func (d *Door) judgeUnopened(r *verdict.Result, h *Head, err error) {
	refusal, refused := errors.AsType[*StatusError](err)
	silent := errors.Is(err, errSilent) || h != nil || errors.Is(err, ErrHead)
	if d.Unopened == nil || !refused && silent {
		return // a malformed answer is not a refusal
	}
	status := 0
	if refused {
		status = refusal.Code()
	}
	if v := d.Unopened(status); v != verdict.Failed {
		r.Behavior, r.Result = v, "The server refused: "+err.Error()+"."
		r.BehaviorClose, r.ResultClose = verdict.OK, NothingToClose
	}
}

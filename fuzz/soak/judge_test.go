//go:build linux

package soak

import (
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket"
)

// judge looks at a link that is over. joined says whether there was a server end.
func (l *link) judge(joined bool) {
	if !joined {
		if !l.excused() {
			l.fail("the server never saw the connection that the client has")
		}
		return
	}
	for s := range side(2) {
		l.excuseBy(s)
	}
	for s := range side(2) {
		l.judgeError(s)
		if gap := l.streams[s].gap(); gap != "" {
			l.fail("%s", gap)
		}
	}
	if l.front.casts() {
		if gap := l.air.unexplained(); gap != "" {
			l.fail("%s", gap)
		}
	}
	if l.excused() {
		return
	}
	l.judgeEnding()
	for s := range side(2) {
		// Close does not read for the application, as BeginClose lets it.
		if l.ending == abrupt && s != l.closer {
			continue
		}
		if missing := l.streams[s].missing(); missing != "" {
			l.fail("%s, and nothing had struck", missing)
		}
	}
}

// excuseBy finds what an end has done that ends the stream early.
func (l *link) excuseBy(s side) {
	err, ok := errors.AsType[*websocket.ClosedError](l.ends[s].final)
	switch {
	case l.ends[s].final == errByHandler && l.fault.silent():
		l.excuse("its patience is short, and its end is not known")
	case !ok:
	case err.Sent != nil && err.Sent.Code == websocket.StatusTryAgainLater && l.front.casts():
		l.excuse("too slow for the hub")
	case l.front == byHTTP2 && isInternalError(err.Cause):
		l.excuse("a write was cancelled, and net/http has reset the stream")
	case kind(err.Cause) == "timeout" && l.front.casts() && l.slow:
		l.excuse("what waited for the slow one took longer than closing may")
	case kind(err.Cause) == "timeout" && l.fault.silent():
		l.excuse("its patience is short, and the machine was slow") // if not because of the fault
	case kind(err.Cause) != "context", l.hasExcuse(): // conduct says so
	case l.wanderers > 0, l.front == byHTTP2: // where a ping that is given up may cost it
		if l.front != byHTTP2 { // where every write that waits is lost if it is cancelled
			l.run.count.cut.Add(1)
		}
		l.excuse("a write was cancelled in the middle")
	}
}

// isInternalError reports whether net/http has reset a stream because of a deadline.
func isInternalError(err error) bool {
	return err != nil && strings.Contains(err.Error(), "INTERNAL_ERROR")
}

// judgeEnding is for links that nothing has struck: a Close frame went each way.
func (l *link) judgeEnding() {
	closer, other := &l.ends[l.closer], &l.ends[l.closer.other()]
	if closer.called.Load() && closer.closed != nil {
		l.fail("the closing call of the %v returned %v", closer.side, closer.closed)
	}
	met, _ := errors.AsType[*websocket.ClosedError](other.final)
	if met == nil || !met.Clean() || met.Received == nil || met.Received.Code != l.code || met.Received.Reason != l.reason || met.Began != websocket.SideRemote {
		l.fail("the %v met %v, not status %d and reason %q", other.side, other.final, l.code, l.reason)
	}
	if closer.final == errByHandler {
		return
	}
	own, _ := errors.AsType[*websocket.ClosedError](closer.final)
	if own == nil || own.Cause != nil || own.Began != websocket.SideLocal {
		l.fail("the %v, which closed, read %v", closer.side, closer.final)
	}
}

// explains are the causes that may come of a fault.
var explains = map[fault][]string{
	noFault:    {},
	truncate:   {"end", "reset"},
	reset:      {"end", "reset"}, // whoever meets the reset first takes it: what comes second meets an end
	resetOne:   {"end", "reset"},
	halfClose:  {"end", "reset", "timeout"},
	abandon:    {"timeout"},
	abandonOne: {"timeout", "end", "reset"},
	blackHole:  {"timeout"},
}

// judgeError holds the error of an end against what happened.
func (l *link) judgeError(s side) {
	e := &l.ends[s]
	if e.final == errByHandler {
		return
	}
	err, ok := errors.AsType[*websocket.ClosedError](e.final)
	if !ok {
		l.fail("the %v's end is %T: %v", s, e.final, e.final)
		return
	}
	if !errors.Is(err, net.ErrClosed) {
		l.fail("the %v's end does not match net.ErrClosed: %v", s, err)
	}
	l.judgeCode(s, err)
	cause := kind(err.Cause)
	l.run.count.end(l.fault, l.struck.Load(), cause, err.Clean())
	if !slices.Contains(l.causes(s, err), cause) {
		l.fail("%v (%s) is no word for what the %v met; the other end: %v", err, cause, s, l.ends[s.other()].final)
	}
}

// judgeCode: a Close frame that came was sent.
func (l *link) judgeCode(s side, err *websocket.ClosedError) {
	r := err.Received
	if r == nil {
		return
	}
	byPeer := l.ends[s.other()].called.Load() && *r == websocket.CloseError{Code: l.code, Reason: l.reason}
	answer := err.Sent != nil && err.Sent.Code == r.Code && err.Began == websocket.SideLocal
	slow := l.front.casts() && r.Code == websocket.StatusTryAgainLater
	if !byPeer && !answer && !slow {
		l.fail("the %v met a Close frame that was not sent: %v", s, err)
	}
}

// causes are those that the error of an end may have.
func (l *link) causes(s side, err *websocket.ClosedError) []string {
	if err.Clean() {
		// What comes after the closing handshake is its own affair.
		return []string{"none"}
	}
	var may []string
	if l.struck.Load() {
		may = append(may, explains[l.fault]...)
	}
	if l.fault.silent() && l.struck.Load() && s == server {
		may = append(may, "end", "reset") // it may learn only when the client has gone
	}
	if l.ending == dropped && l.closer == s {
		may = append(may, "none")
	}
	if err.Received != nil && l.excused() {
		may = append(may, "none") // it is the answer that was lost, and the peer has said why it closes
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.excuses) > 0 {
		may = append(may, "end", "reset", "context")
		if l.front.casts() || l.fault.silent() {
			may = append(may, "timeout")
		}
	}
	return may
}

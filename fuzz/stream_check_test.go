package fuzz_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

// check compares what came of a delivery with what has to.
func (s setup) check(t *testing.T, v verdict, d delivery, o outcome) (explained bool) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%v\n%v\n"+format, append([]any{s, d}, args...)...)
	}
	if excused(v, o.err, s.receiver.window) {
		if n := len(o.messages); n > len(v.messages) || !slices.Equal(o.messages, v.messages[:n]) || s.sent(o.wire).received.code != 1007 {
			fail("%v: messages %.200q, want the beginning of %.200q, and code 1007", o.err, o.messages, v.messages)
		}
		return true
	}
	if !slices.Equal(o.messages, v.messages) {
		fail("messages %.200q, want %.200q", o.messages, v.messages)
	}
	// compress/flate may need a byte more to say the same.
	if !bytes.HasPrefix(v.partial, o.partial) && !(v.packed && bytes.HasPrefix(o.partial, v.partial)) {
		fail("of a message without its end %.100q, of which there is %.100q", o.partial, v.partial)
	}
	if !slices.Equal(o.pings, v.pings) || !slices.Equal(o.callbacks.pongs, v.pongs) {
		fail("pings %q, pongs %q, want %q, %q", o.pings, o.callbacks.pongs, v.pings, v.pongs)
	}
	for _, err := range o.misuse {
		fail("%v", err)
	}
	s.checkError(v, d, o, fail)
	s.checkWire(v, d, o, fail)
	return false
}

// checkError looks at how it ended for the application.
func (s setup) checkError(v verdict, d delivery, o outcome, fail func(string, ...any)) {
	if !d.end && o.finished != v.over() && !v.unwanted {
		fail("finished %v (%v), want %v", o.finished, o.err, v.over())
		return
	}
	closed, ok := errors.AsType[*websocket.ClosedError](o.err)
	if !ok {
		fail("error %T %v", o.err, o.err)
		return
	}
	again, ok := errors.AsType[*websocket.ClosedError](o.sticky)
	if !ok || closed.Cause != again.Cause || closed.Began != again.Began || (closed.Received == nil) != (again.Received == nil) {
		fail("error %v, and then %v", o.err, o.sticky)
	}
	if s.cancels {
		closed.Sent = again.Sent // a read that is given up does not wait until it is sent
	}
	if sent := s.sends(v); (closed.Sent == nil) != (sent == 0) || sent != 0 && int(closed.Sent.Code) != sent {
		fail("error %v: sent %v, want code %d", closed, closed.Sent, sent)
	}
	began := websocket.SideRemote
	if v.unwanted {
		began = websocket.SideLocal
	}
	if !d.end && !v.over() {
		return // CloseNow ended it
	}
	if closed.Began != began {
		fail("%v began, want %v", closed.Began, began)
	}
	protocol, _ := errors.AsType[*websocket.ProtocolError](closed.Cause)
	limit, _ := errors.AsType[*websocket.LimitError](closed.Cause)
	switch {
	case v.received != nil:
		want := websocket.CloseError{Code: websocket.StatusCode(v.received.code), Reason: v.received.reason}
		if closed.Received == nil || *closed.Received != want || closed.Cause != nil {
			fail("error %v (received %v), want %v", closed, closed.Received, want)
		}
	case closed.Received != nil:
		fail("received %v", closed.Received)
	case v.fail == 1009:
		if limit == nil || limit.What != v.limit {
			fail("cause %v, want a limit: %s", closed.Cause, v.limit)
		}
	case v.fail != 0:
		if protocol == nil || int(protocol.Code) != v.fail {
			fail("cause %v, want code %d", closed.Cause, v.fail)
		}
	case v.midway:
		if closed.Cause != io.ErrUnexpectedEOF {
			fail("cause %v, want %v", closed.Cause, io.ErrUnexpectedEOF)
		}
	case closed.Cause != io.EOF:
		fail("cause %v, want %v", closed.Cause, io.EOF)
	}
}

// sends is the code of the Close frame that this end has to send; 0: none.
func (s setup) sends(v verdict) int {
	switch {
	case v.unwanted:
		return 1008
	case v.received != nil:
		return v.received.code // RFC 6455 §5.5.1: it typically echoes the code
	}
	return v.fail
}

// sent reads what went out as the peer would.
func (s setup) sent(wire []byte) verdict {
	return receiver{
		fromClient: !s.receiver.fromClient,
		deflate:    s.receiver.deflate, takeover: s.receiver.takeover, window: s.receiver.window,
	}.judge(wire)
}

// checkWire looks at what went out.
func (s setup) checkWire(v verdict, d delivery, o outcome, fail func(string, ...any)) {
	w := s.sent(o.wire)
	if w.fail != 0 || w.midway || w.at != len(o.wire) || len(w.pings) > 0 {
		fail("sent %x: code %d at %d of %d, midway %v", o.wire, w.fail, w.at, len(o.wire), w.midway)
		return
	}
	sent := 0
	if w.received != nil {
		sent = w.received.code
		if v.received != nil && !v.unwanted && w.received.reason != "" {
			fail("the reply to %v has a reason: %v", v.received, w.received)
		}
	}
	if want := s.sends(v); sent != want {
		fail("sent Close frame %v, want code %d", w.received, want)
	}
	var replies []message
	if s.manner == byEcho || s.manner == byBatch {
		replies = v.messages
	}
	if !slices.Equal(w.messages, replies) {
		fail("sent messages %.200q, want %.200q", w.messages, replies)
	}
	if !answered(w.pongs, v.pings[:v.due]) {
		fail("sent pongs %q for pings %q", w.pongs, v.pings[:v.due])
	}
}

// waitingPongs is how many pings are remembered until they can be answered.
const waitingPongs = 16

// answered reports whether pongs are what pings may be answered by. RFC 6455 §5.5.3:
// "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response
// to previous Ping frame(s), the endpoint MAY elect to send a Pong frame for only the
// most recently processed Ping frame." It is made use of when more wait than are
// remembered, and then the last is answered all the same.
func answered(pongs, pings []string) bool {
	if len(pings) <= waitingPongs {
		return slices.Equal(pongs, pings)
	}
	if len(pongs) == 0 || pongs[len(pongs)-1] != pings[len(pings)-1] {
		return false
	}
	for _, p := range pongs {
		i := slices.Index(pings, p)
		if i < 0 {
			return false
		}
		pings = pings[i+1:]
	}
	return true
}

// excused reports whether the engine refused what the oracle cannot know to be wrong, or
// knows only later. Each of these is written down in package internal/inflate. What came
// before it counts all the same.
func excused(v verdict, err error, window int) bool {
	protocol, ok := errors.AsType[*websocket.ProtocolError](err)
	return ok && explained(v, protocol.Violation, window)
}

// explained is excused for a violation.
func explained(v verdict, violation *frame.Violation, window int) bool {
	if violation.RFC == 0 || violation.RFC == 6455 {
		return false
	}
	for _, excuse := range []struct {
		reason  string
		applies bool
	}{
		// compress/flate knows no window but the largest.
		{"distance beyond the agreed window", window < 1<<15},
		// It does not show the bits between a final block and the next byte.
		{"padding after a final block is not zero", v.final},
		// A block that cannot end is refused when it begins, not where it is read in vain.
		{"literal/length code without end-of-block", true},
	} {
		if excuse.applies && violation.Reason == excuse.reason {
			return true
		}
	}
	return false
}

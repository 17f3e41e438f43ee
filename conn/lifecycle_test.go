package conn

import (
	"fmt"
	"testing"
	"time"
)

const closeTimeout = 5 * time.Second

func TestLifecycleZeroValue(t *testing.T) {
	var l Lifecycle
	if l.State() != Open || l.Ending() != (Ending{}) || !l.Deadline().IsZero() {
		t.Errorf("the zero value is %v, %+v, deadline %v", l.State(), l.Ending(), l.Deadline())
	}
	if _, ok := l.Handle(SendClose, CloseBody{Code: 1000}, noon); !ok {
		t.Error("the zero value cannot close")
	}
	if !l.Deadline().IsZero() {
		t.Errorf("deadline %v without a time limit", l.Deadline())
	}
}

// "The application MUST NOT send any more data frames after sending a Close
// frame. If an endpoint receives a Close frame and did not previously send a
// Close frame, the endpoint MUST send a Close frame in response."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestOneCloseFrame(t *testing.T) {
	type step struct {
		event Event
		do    Action
		ok    bool
	}
	for _, test := range []struct {
		why   string
		steps []step
		sent  uint16 // which Close frame counts: 1000 plus its place
	}{
		{"we close twice", []step{{SendClose, AwaitClose, true}, {SendClose, Nothing, false}}, 1000},
		{"we answer twice", []step{{ReceiveClose, SendReply, true}, {SendClose, EndTransport, true}, {SendClose, Nothing, false}}, 1001},
		{"we refuse, and close at the same time", []step{{Violate, SendFailure, true}, {SendClose, Nothing, false}, {AnswerViolation, EndTransport, true}, {SendClose, Nothing, false}}, 1002},
		{"we refuse twice", []step{{Violate, SendFailure, true}, {AnswerViolation, EndTransport, true}, {AnswerViolation, Nothing, false}}, 1001},
		{"we close, then refuse", []step{{SendClose, AwaitClose, true}, {Violate, EndTransport, true}, {SendClose, Nothing, false}, {AnswerViolation, Nothing, false}}, 1000},
		{"it is written twice", []step{{SendClose, AwaitClose, true}, {FlushClose, Nothing, true}, {FlushClose, Nothing, false}}, 1000},
	} {
		var l Lifecycle
		for i, s := range test.steps {
			do, ok := l.Handle(s.event, CloseBody{Code: 1000 + uint16(i)}, noon)
			if do != s.do || ok != s.ok {
				t.Errorf("%s: step %d, %v: %v, %v; want %v, %v", test.why, i, s.event, do, ok, s.do, s.ok)
			}
		}
		if got := l.Ending().Sent.Code; got != test.sent {
			t.Errorf("%s: sent %d, want %d", test.why, got, test.sent)
		}
	}
}

// What waits to be written when the connection is given up does not go out, and the
// record says so. What was written before stays written.
func TestCloseFrameThatWaits(t *testing.T) {
	closed, reply, failure := []Event{SendClose}, []Event{ReceiveClose, SendClose}, []Event{Violate, AnswerViolation}
	both := []Event{SendClose, ReceiveClose}
	for _, test := range []struct {
		why  string
		then []Event
		last Event
		lost bool
	}{
		{"closing expires", closed, Expire, true},
		{"the call of Close is given up", closed, GiveUp, true},
		{"closing is given up", closed, Abandon, true},
		{"the write fails", closed, BreakWrite, true},
		{"the write before it is cut", closed, CutWrite, true},
		{"the reply expires", reply, Expire, true},
		{"the write of the reply fails", reply, BreakWrite, true},
		{"what is complete ends by itself", reply, Abandon, false},
		{"the reason expires", failure, Expire, true},
		{"the write of the reason fails", failure, BreakWrite, true},
		{"two that close at once, and time", both, Expire, true},
		// It may have arrived: nobody knows how far the write came.
		{"a reset", closed, Break, false},
		{"the end of the stream", closed, EndOfStream, false},
	} {
		for _, written := range []bool{false, true} {
			var l Lifecycle
			take := func(e Event) {
				t.Helper()
				if _, ok := l.Handle(e, CloseBody{Code: 4000}, noon); !ok {
					t.Fatalf("%s: %v is not taken in state %v", test.why, e, l.State())
				}
			}
			for _, e := range test.then {
				take(e)
			}
			if written {
				take(FlushClose)
			}
			heard := l.Ending().Received.Code != 0
			take(test.last)
			n, sent := l.Ending(), !test.lost || written
			if (n.Sent.Code != 0) != sent || n.Clean() != (sent && heard) {
				t.Errorf("%s, written %v: sent %d, clean %v", test.why, written, n.Sent.Code, n.Clean())
			}
		}
	}
}

// Every sequence of five events, possible or not, keeps the promises of Ending
// and Deadline after every step.
func TestEverySequenceOfEvents(t *testing.T) {
	const longest = 5
	for _, timeout := range []time.Duration{0, closeTimeout} {
		var story [longest]Event
		count := 0
		var extend func(l Lifecycle, left time.Time, sent, written bool, depth int)
		extend = func(l Lifecycle, left time.Time, sent, written bool, depth int) {
			for e := range Event(numEvents) {
				story[depth] = e
				count++
				fail := func(format string, args ...any) {
					t.Helper()
					t.Errorf("%v: %s", story[:depth+1], fmt.Sprintf(format, args...))
				}
				before, l, left, sent, written := l, l, left, sent, written
				now := after(time.Duration(depth+1) * time.Second)
				body := CloseBody{Code: 1000 + uint16(depth), Reason: "because"}
				do, ok := l.Handle(e, body, now)

				if !ok {
					if l != before || do != Nothing {
						fail("refused, yet changed to %+v, %v", l, do)
					}
					continue // as if it had not happened
				}
				if to, wantDo, _ := next(before.State(), e); l.State() != to || do != wantDo {
					fail("%v, %v; the table says %v, %v", l.State(), do, to, wantDo)
				}
				if before.State() == Open {
					left = now
				}

				was, is := before.Ending(), l.Ending()
				want := was
				switch e {
				case SendClose, AnswerViolation:
					if sent {
						fail("a second Close frame is sent: %+v", is)
					}
					sent, want.Sent = true, body
				case FlushClose:
					if !sent || written {
						fail("a Close frame is written again, or before it is sent")
					}
					written = true
				case ReceiveClose:
					want.Received = body
				case BreakWrite, CutWrite:
					if !written {
						want.Sent = CloseBody{}
					}
				case Expire, GiveUp, Abandon:
					if l.State() == Terminated && !written {
						want.Sent = CloseBody{}
					}
				}
				if is.Sent != want.Sent || is.Received != want.Received {
					fail("the record is %+v after %+v", is, was)
				}
				if was.Received.Code != 0 && is.Received != was.Received {
					fail("the code received is lost: %+v after %+v", is.Received, was.Received)
				}
				if is.Clean() != (is.Sent.Code != 0 && is.Received.Code != 0) {
					fail("clean %v with %+v", is.Clean(), is)
				}
				if before.State() != Open && is.Began != was.Began {
					fail("began %v, before %v", is.Began, was.Began)
				}
				if (is.Began == SideNone) != (l.State() == Open) {
					fail("began %v in state %v", is.Began, l.State())
				}
				if sent && l.State().CanSend() {
					fail("can send after the Close frame")
				}

				// "in a reasonable time period": one period for all of closing, that
				// no event extends.
				// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
				var deadline time.Time
				if timeout > 0 && l.State() != Open && l.State() != Terminated {
					deadline = left.Add(timeout)
				}
				if !l.Deadline().Equal(deadline) {
					fail("deadline %v in state %v, want %v", l.Deadline(), l.State(), deadline)
				}
				if depth+1 < longest {
					extend(l, left, sent, written, depth+1)
				}
			}
		}
		extend(Lifecycle{CloseTimeout: timeout}, time.Time{}, false, false, 0)
		t.Logf("timeout %v: %d events handled", timeout, count)
	}
}

func TestHandleAllocatesNothing(t *testing.T) {
	body := CloseBody{Code: 1000, Reason: "done"}
	if n := testing.AllocsPerRun(1000, func() {
		for s := range State(numStates) {
			for e := range Event(numEvents) {
				l := Lifecycle{CloseTimeout: closeTimeout, state: s}
				l.Handle(e, body, noon)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations for every event in every state", n)
	}
}

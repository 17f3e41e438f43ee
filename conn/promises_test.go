package conn

import "slices"

// What must hold in every world, and of every step, by the words of RFC 6455. It is
// judged by what an onlooker has seen, not by what the machines say of themselves.

// judge looks at a world that was not seen before.
func (x *explorer) judge(w *world) {
	for i, role := range roles {
		l, o := &w.end[i], &w.seen[i]
		n, state := l.Ending(), l.State()

		// "_The WebSocket Connection Close Code_ is defined as the status code
		// contained in the first Close control frame received by the application". 1005
		// if it contains none. Where there was none the record has none.
		// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5
		if got := n.Received.Code; got != o.heard {
			x.complain("the %v has it that it received Close %d, not %d", role, got, o.heard)
		}
		// What nobody has seen written when a write fails, or the end gives up, was not sent.
		sent := o.said
		if o.own == isNotTaken {
			sent = 0
		}
		if n.Sent.Code != sent {
			x.complain("the %v has it that it sent Close %d, not %d", role, n.Sent.Code, sent)
		}
		// "_cleanly_" is after a Close frame each way.
		// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.4
		if got, want := x.clean(n), sent != 0 && o.heard != 0; got != want {
			x.complain("the %v ended cleanly: %v, not %v", role, got, want)
		}
		if o.heard != 0 && o.heard != w.seen[1-i].said {
			x.complain("the %v heard Close %d, said was %d", role, o.heard, w.seen[1-i].said)
		}
		if n.Began == SideNone != (state == Open) {
			x.complain("the %v is %v, and %v began to end it", role, state, n.Began)
		}

		// Close is bounded: one deadline for all of closing, and then at once, whatever
		// the peer and the network do.
		if w.closing(i) && !l.Deadline().Equal(after(closeTimeout)) {
			x.complain("the %v is %v with a wrong deadline", role, state)
		}
		if late := *l; w.closing(i) {
			if do, ok := x.handle(&late, Expire, CloseBody{}, after(closeTimeout)); !ok || do != Drop || late.State() != Terminated {
				x.complain("a deadline does not end the %v", role)
			}
		}

		// "the server MUST close the TCP connection immediately".
		// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
		if out := &w.from[i]; i == server && state == Acknowledged && o.own == isTold && !out.fin && !out.broken {
			x.complain("the server does not close TCP at once")
		}
		// "_Fail the WebSocket Connection_": a Close frame with the code goes out first.
		// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
		if state == Failed && o.said == 0 && w.duty[i] != explain {
			x.complain("the %v does not say why it failed", role)
		}
		if state == ClosedByPeer && w.duty[i] != reply {
			x.complain("the %v does not answer the Close frame", role)
		}
	}
	if s, c := w.seen[server], w.seen[client]; x.tidy && w.over() && (s.said == 0 || s.heard == 0 || c.said == 0 || c.heard == 0) {
		x.complain("the closing handshake is not complete")
	}
}

// ownDeeds are the events that an end brings about by itself, or its application does.
var ownDeeds = []Event{SendClose, Fail, CutWrite, GiveUp, Abandon}

// judgeStep looks at an event that end i took, and at what is to be done.
func (x *explorer) judgeStep(w *world, before Lifecycle, i int, e Event, do Action) {
	l, role := &w.end[i], roles[i]
	was, is := before.Ending(), l.Ending()
	if before.State() == Terminated {
		x.complain("the %v is terminated, and takes %v", role, e)
	}
	if was.Sent.Code != 0 && was.Sent != is.Sent && w.seen[i].own != isNotTaken || was.Received.Code != 0 && was.Received != is.Received {
		x.complain("the %v's record of a Close frame is overwritten", role)
	}
	switch {
	case before.State() != Open && was.Began != is.Began:
		x.complain("the %v's record of what began it is overwritten", role)
	case before.State() == Open && l.State() != Open && (is.Began == SideLocal) != slices.Contains(ownDeeds, e):
		x.complain("the %v blames %v for %v", role, is.Began, e)
	}
	if (do == Drop) != (l.State() == Terminated) {
		x.complain("the %v is to %v the transport, and is %v", role, do, l.State())
	}
	if e == GiveUp && do != Drop {
		x.complain("the %v gives up, and is %v", role, l.State())
	}
	if do != Drop {
		return
	}
	if w.duty[i] == reply && e == EndOfStream {
		x.complain("the %v leaves the Close frame without an answer that could arrive", role)
	}
	// What is complete but for the end of TCP ends by itself: see Conn.CloseNow.
	if s := before.State(); e == Abandon && (s == Acknowledged || s == Failed) {
		x.complain("the %v does not wait for the end of TCP", role)
	}
	// What was in the pipe may be lost when a stream is given up, not when it ends.
	in := &w.from[1-i]
	switch e {
	case ReceiveClose, EndOfStream, BreakWrite, CutWrite:
		if before.State() != Failed && slices.Contains(in.frames[:in.n], closing) {
			x.complain("the %v drops the transport with a Close frame in it", role)
		}
	}
	// "the client SHOULD wait for the server to close the connection but MAY close the
	// connection at any time subsequent to this".
	// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
	if i == client && !in.fin && !w.seen[i].failed && !slices.Contains([]Event{BreakWrite, CutWrite, Break, Expire, GiveUp, Abandon}, e) {
		x.complain("the client closes TCP before the server")
	}
}

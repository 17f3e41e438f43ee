package conn

import "strconv"

// What the ends and the network do, as the root package and TCP do it.

// step is one thing that happens.
type step struct {
	who, what string
	code      uint16 // of a Close frame
	then      string
}

var (
	ends = [2]string{"server", "client"}
	ways = [2]string{"way from the server", "way from the client"}
)

func (s step) String() string {
	text := s.who + " " + s.what
	if s.code != 0 {
		text += " " + strconv.Itoa(int(s.code))
	}
	if s.then != "" {
		text += " " + s.then
	}
	return text
}

// stepsOf visits what end i can do or have done to it. It returns how many of the
// steps need nobody's decision, so that no time has to pass before they are taken.
func (x *explorer) stepsOf(w world, i int) (urgent int) {
	state := w.end[i].State()
	if state == Terminated {
		x.rest(w, i)
		return 0
	}
	if x.canSend(state) && w.from[i].n < room {
		x.send(w, i, data, step{who: ends[i], what: "sends data"})
		// What follows on what will be refused is not looked at, whatever it is.
		if x.may.breakRules && !w.from[i].refusable() {
			x.send(w, i, bad, step{who: ends[i], what: "breaks a rule"})
		}
		if x.may.garble && !w.from[i].refusable() {
			x.send(w, i, garbled, step{who: ends[i], what: "sends what is no text"})
		}
	}

	// Our Close frame: as the reason of failure, as a reply, or of our own accord at any
	// time, but never in place of the reason.
	if state == Failed {
		urgent += x.sendClose(w, i, AnswerViolation, w.seen[i].refused)
	}
	if w.duty[i] == reply {
		urgent += x.sendClose(w, i, SendClose, Reply(w.end[i].Ending().Received).Code)
	}
	x.sendClose(w, i, SendClose, 4000+uint16(i))
	if x.may.empty {
		x.sendClose(w, i, SendClose, CodeNoStatus)
	}
	switch w.seen[i].own {
	case inBuffer:
		x.send(w, i, closing, step{who: ends[i], what: "writes Close"})
		urgent++
	case inPipe:
		next := w
		x.flushed(&next, i)
		x.visit(next, step{who: ends[i], what: "has written Close"})
		urgent++
	}

	read := x.read(w, i)
	if x.canReceive(state) || w.duty[i] == ending { // Conn.closeHandshake or the application, Conn.endTransport
		urgent += read
	}
	if w.due(i) {
		urgent++
	}
	if w.due(i) || x.may.impatient {
		next := w
		if !x.take(&next, i, Expire, CloseBody{}) {
			x.complain("the %v's deadline may not pass", roles[i])
		}
		x.visit(next, step{who: ends[i], what: "runs out of time"})
	}
	if x.may.impatient {
		next := w
		if !x.take(&next, i, GiveUp, CloseBody{}) {
			x.complain("the %v's call may not end", roles[i])
		}
		x.visit(next, step{who: ends[i], what: "gives up a call"})
	}
	if w.from[i].broken { // a write that was under way, or a pong
		if next := w; x.take(&next, i, BreakWrite, CloseBody{}) && next != w {
			x.visit(next, step{who: ends[i], what: "fails to write"})
		}
		if next := w; x.take(&next, i, CutWrite, CloseBody{}) && next != w {
			x.visit(next, step{who: ends[i], what: "cuts a write"})
		}
	}
	if x.may.abandon {
		if next := w; x.take(&next, i, Abandon, CloseBody{}) && next != w {
			x.visit(next, step{who: ends[i], what: "is given up"})
		}
	}
	return urgent
}

// rest offers every event to an end that has ended.
func (x *explorer) rest(w world, i int) {
	for e := range Event(numEvents) {
		if next := w; x.take(&next, i, e, CloseBody{Code: 4000}) {
			x.visit(next, step{who: ends[i], what: "takes", then: e.String()})
		}
	}
}

// take lets end i take an event and does what the action says.
func (x *explorer) take(w *world, i int, e Event, body CloseBody) bool {
	l := &w.end[i]
	before := *l
	do, ok := x.handle(l, e, body, w.now(i))
	if !ok {
		if *l != before {
			x.complain("the %v refuses %v, and yet changes", roles[i], e)
		}
		return false
	}
	x.cells[before.State()][e]++
	o := &w.seen[i]
	cannotWrite := e == BreakWrite || e == CutWrite
	o.failed = o.failed || cannotWrite
	gaveUp := do == Drop && (e == Expire || e == GiveUp || e == Abandon)
	if (o.own == inBuffer || o.own == inPipe) && (gaveUp || cannotWrite) {
		o.own = isNotTaken
	}
	x.judgeStep(w, before, i, e, do)
	switch do {
	case SendReply:
		w.duty[i] = reply
	case SendFailure:
		w.duty[i] = explain
	case EndTransport:
		w.duty[i] = ending
		if o.own == isTold { // else the frame goes first
			x.endTransport(w, i)
		}
	case Drop:
		w.duty[i] = none
		w.from[i].fin = w.from[i].fin || !w.from[i].broken
		in := &w.from[1-i]
		in.gone = true
		in.lose()
	}
	return true
}

// endTransport ends what end i sends, if it is its turn.
func (x *explorer) endTransport(w *world, i int) {
	if !x.closesFirst(roles[i]) {
		return
	}
	if x.may.whole && w.end[i].State() != Terminated {
		x.take(w, i, EndOfStream, CloseBody{})
		return
	}
	w.from[i].fin = w.from[i].fin || !w.from[i].broken
}

// sendClose visits what follows when end i sends its Close frame, if it may.
func (x *explorer) sendClose(w world, i int, e Event, code uint16) int {
	cause := step{who: ends[i], what: "sends Close", code: code}
	if !x.take(&w, i, e, CloseBody{Code: code}) {
		if d := w.duty[i]; d == reply || d == explain && e == AnswerViolation {
			x.complain("the %v cannot send its Close frame", roles[i])
			x.report(&w, cause)
		}
		return 0
	}
	o := &w.seen[i]
	// "The application MUST NOT send any more data frames after sending a Close
	// frame."
	// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
	if o.said != 0 {
		x.complain("the %v sends a frame after its Close frame", roles[i])
	}
	if o.refused != 0 && code != o.refused {
		x.complain("the %v says %d of what deserves %d", roles[i], code, o.refused)
	}
	if w.duty[i] == reply || w.duty[i] == explain {
		w.duty[i] = none // and nothing in its place: nobody ends the transport
	}
	if o.said = code; code == 0 {
		o.said = CodeNoStatus
	}
	o.own = inBuffer
	if x.may.waits {
		cause.then = "- which waits"
		x.visit(w, cause)
		return 1
	}
	x.send(w, i, closing, cause)
	return 1
}

// flushed lets end i know that its Close frame is written.
func (x *explorer) flushed(w *world, i int) {
	if !x.take(w, i, FlushClose, CloseBody{}) {
		x.complain("the %v cannot have written its Close frame in state %v", roles[i], w.end[i].State())
	}
	w.seen[i].own = isTold
	if w.duty[i] == ending {
		x.endTransport(w, i)
	}
}

// send puts a frame into the pipe of end i. Two worlds come of it when nobody
// reads there: the frame vanishes, or it is answered by a reset.
func (x *explorer) send(w world, i int, f uint8, cause step) {
	out := &w.from[i]
	if f != closing && w.seen[i].said != 0 {
		x.complain("the %v sends a frame after its Close frame", roles[i])
	}
	if out.fin && !out.broken { // a FIN of the network's own is behind what it breaks
		x.complain("the %v sends a frame after its FIN", roles[i])
	}
	last := func() {
		switch {
		case f == closing && x.may.waits:
			w.seen[i].own = inPipe
		case f == closing:
			x.flushed(&w, i)
		}
		x.visit(w, cause)
	}
	switch {
	case out.broken:
		if !x.take(&w, i, BreakWrite, CloseBody{}) {
			x.complain("the %v cannot fail to write in state %v", roles[i], w.end[i].State())
		}
		cause.then = "- which fails"
		x.visit(w, cause)
		if !out.fin && !out.reset && !out.gone && f == closing {
			w.from[i].put(f)
			cause.then = "- which fails, and yet arrives"
			x.visit(w, cause)
		}
		return
	case out.cut:
	case out.gone:
		without := w
		last()
		w = without
		out.broken = true
		back := &w.from[1-i]
		back.reset = true
		back.lose()
		cause.then = "- and is reset"
	default:
		out.put(f)
	}
	last()
}

// read lets end i take what comes next from its peer.
func (x *explorer) read(w world, i int) int {
	in := &w.from[1-i]
	before := w
	switch {
	case in.cut:
		return 0
	case in.reset:
		if !x.take(&w, i, Break, CloseBody{}) {
			x.complain("the %v does not take a reset", roles[i])
		}
		x.visit(w, step{who: ends[i], what: "meets a reset"})
	case in.n > 0:
		f := in.pop()
		x.visitFrame(w, i, f)
	case in.fin:
		if !x.take(&w, i, EndOfStream, CloseBody{}) {
			x.complain("the %v does not take the end of the stream", roles[i])
		}
		if w == before && len(x.pending) == 0 {
			return 0 // it stays there to be read again
		}
		x.visit(w, step{who: ends[i], what: "reads the end of the stream"})
	default:
		return 0
	}
	return 1
}

// visitFrame visits what follows when end i takes a frame out of the pipe.
func (x *explorer) visitFrame(w world, i int, f uint8) {
	state, o := w.end[i].State(), &w.seen[i]
	if !x.canReceive(state) {
		// What follows what was refused, or a Close frame.
		if o.refused == 0 && o.heard == 0 {
			x.complain("the %v discards what it might have read", roles[i])
		}
		x.visit(w, step{who: ends[i], what: "discards", then: frameNames[f]})
		return
	}
	// "If an endpoint has received a Close frame [...] no further data is received";
	// "An endpoint MUST NOT continue to attempt to process data (including a responding
	// Close frame) from the remote endpoint after being instructed to _Fail the
	// WebSocket Connection_."
	// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
	if o.heard != 0 || o.refused != 0 {
		x.complain("the %v delivers what comes after the end", roles[i])
	}
	if next := w; x.may.panics {
		refused := &next.seen[i].refused
		if *refused = 1011; next.seen[i].said != 0 {
			*refused = next.seen[i].said
		}
		if !x.take(&next, i, Fail, CloseBody{}) {
			x.complain("the %v cannot fail", roles[i])
		}
		x.visit(next, step{who: ends[i], what: "panics over", then: frameNames[f]})
	}
	switch f {
	case bad, garbled:
		o.refused = 1002
		if f == garbled {
			o.refused = 1007
		}
		if w.seen[i].said != 0 {
			o.refused = w.seen[i].said // it has been said why it ends, and is not said again
		}
		if !x.take(&w, i, Violate, CloseBody{}) {
			x.complain("the %v cannot refuse", roles[i])
		}
	case closing:
		o.heard = w.seen[1-i].said
		if !x.take(&w, i, ReceiveClose, CloseBody{Code: o.heard}) {
			x.complain("the %v loses the Close frame", roles[i])
		}
	}
	x.visit(w, step{who: ends[i], what: "reads", then: frameNames[f]})
}

// faultsOf visits what the network may do to the direction from end i.
func (x *explorer) faultsOf(w world, i int) {
	out := &w.from[i]
	if out.broken || out.cut {
		return
	}
	if x.may.forge && w.seen[i].said != 0 && !out.fin && !out.gone && int(out.n) < len(out.frames) {
		next := w
		next.from[i].put(data)
		x.visit(next, step{who: ways[i], what: "has data after Close"})
	}
	if x.may.cut {
		next := w
		next.from[i].cut = true
		next.from[i].lose()
		x.visit(next, step{who: ways[i], what: "is cut"})
	}
	out.broken = true
	if x.may.breakWrite {
		x.visit(w, step{who: ways[i], what: "breaks"})
	}
	if x.may.end && !out.fin {
		next := w
		next.from[i].fin = true
		x.visit(next, step{who: ways[i], what: "ends"})
	}
	if x.may.reset {
		next := w
		next.from[i].reset = true
		next.from[i].lose()
		x.visit(next, step{who: ways[i], what: "is reset"})
	}
}

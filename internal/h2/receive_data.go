package h2

// stepData takes payload that is not gathered.
func (e *Endpoint) stepData(p []byte) (ev Event, taken int, err error) {
	if e.phase == inPadding && e.left == 0 || e.phase == inSkipped && e.left == 0 {
		e.phase = atHeader
		return e.endData(), 0, nil
	}
	if e.phase == inData && e.left == 0 {
		e.phase, e.left = inPadding, e.padding
		return Event{Kind: progress}, 0, nil
	}
	if len(p) == 0 {
		return Event{}, 0, nil
	}
	switch e.phase {
	case atPad:
		return Event{Kind: progress}, 1, e.setPadding(int(p[0]))
	case inData:
		taken = min(e.left, len(p))
		e.left -= taken
		if st := e.current; st != nil && st.state.CanReceive() {
			return Event{Kind: Received, Stream: st, Data: p[:taken:taken]}, taken, nil
		}
		return Event{Kind: progress}, taken, nil
	}
	taken = min(e.left, len(p))
	e.left -= taken
	return Event{Kind: progress}, taken, nil
}

// beginData judges a DATA frame by its header (RFC 9113 §6.1), all of which counts for the
// windows, padding too (§6.9.1).
func (e *Endpoint) beginData() error {
	h := e.header
	n := int64(h.Length)
	if !e.in.take(n) {
		return connError(FlowControlError, "6.9.1", "DATA of %d bytes on stream %d, the connection's window is %d", n, h.Stream, e.in.left)
	}
	if more := e.in.refill(n, int64(e.cfg.ConnWindow)); more > 0 {
		e.appendWindowUpdate(0, more)
	}
	if n == 0 && !h.Flags.Has(FlagEndStream) {
		if err := e.flood.charge(1, "DATA without data"); err != nil {
			return err
		}
	}
	e.current = nil // until it is known that somebody wants it: the payload is skipped
	st := e.table.find(h.Stream)
	if ok, err := e.receive(st, RecvData); !ok {
		return err
	}
	if !st.in.take(n) {
		return streamError(h.Stream, FlowControlError, "6.9.1", "DATA of %d bytes, the window is %d", n, st.in.left)
	}
	e.current, e.phase, e.padding = st, inData, 0
	if h.Flags.Has(FlagPadded) {
		e.phase = atPad
	}
	return nil
}

// setPadding takes over the Pad Length of a DATA frame.
func (e *Endpoint) setPadding(pad int) error {
	if e.left--; pad > e.left {
		return connError(ProtocolError, "6.1", "DATA with %d bytes of padding, %d are left", pad, e.left)
	}
	if e.left == pad && !e.header.Flags.Has(FlagEndStream) {
		if err := e.flood.charge(1, "DATA that is all padding"); err != nil {
			return err
		}
	}
	e.phase, e.left, e.padding = inData, e.left-pad, pad
	if st := e.current; st.state.CanReceive() { // nobody keeps the padding
		e.refillStream(st, pad+1)
	}
	return nil
}

// endData is the end of a frame that was not gathered.
func (e *Endpoint) endData() Event {
	st := e.current
	e.current = nil
	if st == nil || !e.header.Flags.Has(FlagEndStream) || !st.state.CanReceive() {
		return Event{Kind: progress}
	}
	e.move(st, RecvEnd)
	return Event{Kind: Ended, Stream: st}
}

// Consumed notes that the application has taken n bytes of what Received has brought. The
// window of the stream grows by as much.
func (e *Endpoint) Consumed(st *Stream, n int) {
	if st.state.CanReceive() && e.err == nil {
		e.refillStream(st, n)
	}
}

// refillStream gives n bytes of the window back. The peer of a stream that it has ended gets
// none.
func (e *Endpoint) refillStream(st *Stream, n int) {
	if more := st.in.refill(int64(n), int64(e.cfg.StreamWindow)); more > 0 {
		e.move(st, SendWindow)
		e.appendWindowUpdate(st.id, more)
	}
}

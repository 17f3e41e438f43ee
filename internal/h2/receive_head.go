package h2

func (e *Endpoint) onHeaders(payload []byte) (Event, error) {
	h := e.header
	if id := h.Stream; id%2 == 0 { // §5.1.1; and streams of a server would be pushed
		return Event{}, connError(ProtocolError, "5.1.1", "HEADERS on stream %d, which no client opens", id)
	}
	fragment, err := h.Fragment(payload)
	if err != nil {
		return Event{}, err
	}
	if !h.Flags.Has(FlagEndHeaders) {
		e.blocks.begin(h, fragment)
		return Event{}, nil
	}
	return e.onBlock(fragment)
}

func (e *Endpoint) onContinuation(payload []byte) (Event, error) {
	if err := e.blocks.proceed(payload); err != nil {
		return Event{}, err
	}
	if !e.header.Flags.Has(FlagEndHeaders) {
		return Event{}, nil
	}
	first, block := e.blocks.end()
	e.header = first
	return e.onBlock(block)
}

// onBlock handles a whole field block. It is decoded whatever becomes of it.
func (e *Endpoint) onBlock(block []byte) (Event, error) {
	list, ok, broken := e.blocks.decode(block)
	if broken != nil {
		return Event{}, broken
	}
	id := e.header.Stream
	st := e.table.find(id)
	switch {
	case st != nil && st.state == AwaitingHead:
		return e.onResponse(st, list, ok)
	case st != nil || e.forgotten(id) == Reset: // no second head is right
		_, err := e.receive(st, RecvHead)
		return Event{}, err
	case e.role == Server && e.forgotten(id) == Idle:
		return e.onRequest(list, ok)
	}
	// A response to what was not asked, or a request on a stream that is long over (§5.1.1).
	return Event{}, connError(ProtocolError, "5.1.1", "HEADERS on stream %d; the last one was %d", id, max(e.table.local, e.table.remote))
}

// onRequest opens a stream of the peer's.
func (e *Endpoint) onRequest(list []Field, ok bool) (Event, error) {
	id := e.header.Stream
	e.table.remote = id // and the ones below it are closed (§5.1.1)
	if id > e.going.said {
		return Event{}, plain(e.flood.charge(1, "a request after our GOAWAY"))
	}
	if uint32(len(e.table.streams)) >= e.cfg.MaxStreams {
		return Event{}, streamError(id, RefusedStream, "5.1.2", "%d streams are in use", e.cfg.MaxStreams)
	}
	head, err := e.parse(list, ok, request)
	if err != nil {
		return Event{}, err
	}
	st := e.newStream(id)
	e.move(st, RecvHead)
	if head.EndStream {
		e.move(st, RecvEnd)
	}
	return Event{Kind: Requested, Stream: st, Head: head}, nil
}

// onResponse answers a stream of ours.
func (e *Endpoint) onResponse(st *Stream, list []Field, ok bool) (Event, error) {
	head, err := e.parse(list, ok, response)
	if err != nil {
		return Event{}, err
	}
	if head.Status < 200 {
		if head.EndStream {
			return Event{}, streamError(st.id, ProtocolError, "8.1", "a response of %d with END_STREAM", head.Status)
		}
		if err := e.flood.charge(1, "a response of 1xx"); err != nil {
			return Event{}, err
		}
		e.move(st, RecvInfo)
		return Event{Kind: Informed, Stream: st, Head: head}, nil
	}
	e.move(st, RecvHead)
	if head.EndStream {
		e.move(st, RecvEnd)
	}
	return Event{Kind: Answered, Stream: st, Head: head}, nil
}

// parse judges the list of the head under way. The error is a *StreamError.
func (e *Endpoint) parse(list []Field, ok bool, kind headKind) (*Head, error) {
	if !ok {
		return nil, streamError(e.header.Stream, EnhanceYourCalm, "10.5.1", "a head of more than %d bytes", e.blocks.most)
	}
	head, v := parseHead(list, kind)
	if v != nil {
		return nil, &StreamError{*v, e.header.Stream}
	}
	head.EndStream = e.header.Flags.Has(FlagEndStream)
	return head, nil
}

// newStream puts a stream into the table.
func (e *Endpoint) newStream(id uint32) *Stream {
	st := &Stream{id: id, in: inflow{left: e.streamWindow()}, out: outflow(e.peer.InitialWindow)}
	e.table.add(st)
	return st
}

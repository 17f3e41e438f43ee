package h2

import "errors"

// Errors of calls that come at the wrong time.
var (
	// ErrNotSettled: the peer has not said its settings (RFC 8441 §3).
	ErrNotSettled = errors.New("the server has not sent its SETTINGS yet")
	// ErrNoConnectProtocol: the peer does not offer extended CONNECT (RFC 8441 §3).
	ErrNoConnectProtocol = errors.New("the server does not offer extended CONNECT (RFC 8441 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL)")
	// ErrTooManyStreams: there are as many streams as the peer allows (RFC 9113 §5.1.2).
	ErrTooManyStreams = errors.New("the connection has as many streams as the server allows")
	// ErrGoingAway: one of both has sent GOAWAY, or all identifiers are used.
	ErrGoingAway = errors.New("the connection takes no more streams")
	// ErrHeadTooLarge: the peer would not take it (RFC 9113 §6.5.2, MAX_HEADER_LIST_SIZE).
	ErrHeadTooLarge = errors.New("the head is larger than the peer takes")
	// ErrStreamOver: the stream cannot send that any more.
	ErrStreamOver = errors.New("the stream is over, or has its response already")
)

// CanOpen returns nil if Open may be called, or what stands against it.
func (e *Endpoint) CanOpen() error {
	switch {
	case e.err != nil:
		return e.err
	case e.going.peer == done || e.going.own == done || e.table.local+2 > maxStreamID:
		return ErrGoingAway
	case e.settle.heard != done:
		return ErrNotSettled
	case e.peer.ConnectProtocol != 1:
		return ErrNoConnectProtocol
	case e.table.active >= e.peer.MaxStreams:
		return ErrTooManyStreams
	}
	return nil
}

// Open sends a request (client). A head that is malformed is a *Violation.
func (e *Endpoint) Open(head *Head, owner any) (*Stream, error) {
	if err := e.CanOpen(); err != nil {
		return nil, err
	}
	list := head.flatten()
	if err := e.checkOwn(list, request); err != nil {
		return nil, err
	}
	e.table.local = (e.table.local + 1) | 1 // a client's are odd (§5.1.1)
	st := e.newStream(e.table.local)
	st.Owner = owner
	e.move(st, SendHead)
	e.appendHead(st.id, list)
	return st, nil
}

// Respond sends the response, whose status is not 1xx (server). A head that is malformed is a
// *Violation.
func (e *Endpoint) Respond(st *Stream, head *Head) error {
	if e.err != nil {
		return e.err
	}
	list := head.flatten()
	if err := e.checkOwn(list, response); err != nil {
		return err
	}
	if head.Status < 200 {
		return malformed("8.1", "a response of %d is not the last one", head.Status)
	}
	if !e.move(st, SendHead) {
		return ErrStreamOver
	}
	e.appendHead(st.id, list)
	return nil
}

// checkOwn judges what we are about to send as a peer would.
func (e *Endpoint) checkOwn(list []Field, kind headKind) error {
	if _, v := parseHead(list, kind); v != nil {
		return v
	}
	if size := listSize(list); size > int(min(e.peer.MaxHeaderList, maxWindow)) || size > e.blocks.most {
		return ErrHeadTooLarge
	}
	return nil
}

// appendHead appends HEADERS and as many CONTINUATION frames as it takes.
func (e *Endpoint) appendHead(id uint32, list []Field) {
	block := e.blocks.encode(list)
	h := FrameHeader{Type: TypeHeaders, Stream: id}
	for len(block) > MaxFrameSize { // which every peer takes
		e.outbox.frame(h, block[:MaxFrameSize])
		block, h.Type = block[MaxFrameSize:], TypeContinuation
	}
	h.Flags = FlagEndHeaders
	e.outbox.frame(h, block)
}

// Reset ends the stream with RST_STREAM, unless it is over. Chunks of the stream are dropped:
// what is framed of them still goes out.
func (e *Endpoint) Reset(st *Stream, code Code) {
	if e.err == nil && e.move(st, SendReset) {
		h, payload := resetFrame(st.id, code)
		e.outbox.frame(h, payload)
	}
}

// Release says that the shell does not use st any more. It is called once for each stream.
// No event names st after that, so nobody should wait for a chunk of it. A stream that is not over
// goes on until its queue is empty and the peer has ended too: what comes is dropped, and the
// stream counts until then. Reset still ends it.
func (e *Endpoint) Release(st *Stream) {
	if st.hold = released; st.state.Over() {
		e.table.remove(st)
	}
}

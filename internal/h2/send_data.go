package h2

// TrySend frames as much of head and tail as may be sent at once: as much as the windows, the
// buffer and the streams that wait leave room for. It returns how many bytes that is; they will
// be on the wire unless the connection breaks.
func (e *Endpoint) TrySend(st *Stream, head, tail []byte) (n int) {
	if !st.CanSend() || st.first != nil || e.err != nil {
		return 0
	}
	if e.fill(); e.ring.front != nil {
		return 0 // others are first
	}
	if n = len(head) + len(tail); n > 0 && n < minRoom && e.pieceSize(st, n) == n {
		e.frameSmall(st, head, tail)
		return n
	}
	return e.frameMost(st, source{head: head, tail: tail})
}

// frameSmall frames what goes into one frame. It takes less of the stack than framePiece: this
// is where most messages go, from the depth of their senders' stacks.
func (e *Endpoint) frameSmall(st *Stream, head, tail []byte) {
	n := len(head) + len(tail)
	e.outbox.dataHeader(st.id, n)
	e.outbox.buf = append(append(e.outbox.buf, head...), tail...)
	e.sentData(st, n)
	e.flood.earn(n)
}

// frameMost frames as much of s as may be sent at once.
func (e *Endpoint) frameMost(st *Stream, s source) int {
	for s.left() > 0 {
		size := e.pieceSize(st, s.left())
		if size == 0 {
			break
		}
		e.framePiece(st, &s, size)
	}
	return s.framed
}

// Send puts c behind the other chunks of the stream. It reports false if the stream cannot
// send any more. Done returns c when all of it is on the wire. If the stream ends before, an
// event says so, and c is nobody's.
func (e *Endpoint) Send(st *Stream, c *Chunk) bool {
	if !st.CanSend() || e.err != nil {
		return false
	}
	c.source = source{head: c.Head, tail: c.Tail}
	c.stream, c.next, c.sent = st, nil, 0
	st.enqueue(c)
	e.ready(st)
	return true
}

// Retract takes back what is not framed of c, whose caller has given up. It returns how many
// bytes are: they are on the wire, or will be unless the connection breaks. Nothing more
// happens to c.
func (e *Endpoint) Retract(c *Chunk) (framed int) {
	st := c.stream
	if st == nil {
		return c.framed
	}
	e.outbox.retract(c)
	st.dequeue(c)
	c.stream = nil
	if st.first == nil {
		e.ring.remove(st)
		if st.ending == endWaits && e.err == nil {
			e.frameEnd(st)
		}
	}
	return c.framed
}

// End sends END_STREAM behind the chunks that wait. It reports false if the stream cannot send
// any more.
func (e *Endpoint) End(st *Stream) bool {
	if !st.CanSend() || e.err != nil {
		return false
	}
	if st.ending = endWaits; st.first == nil {
		e.frameEnd(st)
	}
	return true
}

// frameEnd sends END_STREAM by itself, for which no window is needed.
func (e *Endpoint) frameEnd(st *Stream) {
	st.ending = endFramed
	e.outbox.frame(FrameHeader{Type: TypeData, Flags: FlagEndStream, Stream: st.id}, nil)
	e.move(st, SendEnd)
}

// ready puts a stream into the ring if it has something to send and may.
func (e *Endpoint) ready(st *Stream) {
	if st.first != nil && st.out > 0 {
		e.ring.add(st)
	}
}

// Pending returns what is to be written next: first all that is framed, and what the streams
// have as far as there is room. It stays valid until Advance, whatever is called between.
func (e *Endpoint) Pending() []byte {
	e.fill()
	return e.outbox.buf[e.outbox.start:len(e.outbox.buf):len(e.outbox.buf)]
}

// Advance notes that the first n bytes of Pending are on the wire.
func (e *Endpoint) Advance(n int) { e.outbox.advance(n) }

// Done returns the chunks that are on the wire whole, each once. The slice stays valid until
// the next call of Advance.
func (e *Endpoint) Done() []*Chunk {
	chunks := e.outbox.done
	e.outbox.done = e.outbox.done[:0]
	return chunks
}

// fill frames DATA, in turns, as far as the windows and the buffer allow.
func (e *Endpoint) fill() {
	for e.ring.front != nil && e.err == nil {
		st := e.ring.front
		c := st.first
		size := e.pieceSize(st, c.left())
		if size == 0 {
			if st.out > 0 {
				return // no room, or the connection's window is closed
			}
			e.ring.remove(st)
			continue
		}
		e.ring.turn()
		e.frameChunk(st, c, size)
	}
}

// frameChunk frames the next piece of the first chunk of a stream.
func (e *Endpoint) frameChunk(st *Stream, c *Chunk, size int) {
	e.framePiece(st, &c.source, size)
	e.outbox.track(c, size)
	if c.left() > 0 {
		return
	}
	st.dequeue(c)
	if st.first != nil {
		return
	}
	e.ring.remove(st)
	if st.ending == endWaits {
		e.frameEnd(st)
	}
}

// framePiece frames the next size bytes of s.
func (e *Endpoint) framePiece(st *Stream, s *source, size int) {
	e.outbox.dataHeader(st.id, size)
	e.outbox.buf = s.appendTo(e.outbox.buf, size)
	e.sentData(st, size)
	if size >= tinyPiece || s.left() == 0 {
		e.flood.earn(size)
	}
}

// sentData takes n bytes of the windows.
func (e *Endpoint) sentData(st *Stream, n int) {
	st.out -= outflow(n)
	e.out -= outflow(n)
}

// pieceSize is how many of left bytes may go into the next DATA frame of st.
func (e *Endpoint) pieceSize(st *Stream, left int) int {
	limit := int64(e.peer.MaxFrameSize)
	if e.ring.front != nil && (e.ring.front != st || e.ring.shared()) {
		limit = sharedPiece
	}
	n := min(int64(left), int64(st.out), int64(e.out), limit)
	if n <= 0 {
		return 0
	}
	return e.outbox.room(int(n))
}

// TakeBuffer returns the buffer if nothing is in it, so that a shell can lend it to another
// connection; nil otherwise. The next frame allocates one unless GiveBuffer is called.
func (e *Endpoint) TakeBuffer() []byte {
	if e.outbox.pending() > 0 {
		return nil
	}
	buf := e.outbox.buf
	e.outbox.buf = nil
	return buf[:0]
}

// GiveBuffer lends the endpoint a buffer, if it has none.
func (e *Endpoint) GiveBuffer(buf []byte) {
	if e.outbox.buf == nil {
		e.outbox.buf = buf[:0]
	}
}

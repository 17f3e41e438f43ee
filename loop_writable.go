package websocket

// WhenWritable has f called once, when a socket that was full has room again. It is for
// libraries that send to many connections by [Conn.TryWritePrepared]: if a message was not
// taken, nobody needs to wait for the peer. Package hub does so. In an application it is
// simpler to call WritePrepared, which waits.
//
// f is called by the loop that serves c, before the loop reads on. It may call any method
// that does not wait: TryWritePrepared until a message is not taken, and then WhenWritable
// again. If the connection ends, f is not called: [Conn.Context] tells of that.
//
// WhenWritable returns false, and f is not called, if the socket is not what is in the way or
// nobody can tell when it has room: another writer is before the caller, [Timeouts.Write]
// limits writes, or the connection is not one that a [Loop] serves without a goroutine. Then
// WritePrepared is what waits.
func (c *Conn) WhenWritable(f func()) bool {
	lc := c.served.Load()
	if lc == nil || !lc.facts.polled() || !c.out.posts() || !lc.driven().Full() {
		return false
	}
	return lc.awaitRoom(&roomCall{f: f})
}

// awaitRoom lists a call. It fails if the socket has room already.
func (lc *loopConn) awaitRoom(call *roomCall) bool {
	lc.c.out.mu.Lock()
	end := &lc.c.out.waits().room
	for *end != nil {
		end = &(*end).next
	}
	*end = call
	lc.c.out.mu.Unlock()
	// The loop clears what Full reports before it takes the turn that makes the calls. So
	// either the call was in the list by then, or it is seen here that the socket has room.
	return lc.driven().Full() || !lc.unlistRoom(call)
}

// unlistRoom takes a call off the list. It fails if the call is being made.
func (lc *loopConn) unlistRoom(call *roomCall) bool {
	lc.c.out.mu.Lock()
	defer lc.c.out.mu.Unlock()
	for at := &lc.c.out.waits().room; *at != nil; at = &(*at).next {
		if *at == call {
			*at = call.next
			return true
		}
	}
	return false
}

// tellRoom makes the calls that wait, in a turn, until the socket is full again. A call that is
// listed meanwhile waits behind those that were there.
func (lc *loopConn) tellRoom() {
	for range lc.roomCalls() {
		if lc.driven().Full() {
			return
		}
		if call := lc.firstRoom(); call != nil {
			call.f()
		}
	}
}

func (lc *loopConn) roomCalls() (n int) {
	lc.c.out.mu.Lock()
	defer lc.c.out.mu.Unlock()
	if w := lc.c.out.waiting; w != nil {
		for call := w.room; call != nil; call = call.next {
			n++
		}
	}
	return n
}

// firstRoom takes the first call off the list. It returns nil if there is none.
func (lc *loopConn) firstRoom() *roomCall {
	lc.c.out.mu.Lock()
	defer lc.c.out.mu.Unlock()
	w := lc.c.out.waiting
	if w == nil || w.room == nil {
		return nil
	}
	call := w.room
	w.room = call.next
	return call
}

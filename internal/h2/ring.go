package h2

// ring has the streams that can send: DATA waits, and the stream's window is open. The one
// at the front is next. Streams carry the links, so that nothing is allocated.
type ring struct{ front *Stream }

// add puts st behind all others, unless it is in the ring.
func (r *ring) add(st *Stream) {
	switch {
	case st.next != nil:
	case r.front == nil:
		st.next, st.prev = st, st
		r.front = st
	default:
		first, last := r.front, r.front.prev
		st.prev, st.next = last, first
		last.next, first.prev = st, st
	}
}

// remove takes st out, if it is in the ring.
func (r *ring) remove(st *Stream) {
	if st.next == nil {
		return
	}
	if r.front == st {
		r.front = st.next
	}
	if st.next == st {
		r.front = nil
	}
	st.prev.next, st.next.prev = st.next, st.prev
	st.next, st.prev = nil, nil
}

// turn puts the front behind all others.
func (r *ring) turn() { r.front = r.front.next }

// shared reports whether more than one stream is in the ring.
func (r *ring) shared() bool { return r.front.next != r.front }

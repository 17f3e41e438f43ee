package h2

// Stream is one stream. Its fields belong to the [Endpoint], but for Owner.
type Stream struct {
	// Owner belongs to the shell. This package does not look at it.
	Owner any

	id     uint32
	state  State
	hold   hold
	ending ending
	in     inflow  // what the peer may send
	out    outflow // what we may send

	first, last *Chunk  // the queue: not all framed
	next, prev  *Stream // in the ring; nil outside
}

// hold says whether somebody still uses the stream. It counts as long.
type hold uint8

const (
	inUse    hold = iota
	released      // Release was called before it was over
)

// ending is where our END_STREAM stands.
type ending uint8

const (
	notEnding ending = iota
	endWaits         // behind the queue
	endFramed
)

// ID is the stream identifier.
func (st *Stream) ID() uint32 { return st.id }

// State is where the stream stands.
func (st *Stream) State() State { return st.state }

// CanSend reports whether more DATA may be given to Send and TrySend.
func (st *Stream) CanSend() bool { return st.state.CanSend() && st.ending == notEnding }

// enqueue puts c behind the chunks that wait.
func (st *Stream) enqueue(c *Chunk) {
	if st.first == nil {
		st.first = c
	} else {
		st.last.next = c
	}
	st.last = c
}

// dequeue takes c out of those that wait, if it is among them.
func (st *Stream) dequeue(c *Chunk) {
	var before *Chunk
	at := st.first
	for ; at != nil && at != c; at = at.next {
		before = at
	}
	switch {
	case at == nil:
		return
	case before == nil:
		st.first = c.next
	default:
		before.next = c.next
	}
	if st.last == c {
		st.last = before
	}
	c.next = nil
}

// clear drops all chunks that wait.
func (st *Stream) clear() {
	for c := st.first; c != nil; {
		c, c.next, c.stream = c.next, nil, nil
	}
	st.first, st.last = nil, nil
}

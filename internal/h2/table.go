package h2

import "slices"

// table has the streams of a connection. Those that are over and that nobody uses any more
// are forgotten: what comes for them is judged by their identifiers.
type table struct {
	streams map[uint32]*Stream
	recent  *Stream // the last one that was found
	local   uint32  // the largest identifier that we have used
	remote  uint32  // the largest one that the peer has used
	active  uint32  // streams that are not over
	resets  resetMemory
}

func (t *table) find(id uint32) *Stream {
	if t.recent != nil && t.recent.id == id {
		return t.recent
	}
	st := t.streams[id]
	if st != nil {
		t.recent = st
	}
	return st
}

func (t *table) add(st *Stream) {
	if t.streams == nil {
		t.streams = make(map[uint32]*Stream)
	}
	t.streams[st.id] = st
	t.active++
}

func (t *table) remove(st *Stream) {
	delete(t.streams, st.id)
	if t.recent == st {
		t.recent = nil
	}
}

// maxResets is how many streams are remembered that we have reset. An honest peer can have
// frames on their way for as many as we let it open, or have opened, in one round trip.
const maxResets = 256

// resetMemory has the streams that we have reset, for which frames may still come. When it is
// full it becomes lenient: it then forgives frames for every stream up to the largest that it
// had to drop.
type resetMemory struct {
	ids     []uint32
	next    int    // the oldest, if ids is full
	dropped uint32 // the largest that was dropped
}

func (m *resetMemory) add(id uint32) {
	if len(m.ids) < maxResets {
		m.ids = append(m.ids, id)
		return
	}
	m.dropped = max(m.dropped, m.ids[m.next])
	m.ids[m.next] = id
	m.next = (m.next + 1) % maxResets
}

func (m *resetMemory) has(id uint32) bool { return id <= m.dropped || slices.Contains(m.ids, id) }

package h2

import (
	"cmp"
	"slices"
)

// table has the streams of a connection. Those that are over and that nobody uses any more
// are forgotten: what comes for them is judged by their identifiers.
type table struct {
	streams []*Stream // by identifier, which only grows
	recent  *Stream   // the last one that was found
	local   uint32    // the largest identifier that we have used
	remote  uint32    // the largest one that the peer has used
	active  uint32    // streams that are not over
	resets  resetMemory
}

func (t *table) find(id uint32) *Stream {
	if t.recent != nil && t.recent.id == id {
		return t.recent
	}
	i, found := t.search(id)
	if !found {
		return nil
	}
	t.recent = t.streams[i]
	return t.recent
}

func (t *table) search(id uint32) (i int, found bool) {
	return slices.BinarySearchFunc(t.streams, id, func(st *Stream, id uint32) int { return cmp.Compare(st.id, id) })
}

func (t *table) add(st *Stream) {
	t.streams = append(t.streams, st)
	t.active++
}

func (t *table) remove(st *Stream) {
	if i, found := t.search(st.id); found {
		t.streams = slices.Delete(t.streams, i, i+1)
	}
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

package eventloop

import (
	"iter"
	"sync"
	"sync/atomic"
)

// table finds the Member of a descriptor. Descriptors are numbered for the whole process,
// and so all loops share one table: 8 bytes for each descriptor that was ever in use.
type table struct {
	mu     sync.Mutex // to grow
	chunks atomic.Pointer[[]*chunk]
}

const chunkSize = 512

// chunk is never moved, so that at needs no lock.
type chunk [chunkSize]atomic.Pointer[Member]

var members table

// at returns the Member of fd, or nil.
func (t *table) at(fd int32) *Member {
	chunks := t.chunks.Load()
	if i := int(fd / chunkSize); chunks != nil && i < len(*chunks) && (*chunks)[i] != nil {
		return (*chunks)[i][fd%chunkSize].Load()
	}
	return nil
}

// put reports false if fd has a Member.
func (t *table) put(fd int32, m *Member) bool {
	return t.slot(fd).CompareAndSwap(nil, m)
}

func (t *table) drop(fd int32, m *Member) {
	t.slot(fd).CompareAndSwap(m, nil)
}

func (t *table) slot(fd int32) *atomic.Pointer[Member] {
	i := int(fd / chunkSize)
	if chunks := t.chunks.Load(); chunks != nil && i < len(*chunks) && (*chunks)[i] != nil {
		return &(*chunks)[i][fd%chunkSize]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var chunks []*chunk
	if old := t.chunks.Load(); old != nil {
		chunks = append(chunks, *old...) // a copy: others read the old one
	}
	for len(chunks) <= i {
		chunks = append(chunks, nil)
	}
	if chunks[i] == nil {
		chunks[i] = new(chunk)
	}
	t.chunks.Store(&chunks)
	return &chunks[i][fd%chunkSize]
}

// all iterates over the Members.
func (t *table) all() iter.Seq[*Member] {
	return func(yield func(*Member) bool) {
		chunks := t.chunks.Load()
		if chunks == nil {
			return
		}
		for _, c := range *chunks {
			if c == nil {
				continue
			}
			for i := range c {
				if m := c[i].Load(); m != nil && !yield(m) {
					return
				}
			}
		}
	}
}

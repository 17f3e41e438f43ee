package trace

import (
	"sort"

	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
)

// backlog is a run of bytes of one direction, without a hole, that has not been read yet. It
// knows which packet each byte came from.
type backlog struct {
	data   []byte
	marks  []origin
	offset int64 // of the first byte in the stream
}

// origin is the source of the bytes of a backlog from at onwards.
type origin struct {
	at    int64 // offset in the stream
	start bool
	Mark
}

func (b *backlog) add(c reassembly.Chunk) {
	if len(b.data) == 0 {
		b.offset = c.Offset
		b.marks = b.marks[:0]
	}
	b.marks = append(b.marks, origin{c.Offset, c.Start, Mark{c.Packet, c.Time}})
	b.data = append(b.data, c.Data...)
}

func (b *backlog) empty() bool { return len(b.data) == 0 }

func (b *backlog) weight() int { return cap(b.data) + 48*cap(b.marks) }

// index returns the index of the mark that byte i belongs to.
func (b *backlog) index(i int) int {
	at := b.offset + int64(i)
	return sort.Search(len(b.marks), func(k int) bool { return b.marks[k].at > at }) - 1
}

// mark returns where byte i came from.
func (b *backlog) mark(i int) Mark { return b.marks[b.index(i)].Mark }

// starts reports whether a segment begins with byte i, or would if one followed.
func (b *backlog) starts(i int) bool {
	if i == len(b.data) {
		return true
	}
	o := b.marks[b.index(i)]
	return o.start && o.at == b.offset+int64(i)
}

// within reports whether bytes i to end, excluding end, are in one segment.
func (b *backlog) within(i, end int) bool {
	from := b.index(i)
	return from == b.index(end-1)
}

// drop removes the first n bytes.
func (b *backlog) drop(n int) {
	if n >= len(b.data) {
		*b = backlog{}
		return
	}
	k := b.index(n)
	b.marks = append(b.marks[:0], b.marks[k:]...)
	if first := &b.marks[0]; first.at < b.offset+int64(n) {
		first.at, first.start = b.offset+int64(n), false
	}
	b.data = append(b.data[:0], b.data[n:]...)
	b.offset += int64(n)
}

// first returns the bytes of the first packet.
func (b *backlog) first() reassembly.Chunk {
	n := len(b.data)
	if len(b.marks) > 1 {
		n = int(b.marks[1].at - b.offset)
	}
	m := b.marks[0]
	return reassembly.Chunk{Data: b.data[:n], Offset: b.offset, Packet: m.Packet, Time: m.Time, Start: m.start}
}

package fuzz_test

import (
	"net"
)

// relay carries what one end sends to the other, and rewrites it.
type relay struct {
	from, to net.Conn
	edits    []byte // three bytes each: how far on, what, how much
	left     int    // bytes until the next edit
	begun    bool   // left is of edits[0]
	cut      bool   // nothing passes any more

	tape    []byte // what has passed
	touched int    // how much of it was as it was sent; -1: all
}

// What may happen to bytes.
const (
	changed = iota
	deleted
	repeated
	inserted
	truncated // and that was the end of the stream
	stalled   // and nothing more comes, not even the end
	edits     = iota
)

// run carries until the stream ends. What nobody takes any more is read all the same.
func (r *relay) run() {
	r.touched = -1
	p := make([]byte, 4<<10)
	for {
		n, err := r.from.Read(p)
		if n > 0 && !r.cut {
			r.pass(p[:n])
		}
		if err != nil {
			break
		}
	}
	if !r.stalling() {
		r.end()
	}
}

func (r *relay) end() { _ = r.to.(interface{ CloseWrite() error }).CloseWrite() }

// stalling tells that the end must not pass either.
func (r *relay) stalling() bool { return r.cut && len(r.edits) > 1 && r.edits[1]%edits == stalled }

// pass rewrites p and sends it on.
func (r *relay) pass(p []byte) {
	for len(p) > 0 && !r.cut {
		if !r.begun && len(r.edits) >= 3 {
			r.left, r.begun = int(r.edits[0]), true
		}
		if !r.begun || r.left >= len(p) {
			r.left -= len(p)
			r.put(p)
			return
		}
		r.put(p[:r.left])
		p = r.edit(p[r.left:])
		if !r.cut {
			r.edits, r.begun = r.edits[3:], false
		}
	}
}

// edit does the edit that is due to p, and returns what of it is still to pass.
func (r *relay) edit(p []byte) []byte {
	if r.touched < 0 {
		r.touched = len(r.tape)
	}
	what, much := r.edits[1], r.edits[2]
	some := min(int(much%16)+1, len(p))
	switch what % edits {
	case changed:
		r.put([]byte{p[0] ^ max(much, 1)})
		return p[1:]
	case deleted:
		return p[some:]
	case repeated:
		r.put(p[:some])
		return p
	case inserted:
		new := make([]byte, 1+what/edits%14)
		for i := range new {
			new[i] = much + byte(i)*what
		}
		r.put(new)
		return p
	case truncated:
		r.end()
	}
	r.cut = true
	return nil
}

func (r *relay) put(p []byte) {
	if len(p) == 0 {
		return
	}
	n, err := r.to.Write(p)
	r.tape = append(r.tape, p[:n]...)
	r.cut = r.cut || err != nil
}

package http3

import (
	"io"
	"sync"

	"github.com/quic-go/quic-go/quicvarint"
)

// The types of frames (RFC 9114 §7.2, RFC 9218 §7.2, §11.2.1 for those of HTTP/2).
const (
	frameData           = 0x0
	frameHeaders        = 0x1
	frameHTTP2Priority  = 0x2
	frameCancelPush     = 0x3
	frameSettings       = 0x4
	framePushPromise    = 0x5
	frameHTTP2Ping      = 0x6
	frameGoAway         = 0x7
	frameHTTP2Window    = 0x8
	frameHTTP2Continued = 0x9
	frameMaxPushID      = 0xd
	framePriority       = 0xf0700
	framePriorityPush   = 0xf0701
)

// unknownFrame reports whether a frame is of an extension that nobody has agreed on. Its payload
// is dropped (RFC 9114 §9); peers send some to see to that.
func unknownFrame(kind uint64) bool {
	switch kind {
	case frameData, frameHeaders, frameHTTP2Priority, frameCancelPush, frameSettings, framePushPromise, frameHTTP2Ping,
		frameGoAway, frameHTTP2Window, frameHTTP2Continued, frameMaxPushID, framePriority, framePriorityPush:
		return false
	}
	return true
}

// deframer finds the frames on a stream. It can go on after every byte, so a read that a deadline
// interrupts loses nothing.
type deframer struct {
	head [16]byte // of the next frame, as far as it has come
	have int
	kind uint64 // of the frame whose payload comes now
	left uint64 // of that payload
}

// next reads the head of the next frame, after the payload of the one before.
func (d *deframer) next(r io.Reader) error {
	for {
		n, err := r.Read(d.head[d.have:d.need()])
		d.have += n
		if d.have == d.need() {
			break
		}
		if n == 0 && err != nil {
			return err
		}
	}
	kind, n, _ := quicvarint.Parse(d.head[:d.have])
	left, _, _ := quicvarint.Parse(d.head[n:d.have])
	d.kind, d.left, d.have = kind, left, 0
	return nil
}

// need returns how long the head is at least, by what has come of it: two integers, each of which
// says in its first byte how long it is (RFC 9000 §16).
func (d *deframer) need() int {
	if d.have < 2 {
		return 2
	}
	kind := 1 << (d.head[0] >> 6)
	if d.have <= kind {
		return kind + 1
	}
	return kind + 1<<(d.head[kind]>>6)
}

// read reads from the payload of the frame, at most as much as is left of it. It returns an error
// only where nothing has come: the next read meets it again.
func (d *deframer) read(r io.Reader, p []byte) (int, error) {
	if uint64(len(p)) > d.left {
		p = p[:d.left]
	}
	n, err := r.Read(p)
	d.left -= uint64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// between reports whether the stream may end here: between two frames.
func (d *deframer) between() bool { return d.have == 0 && d.left == 0 }

// framer puts what is written into DATA frames. A write that was interrupted leaves a frame of
// which some is still to come; the next write goes on with it.
type framer struct {
	head []byte // of the frame under way, as far as it is still to be sent
	left int    // of its payload
	room [maxHead]byte
}

// smallWrite is up to which size a write leaves as one with the head of its frame: it fits into
// a packet.
const smallWrite = 1200

var smallWrites = sync.Pool{New: func() any { return new([maxHead + smallWrite]byte) }}

// maxHead is the longest head of a DATA frame.
const maxHead = 9

// write frames p. n tells how many bytes of p were taken.
func (f *framer) write(w io.Writer, p []byte) (n int, err error) {
	if f.left > 0 {
		if n, err = f.resume(w, p); err != nil || n == len(p) {
			return n, err
		}
		p = p[n:]
	}
	f.begin(len(p))
	var m int
	if len(p) <= smallWrite {
		m, err = f.writeWhole(w, p)
	} else {
		m, err = f.resume(w, p)
	}
	if err != nil && len(f.head) == f.headSize(len(p)) {
		f.head, f.left = nil, 0 // nothing of the frame has gone: it may be another
	}
	return n + m, err
}

// begin begins a DATA frame with n bytes.
func (f *framer) begin(n int) {
	f.head = quicvarint.Append(append(f.room[:0], frameData), uint64(n))
	f.left = n
}

func (f *framer) headSize(n int) int { return 1 + quicvarint.Len(uint64(n)) }

// resume sends what is missing of the head, and from p as much as the frame still takes.
func (f *framer) resume(w io.Writer, p []byte) (int, error) {
	if len(f.head) > 0 {
		n, err := w.Write(f.head)
		f.head = f.head[n:]
		if err != nil {
			return 0, err
		}
	}
	n, err := w.Write(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}

// writeWhole sends head and payload together.
func (f *framer) writeWhole(w io.Writer, p []byte) (int, error) {
	whole := smallWrites.Get().(*[maxHead + smallWrite]byte)
	defer smallWrites.Put(whole)
	head := len(f.head)
	n, err := w.Write(append(append(whole[:0], f.head...), p...))
	f.head = f.head[min(n, head):]
	n = max(0, n-head)
	f.left -= n
	return n, err
}

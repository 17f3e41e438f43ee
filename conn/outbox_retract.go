package conn

import "github.com/hawser-ws/websocket/frame"

// Done removes the frames that are on the wire whole and returns them in order. The
// slice stays valid until the next frame is appended.
func (o *Outbox) Done() []*OutFrame {
	begin := o.first
	for o.first < len(o.frames) && o.frames[o.first].end <= o.sent {
		o.first++
	}
	return o.frames[begin:o.first]
}

// Frames returns the frames that somebody waits for, in order. The slice stays valid
// until the next frame is appended.
func (o *Outbox) Frames() []*OutFrame { return o.frames[o.first:] }

// Empty reports whether nothing is on its way.
func (o *Outbox) Empty() bool { return !o.Unsent() && len(o.Frames()) == 0 }

// Hold leaves f in the buffer until more frames leave with it. That completes f for its
// caller: nobody waits for it any more, and it cannot be taken back. f is nil for what
// AppendSingle has encoded.
//
// It returns false, and nothing has changed, if f does not stand directly behind what is
// held already, or the buffer has become too full.
func (o *Outbox) Hold(f *OutFrame) bool {
	frames := o.Frames()
	alone := len(frames) == 0
	if f != nil {
		// Otherwise part of it is on the wire, or a pong stands before it.
		alone = len(frames) == 1 && frames[0] == f && f.begin == max(o.sent, o.held)
	}
	if !alone || len(o.tail) > 0 || o.end > holdLimit {
		return false
	}
	o.Commit()
	o.held = o.encoded
	return true
}

// Holding reports whether all that is to be sent is held: see Hold.
func (o *Outbox) Holding() bool {
	return o.held == o.encoded && o.held > o.sent && len(o.Frames()) == 0
}

// Commit makes everything encoded final: it will be sent even if its callers give up. It
// removes their frames and returns them.
func (o *Outbox) Commit() []*OutFrame {
	o.committed = o.encoded
	frames := o.Frames()
	o.first = len(o.frames)
	return frames
}

// Retract takes back the frames of which nothing is on the wire, after a write was
// interrupted. gone reports whether the caller of a frame has given up. Frames come
// back in order: dropped are those whose callers have given up, again those that have
// to be encoded anew. Both slices stay valid until the next frame is appended.
//
// What stands before a Close frame or a pong cannot be taken back without it. It stays,
// also if its caller has given up: see Frames.
//
// If the caller of a frame that is half on the wire has given up, or that of a Close frame,
// the stream is lost. Then Retract returns that frame, and nothing has changed.
func (o *Outbox) Retract(gone func(*OutFrame) bool) (dropped, again []*OutFrame, lost *OutFrame) {
	frames := o.Frames()
	for _, f := range frames {
		if (f.begin < o.sent || f.Header.Opcode == frame.Close) && gone(f) {
			return nil, nil, f
		}
	}
	keep := len(frames)
	for keep > 0 && frames[keep-1].begin >= max(o.sent, o.committed) {
		keep--
	}
	back := frames[keep:]
	if len(back) == 0 {
		return nil, nil, nil
	}
	o.truncateAt(back[0])
	o.frames = o.frames[:o.first+keep]
	n := 0
	for i, f := range back {
		if gone(f) {
			copy(back[n+1:i+1], back[n:i])
			back[n] = f
			n++
		}
	}
	return back[:n], back[n:], nil
}

// truncateAt drops what is encoded from f on.
func (o *Outbox) truncateAt(f *OutFrame) {
	o.encoded, o.message, o.tail = f.begin, f.before, nil
	o.end = o.start + int(o.encoded-o.sent)
	if o.start == o.end {
		o.start, o.end = 0, 0
	}
}

// Clear drops everything that is not on the wire and returns the frames of those who
// wait for it: nothing can be sent any more. The slice stays valid until the next frame
// is appended.
func (o *Outbox) Clear() []*OutFrame {
	o.pending = pending{}
	o.encoded, o.committed, o.held, o.message = o.sent, o.sent, 0, 0
	frames := o.Frames()
	o.frames, o.first = o.frames[:0], 0
	return frames
}

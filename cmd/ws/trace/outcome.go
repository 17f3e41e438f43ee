package trace

import (
	"encoding/binary"

	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// Outcome says how a WebSocket conversation ended, as far as the capture shows it.
type Outcome string

// The outcomes.
const (
	Clean    Outcome = "clean"   // a Close frame each way
	NotClean Outcome = "unclean" // TCP ended, and one side certainly sent no Close frame
	Open     Outcome = "open"    // the capture ends before the conversation does
	NotKnown Outcome = "unknown" // a Close frame may be in a part that cannot be read: see Direction.Unread
)

// outcome judges the end of a conversation. A side has certainly sent no Close frame only if
// TCP ended and everything before that could be read.
func (c *Conversation) outcome() Outcome {
	missing, certain, hidden := 0, 0, 0
	for _, d := range []Dir{FromClient, FromServer} {
		switch {
		case c.Closed(d):
			continue
		case c.Direction(d).Unread != "":
			hidden++
		case c.Ended(d):
			certain++
		}
		missing++
	}
	switch {
	case missing == 0:
		return Clean
	case certain > 0:
		return NotClean
	case hidden > 0:
		return NotKnown
	}
	return Open
}

// Closed reports whether a Close frame of d was seen.
func (c *Conversation) Closed(d Dir) bool {
	for _, s := range c.Closes {
		if s.By == d {
			return true
		}
	}
	return false
}

// Ended reports whether direction d is over: a FIN or END_STREAM of its sender, or a reset by
// either side was seen.
func (c *Conversation) Ended(d Dir) bool {
	for _, e := range c.Ends {
		if e.By == d || e.What == "RST" || e.What == ResetStream {
			return true
		}
	}
	return false
}

// hidden says why the end of direction d cannot be read, or returns "" if it can. Only the end
// matters: nothing follows a Close frame, so an unseen one can only come after the last frame
// that was seen.
func (x *exchange) hidden(d Dir) string {
	s, r := x.conv.Direction(d), x.frames.receivers[d]
	switch {
	case x.stopped[d] != "":
		return x.stopped[d]
	case r != nil && r.dead != "":
		return r.dead
	case r == nil && (s.Lost > 0 || s.Frames > 0 || x.gaps[d]):
		return "bytes are missing in the capture"
	case r == nil && s.Skipped > 0:
		return "no frame boundary can be proven"
	case s.Frames == 0 && s.Sync != "handshake":
		return "the beginning is missing"
	}
	return ""
}

// stop records that TLS is not decrypted any further in direction d.
func (x *exchange) stop(d Dir, why string, at Mark) {
	x.stopped[d] = why
	if x.mux != nil {
		x.mux.stop(d, why, at)
	}
	if x.mode == inFrames || x.mode == inHTTP2 {
		x.note(d, at, "from here on it is not decrypted: "+why)
	}
}

// closed records the first Close frame of a side. Their order is that of the packets.
func (x *exchange) closed(f *Frame) {
	if x.conv.Closed(f.Dir) {
		return
	}
	x.conv.Closes = append(x.conv.Closes, x.closeSent(f))
	if c := x.conv.Closes; len(c) == 2 && c[1].Packet < c[0].Packet {
		c[0], c[1] = c[1], c[0]
	}
}

// closeSent describes a Close frame that has just been read, possibly incomplete.
func (x *exchange) closeSent(f *Frame) CloseSent {
	sent := CloseSent{By: f.Dir, Mark: f.Mark}
	if f.Close != nil {
		sent.Code, sent.Reason = f.Close.Code, payload.Visible(f.Close.Reason)
		return sent
	}
	sent.Cut = f.Missing > 0
	if p := x.frames.receivers[f.Dir].sample; len(p) >= 2 {
		sent.Code, sent.Reason = binary.BigEndian.Uint16(p), payload.Visible(string(p[2:]))
	}
	return sent
}

package trace

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// frames is the state of an exchange that has switched to frames.
type frames struct {
	receivers [2]*receiver // by Dir; nil: not synchronised
	terms     [2]*conn.Terms
	unknown   bool // extensions are unknown: the handshake was not seen
	need      [2]need
	engines   *engines
	counted   [2]struct{ frames, messages int } // by earlier receivers

	pings [2]ping // the last of either direction
}

// need is the proof required of a frame boundary.
type need struct {
	bits, frames int
	tried        int // bytes of backlog at the last attempt
}

type ping struct {
	said string
	at   time.Time
	sent bool
}

// frame processes the next bytes of a side.
func (x *exchange) frame(side int, c reassembly.Chunk) {
	d := x.dir(side)
	r := x.frames.receivers[d]
	at := Mark{c.Packet, c.Time}
	switch {
	case r == nil:
		x.search(side, c)
	case c.Lost > 0:
		// A ping or a pong may be missing, so the next pong need not answer the last ping.
		x.frames.pings = [2]ping{}
		if r.lost(c.Lost, at) {
			x.note(d, at, fmt.Sprintf("%d octets are not in the capture", c.Lost))
			return
		}
		x.note(d, at, fmt.Sprintf("%d octets are not in the capture, and with them where the next frame begins", c.Lost))
		x.retire(d)
		x.frames.need[d] = need{bits: proofAgain, frames: 2}
	default:
		was := r.dead
		r.feed(c.Data, c.Offset, at)
		if r.dead != "" && was == "" {
			x.note(d, at, r.dead)
		}
	}
}

// retire discards a receiver that no longer knows where a frame begins.
func (x *exchange) retire(d Dir) {
	r := x.frames.receivers[d]
	x.count(r)
	x.frames.counted[d].frames += r.frames
	x.frames.counted[d].messages += r.messages
	x.frames.receivers[d] = nil
}

func (x *exchange) count(r *receiver) {
	s := x.conv.Direction(r.dir)
	s.Payload += r.received
	r.received = 0
}

func (x *exchange) note(d Dir, at Mark, text string) {
	x.log(Event{Note: &Note{Mark: at, Dir: d, Text: text}})
}

// search looks for a frame boundary in a direction that has lost it.
func (x *exchange) search(side int, c reassembly.Chunk) {
	d, b := x.dir(side), &x.back[side]
	if c.Lost > 0 {
		if !x.locate(d) {
			x.skip(side, len(b.data))
			x.frames.need[d].tried = 0
			return
		}
		x.frame(side, c)
		return
	}
	b.add(c)
	n := &x.frames.need[d]
	if len(b.data) < 2*n.tried {
		return
	}
	n.tried = max(256, len(b.data))
	if !x.locate(d) && len(b.data) > maxBacklog {
		x.skip(side, len(b.data)/2)
		n.tried = len(b.data) / 2
	}
}

// skip drops n bytes from the beginning of a backlog.
func (x *exchange) skip(side, n int) {
	x.conv.Direction(x.dir(side)).Skipped += int64(n)
	x.back[side].drop(n)
}

// locate tries to prove a frame boundary in the backlog of a direction.
func (x *exchange) locate(d Dir) bool {
	side := x.side(d)
	b, n := &x.back[side], x.frames.need[d]
	p := prove(b, d == FromClient, x.frames.terms[d], x.frames.unknown, n.bits)
	if p.bits < n.bits || p.frames < n.frames {
		return false
	}
	x.begin(d, p)
	x.enter(inFrames)
	return true
}

// begin prepares a direction for reading from the place that a proof has found. enter then
// reads.
func (x *exchange) begin(d Dir, p proof) {
	side := x.side(d)
	x.skip(side, p.start)
	b := &x.back[side]
	x.note(d, b.mark(0), "a frame begins here: "+p.String())
	terms := x.frames.terms[d]
	if x.frames.unknown {
		terms = lenient()
	}
	r := x.receive(d, terms)
	r.joined = true
	r.message.blank = true
	r.frames, r.messages = x.frames.counted[d].frames, x.frames.counted[d].messages
	x.frames.counted[d] = struct{ frames, messages int }{}
	if s := x.conv.Direction(d); s.Sync == "" {
		s.Sync = "proven"
	}
}

// emit processes a frame that a receiver has read.
func (x *exchange) emit(f *Frame) {
	s := x.conv.Direction(f.Dir)
	s.Frames = f.Index
	if f.Message != nil {
		s.Messages = f.Message.Index
	}
	if len(f.Violations) > 0 {
		x.conv.Broken++
	}
	said := x.frames.receivers[f.Dir].sample
	switch {
	case f.Opcode == frame.Close.String() && !x.torn: // even if part of its payload is missing
		x.closed(f)
	case f.Unfinished:
	case f.Opcode == frame.Ping.String():
		x.frames.pings[f.Dir] = ping{string(said), f.Time, true}
	case f.Opcode == frame.Pong.String():
		if p := &x.frames.pings[f.Dir.Other()]; p.sent && p.said == string(said) {
			f.RTT = f.Since(p.at)
			p.sent = false
		}
	}
	x.log(Event{Frame: f})
}

// end is called at the end of the connection or of the capture.
func (x *exchange) end() {
	if x.mode == inHTTP {
		x.openBlind()
	}
	switch x.mode {
	case amid:
		if x.identify(); x.mode == amid {
			x.unproven()
			return
		}
		x.end()
	case inHTTP2:
		x.mux.end()
	case inFrames:
		for _, d := range []Dir{FromClient, FromServer} {
			x.endDirection(d)
		}
	case inHTTP, detecting:
		if x.upgrade && x.conv.Response == nil {
			x.note(FromServer, x.conv.Last, "the Upgrade is not answered in the capture")
		}
	case awaiting:
		x.note(FromServer, x.conv.Last, "the CONNECT is not answered in the capture")
	}
}

// endDirection ends one direction.
func (x *exchange) endDirection(d Dir) {
	if side := x.side(d); x.tails[side].Lost > 0 {
		x.frame(side, x.tails[side])
	}
	if x.frames.receivers[d] == nil && !x.locate(d) {
		x.lostForGood(d)
		return
	}
	r := x.frames.receivers[d] // locate may have found the other direction as well
	if !r.boundary() {
		x.torn = true
		r.cut(x.conv.Last)
		x.torn = false
	}
	x.count(r)
}

// lostForGood reports a direction that ended without a frame boundary.
func (x *exchange) lostForGood(d Dir) {
	side := x.side(d)
	s := x.conv.Direction(d)
	if s.Sync == "" && (len(x.back[side].data) > 0 || s.Skipped > 0) {
		s.Sync = "not synchronised"
	}
	x.skip(side, len(x.back[side].data))
	if s.Skipped > 0 {
		x.note(d, x.conv.Last, fmt.Sprintf("not synchronised: in %d octets no frame boundary can be proven", s.Skipped))
	}
}

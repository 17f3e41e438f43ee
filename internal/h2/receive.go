package h2

import (
	"strings"
	"time"
)

// receiver is where the stream of received bytes stands. Frames other than DATA are gathered
// whole, and the payload of what nobody wants is skipped; so a shell never keeps bytes.
//
//	atPreface ──▶ atHeader ──▶ inFrame ─────────────────────────▶ atHeader
//	                  ├──────▶ atPad ──▶ inData ──▶ inPadding ──▶ atHeader
//	                  └──────▶ inSkipped ───────────────────────▶ atHeader
//	                                                from anywhere: dead
type receiver struct {
	phase    phase
	header   FrameHeader // of the frame under way
	gathered []byte      // of a preface, header or frame that came in parts
	left     int         // bytes of payload to come, in inData without padding
	padding  int
	current  *Stream   // whose DATA is under way; nil: nobody wants it
	doomed   []*Stream // a NotProcessed event is due for each
	why      Code      // of that
}

// phase is what comes next.
type phase uint8

const (
	atPreface phase = iota // only for a server
	atHeader
	inFrame
	atPad
	inData
	inPadding
	inSkipped
	dead // the connection is over: everything is dropped
)

// Receive takes bytes from the front of p until something has happened, and says what and how
// many. It is called until it returns Nothing, also with no bytes left: then all of p is
// taken. err is a *ConnError; the connection is over, and a GOAWAY waits in Pending.
func (e *Endpoint) Receive(p []byte, now time.Time) (ev Event, n int, err error) {
	e.flood.now = now
	for {
		ev, taken, err := e.step(p[n:])
		n += taken
		if err != nil {
			ev, err = e.refuse(err)
		}
		if err != nil || ev.Kind != progress && !e.dropped(ev) {
			return ev, n, err
		}
	}
}

// dropped reports whether an event is for nobody, because its stream was released. DATA that
// nobody keeps is free again at once.
func (e *Endpoint) dropped(ev Event) bool {
	if ev.Stream == nil || ev.Stream.hold != released {
		return false
	}
	e.Consumed(ev.Stream, len(ev.Data))
	return true
}

// step takes what is next. It returns Nothing if it needs more bytes than p, all of which it
// has taken then. err is a *ConnError or a *StreamError.
func (e *Endpoint) step(p []byte) (ev Event, taken int, err error) {
	if len(e.doomed) > 0 {
		return e.notProcessed(), 0, nil
	}
	switch e.phase {
	case atPreface:
		taken, err = e.matchPreface(p)
	case atHeader:
		raw, n := e.gather(p, FrameHeaderSize)
		if raw == nil {
			return Event{}, n, nil
		}
		taken, e.header = n, ParseFrameHeader(raw)
		if err = e.checkFirst(raw); err == nil {
			err = e.begin()
		}
		e.gathered = e.gathered[:0]
	case inFrame:
		payload, n := e.gather(p, int(e.header.Length))
		if payload == nil {
			return Event{}, n, nil
		}
		e.phase = atHeader
		ev, err = e.frame(payload)
		if e.gathered = e.gathered[:0]; cap(e.gathered) > keptGathered {
			e.gathered = nil
		}
		if ev.Kind != Nothing || err != nil {
			return ev, n, err
		}
		taken = n
	case dead:
		return Event{}, len(p), nil
	default:
		return e.stepData(p)
	}
	if err == nil && e.phase == atPreface {
		return Event{}, taken, nil
	}
	return Event{Kind: progress}, taken, err
}

// keptGathered is how much room is kept for frames that come in parts.
const keptGathered = 64

// gather returns size bytes, from the front of p if nothing was gathered before. It returns
// nil, and has taken all of p, if they are not complete.
func (e *Endpoint) gather(p []byte, size int) (whole []byte, taken int) {
	if size == 0 {
		return []byte{}, 0
	}
	if len(e.gathered) == 0 && len(p) >= size {
		return p[:size:size], size
	}
	taken = min(len(p), size-len(e.gathered))
	e.gathered = append(e.gathered, p[:taken]...)
	if len(e.gathered) < size {
		return nil, taken
	}
	return e.gathered, taken
}

// matchPreface compares what a client sends first (RFC 9113 §3.4).
func (e *Endpoint) matchPreface(p []byte) (taken int, err error) {
	at := len(e.gathered)
	taken = min(len(p), len(Preface)-at)
	if string(p[:taken]) != Preface[at:at+taken] {
		return 0, connError(ProtocolError, "3.4", "the client does not begin with the preface of HTTP/2")
	}
	if e.gathered = append(e.gathered, p[:taken]...); len(e.gathered) == len(Preface) {
		e.phase, e.gathered = atHeader, e.gathered[:0]
	}
	return taken, nil
}

// begin judges the header of a frame, and says how its payload is taken.
func (e *Endpoint) begin() error {
	h := e.header
	if err := h.Check(); err != nil {
		return err
	}
	if err := e.checkOrder(h); err != nil {
		return err
	}
	e.left, e.phase = int(h.Length), inSkipped
	switch h.Type {
	case TypeData:
		return e.beginData()
	case TypePriority, TypePriorityUpdate:
		return plain(e.flood.charge(1, "a priority"))
	case TypePushPromise:
		return connError(ProtocolError, "8.4", "PUSH_PROMISE, which nobody may send to us")
	case TypeHeaders, TypeContinuation, TypeResetStream, TypeSettings, TypePing, TypeGoAway, TypeWindowUpdate:
		e.phase = inFrame
		return nil
	}
	return plain(e.flood.charge(1, "a frame of an unknown type"))
}

// plain is err, or a nil error.
func plain(err *ConnError) error {
	if err == nil {
		return nil
	}
	return err
}

// checkFirst judges whether the first frame is the one that it must be. raw is its header; it may
// be the beginning of another protocol.
func (e *Endpoint) checkFirst(raw []byte) error {
	if e.settle.heard == done || e.header.Type == TypeSettings && !e.header.Flags.Has(FlagAck) {
		return nil
	}
	if strings.HasPrefix(string(raw), "HTTP/1.") {
		return connError(ProtocolError, "3.4", "the server answers in HTTP/1.1")
	}
	return connError(ProtocolError, "3.4", "the peer begins with %q, and not with SETTINGS", raw)
}

// checkOrder judges whether a frame may follow the one before, whatever its stream.
func (e *Endpoint) checkOrder(h FrameHeader) error {
	under := e.blocks.underWay()
	switch {
	case under != 0 && (h.Type != TypeContinuation || h.Stream != under):
		return connError(ProtocolError, "6.10", "another frame inside the field block of stream %d", under)
	case under == 0 && h.Type == TypeContinuation:
		return connError(ProtocolError, "6.10", "CONTINUATION without HEADERS before it")
	}
	return nil
}

// notProcessed reports one of the streams that a GOAWAY has ended.
func (e *Endpoint) notProcessed() Event {
	st := e.doomed[0]
	if e.doomed = e.doomed[1:]; len(e.doomed) == 0 {
		e.doomed = nil
	}
	return Event{Kind: NotProcessed, Stream: st, Code: e.why}
}

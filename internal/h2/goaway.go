package h2

import (
	"encoding/binary"
	"time"
)

// maxDebug is how much of the text of a GOAWAY is sent and taken.
const maxDebug = 256

// going is what both have said about the end of the connection (RFC 9113 §6.8).
type going struct {
	said  uint32 // the last stream of the peer's that we look at
	heard uint32 // the last stream of ours that the peer looks at
	own   step   // we have sent GOAWAY
	peer  step   // the peer has
	pings int    // of ours that were not answered
}

// Warn sends a GOAWAY that ends nothing yet: the peer is to open no more streams. Those that
// are on their way are still taken. A PING and its answer later, GoAway follows (§6.8).
func (e *Endpoint) Warn() {
	if e.err == nil && e.going.said == maxStreamID {
		e.goAway(maxStreamID, NoError, "")
	}
}

// GoAway says that no more streams are taken. Those that exist go on. A client opens none
// either.
func (e *Endpoint) GoAway(code Code, text string) {
	if e.err == nil {
		e.going.said = min(e.going.said, e.table.remote)
		e.goAway(e.going.said, code, text)
	}
}

func (e *Endpoint) goAway(last uint32, code Code, text string) {
	e.going.own = done
	payload := binary.BigEndian.AppendUint32(nil, last)
	payload = binary.BigEndian.AppendUint32(payload, uint32(code))
	payload = append(payload, text[:min(len(text), maxDebug)]...)
	e.outbox.frame(FrameHeader{Type: TypeGoAway}, payload)
}

// die ends the connection. What is framed still goes out, and the GOAWAY after it.
func (e *Endpoint) die(err *ConnError) error {
	e.GoAway(err.Code, err.Violation.Error())
	e.err, e.phase, e.settle.deadline = err, dead, time.Time{}
	return err
}

// Ping asks for a sign of life. The answer is the event Pong, with the same eight bytes.
func (e *Endpoint) Ping(data [8]byte) {
	if e.err == nil {
		e.going.pings++
		e.outbox.frame(FrameHeader{Type: TypePing}, data[:])
	}
}

func resetFrame(id uint32, code Code) (FrameHeader, []byte) {
	return FrameHeader{Type: TypeResetStream, Stream: id}, binary.BigEndian.AppendUint32(nil, uint32(code))
}

func (e *Endpoint) appendWindowUpdate(id, more uint32) {
	e.outbox.buf = AppendFrameHeader(e.outbox.buf, FrameHeader{Length: 4, Type: TypeWindowUpdate, Stream: id})
	e.outbox.buf = binary.BigEndian.AppendUint32(e.outbox.buf, more)
	e.outbox.encoded += FrameHeaderSize + 4
}

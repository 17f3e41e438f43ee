package h2

import (
	"encoding/binary"
)

// onSettings takes over what the peer announces (RFC 9113 §6.5). All streams that exist get
// the new window (§6.9.2).
func (e *Endpoint) onSettings(payload []byte) (Event, error) {
	if e.settle.heard == done {
		if err := e.flood.charge(settingsCost, "SETTINGS"); err != nil {
			return Event{}, err
		}
	}
	next := e.peer
	if err := next.read(payload, e.role.peer()); err != nil {
		return Event{}, err
	}
	grown := int64(next.InitialWindow) - int64(e.peer.InitialWindow)
	for _, st := range e.table.streams {
		if grown == 0 {
			break
		}
		if !st.out.grow(grown) {
			return Event{}, connError(FlowControlError, "6.9.2", "INITIAL_WINDOW_SIZE makes the window of stream %d larger than %d", st.id, maxWindow)
		}
		e.ready(st)
	}
	e.blocks.resize(payload)
	e.peer, e.settle.heard = next, done
	e.settle.arrived()
	// It is behind everything that was framed by the old values.
	if err := e.provoked(FrameHeader{Type: TypeSettings, Flags: FlagAck}, nil); err != nil {
		return Event{}, err
	}
	return Event{Kind: Settled}, nil
}

// onSettingsAck applies our own settings: up to here the peer may have had the initial ones
// (§6.5.3).
func (e *Endpoint) onSettingsAck() error {
	if e.settle.acked == done {
		return connError(ProtocolError, "6.5.3", "an acknowledgement of settings that were not sent")
	}
	e.settle.acked = done
	e.settle.arrived()
	for _, st := range e.table.streams {
		st.in.left += int64(e.cfg.StreamWindow) - initialWindow
	}
	return nil
}

// streamWindow is the window that the peer assumes for a new stream of ours or of its own.
func (e *Endpoint) streamWindow() int64 {
	if e.settle.acked != done {
		return initialWindow
	}
	return int64(e.cfg.StreamWindow)
}

// onGoAway ends the streams that the peer has not looked at (RFC 9113 §6.8).
func (e *Endpoint) onGoAway(payload []byte) (Event, error) {
	last, code := binary.BigEndian.Uint32(payload)&maxStreamID, Code(binary.BigEndian.Uint32(payload[4:]))
	if err := e.flood.charge(1, "GOAWAY"); err != nil {
		return Event{}, err
	}
	if last > e.going.heard {
		return Event{}, connError(ProtocolError, "6.8", "GOAWAY raises its last stream from %d to %d", e.going.heard, last)
	}
	e.going.heard, e.going.peer = last, done
	for _, st := range e.table.streams {
		if st.id > last && e.opened(st.id) && !st.state.Over() {
			e.move(st, RecvReset)
			e.doomed = append(e.doomed, st)
		}
	}
	e.why = code
	debug := payload[goAwayMin:]
	return Event{Kind: GoingAway, Code: code, Data: debug[:min(len(debug), maxDebug)]}, nil
}

// opened reports whether a stream is one of ours.
func (e *Endpoint) opened(id uint32) bool { return (id%2 == 1) == (e.role == Client) }

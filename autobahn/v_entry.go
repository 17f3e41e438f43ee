package autobahn

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// The kinds of [Entry], as the original writes them.
const (
	logRxOctets   = "RO"  // bytes read
	logTxOctets   = "TO"  // bytes written
	logRxFrame    = "RF"  // a whole frame read
	logTxFrame    = "TF"  // a frame queued for sending
	logSwitch     = "WLM" // entries are not logged from here on, or again
	logWait       = "CT"  // the case continues after Delay
	logWaited     = "CTE"
	logKillAfter  = "KL" // the connection is failed after Delay
	logKill       = "KLE"
	logCloseAfter = "TI" // the connection is closed after Delay
	logCloseNow   = "TIE"
)

// clip is how many bytes of a payload an Entry keeps.
const clip = 256

// An Entry is a line of the wire log.
type Entry struct {
	Kind   string
	Length int    // total bytes
	Data   []byte // the first of them, at most clip
	Sync   bool   // written separately, so that it is its own segment if TCP allows

	// For a frame.
	Opcode byte
	FIN    bool
	RSV    byte
	Masked bool
	Key    [4]byte
	Chop   int // bytes written at a time; 0 means all at once

	// For a timer.
	Delay float64 // seconds
	Tag   string
	On    bool // for logSwitch
}

// MarshalJSON writes the entry as the original does: a tuple that begins with the kind.
func (e Entry) MarshalJSON() ([]byte, error) {
	key := any(nil)
	if e.Masked {
		key = hex.EncodeToString(e.Key[:])
	}
	chop := any(nil)
	if e.Chop > 0 {
		chop = e.Chop
	}
	tag := any(nil)
	if e.Tag != "" {
		tag = e.Tag
	}
	switch e.Kind {
	case logRxOctets:
		return json.Marshal([]any{e.Kind, []any{e.Length, hexed(e.Data, e.Length)}})
	case logTxOctets:
		return json.Marshal([]any{e.Kind, []any{e.Length, hexed(e.Data, e.Length)}, e.Sync})
	case logRxFrame:
		return json.Marshal([]any{e.Kind, []any{e.Length, shown(e.Data, e.Length)}, e.Opcode, e.FIN, e.RSV, e.Masked, key})
	case logTxFrame:
		return json.Marshal([]any{e.Kind, []any{e.Length, shown(e.Data, e.Length)}, e.Opcode, e.FIN, e.RSV, key, nil, chop, e.Sync})
	case logSwitch:
		return json.Marshal([]any{e.Kind, e.On})
	case logWait:
		return json.Marshal([]any{e.Kind, e.Delay, tag})
	case logWaited:
		return json.Marshal([]any{e.Kind, tag})
	case logKillAfter, logCloseAfter:
		return json.Marshal([]any{e.Kind, e.Delay})
	case logKill, logCloseNow:
		return json.Marshal([]any{e.Kind})
	}
	return nil, fmt.Errorf("a wire log has no %q", e.Kind)
}

// shortest is the length at which the original clips its output.
const shortest = 64

const ellipsis = " ..."

// hexed formats p, the beginning of length bytes, in hex.
func hexed(p []byte, length int) string {
	if length > shortest-len(ellipsis) {
		return hex.EncodeToString(p[:min(len(p), shortest)]) + ellipsis
	}
	return hex.EncodeToString(p)
}

// shown formats p, the beginning of length bytes, as text if possible.
func shown(p []byte, length int) string {
	s := p
	if length > shortest-len(ellipsis) {
		s = p[:min(len(p), shortest)]
	}
	if !utf8.Valid(s) {
		return "0x" + hexed(p, length)
	}
	if length > shortest-len(ellipsis) {
		return string(s) + ellipsis
	}
	return string(s)
}

func printable(p []byte) string { return shown(p, len(p)) }

// clipped returns a copy of as much of p as an Entry keeps.
func clipped(p []byte) []byte {
	return append([]byte{}, p[:min(len(p), clip)]...)
}

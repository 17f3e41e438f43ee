package verdict

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// The kinds of [Entry], as the original writes them.
const (
	LogRxOctets   = "RO"  // bytes read
	LogTxOctets   = "TO"  // bytes written
	LogRxFrame    = "RF"  // a whole frame read
	LogTxFrame    = "TF"  // a frame queued for sending
	LogSwitch     = "WLM" // entries are not logged from here on, or again
	LogWait       = "CT"  // the case continues after Delay
	LogWaited     = "CTE"
	LogKillAfter  = "KL" // the connection is failed after Delay
	LogKill       = "KLE"
	LogCloseAfter = "TI" // the connection is closed after Delay
	LogCloseNow   = "TIE"
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
	case LogRxOctets:
		return json.Marshal([]any{e.Kind, []any{e.Length, hexed(e.Data, e.Length)}})
	case LogTxOctets:
		return json.Marshal([]any{e.Kind, []any{e.Length, hexed(e.Data, e.Length)}, e.Sync})
	case LogRxFrame:
		return json.Marshal([]any{e.Kind, []any{e.Length, shown(e.Data, e.Length)}, e.Opcode, e.FIN, e.RSV, e.Masked, key})
	case LogTxFrame:
		return json.Marshal([]any{e.Kind, []any{e.Length, shown(e.Data, e.Length)}, e.Opcode, e.FIN, e.RSV, key, nil, chop, e.Sync})
	case LogSwitch:
		return json.Marshal([]any{e.Kind, e.On})
	case LogWait:
		return json.Marshal([]any{e.Kind, e.Delay, tag})
	case LogWaited:
		return json.Marshal([]any{e.Kind, tag})
	case LogKillAfter, LogCloseAfter:
		return json.Marshal([]any{e.Kind, e.Delay})
	case LogKill, LogCloseNow:
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

// Clipped returns a copy of as much of p as an Entry keeps.
func Clipped(p []byte) []byte {
	return append([]byte{}, p[:min(len(p), clip)]...)
}

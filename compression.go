package websocket

import (
	"fmt"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
)

// CompressionMode says whether and how permessage-deflate (RFC 7692) is offered
// and accepted. The peer has a say: what was agreed on is in [Conn.Compression].
type CompressionMode int

const (
	// CompressionDisabled does not negotiate compression.
	CompressionDisabled CompressionMode = iota

	// CompressionContextTakeover lets messages refer to those before them, which
	// makes small ones that resemble each other much smaller. For that an idle
	// connection keeps a window for each direction, of at most 32 KiB; see
	// [CompressionOptions] for less. If the peer refuses, each message is compressed
	// on its own.
	CompressionContextTakeover

	// CompressionNoContextTakeover compresses each message on its own, in both
	// directions. An idle connection keeps nothing.
	CompressionNoContextTakeover
)

// CompressionOptions refine a CompressionMode that is not CompressionDisabled. The
// zero value of a field is its default.
type CompressionOptions struct {
	// Send and Receive are the modes of the two directions, where they are to
	// differ. Default: CompressionMode.
	Send, Receive CompressionMode
	// SendWindowBits and ReceiveWindowBits bound the windows of the two directions
	// to 1<<bits bytes, 9 to 15. The peer may ask for less. Default: 15.
	SendWindowBits, ReceiveWindowBits int
	// Level is how hard to try: 1, the fastest, to 9, the smallest. Default: 1 for a
	// window of 15 bits, 5 for smaller ones, in which there is little to search.
	Level int
	// Memory bounds what an idle connection keeps for compression, in bytes: window
	// bits and context takeover are negotiated so that it suffices. Default: no
	// bound but the windows.
	Memory int
}

// Compression returns what the opening handshake agreed on; ok is false if no
// message is compressed.
func (c *Conn) Compression() (terms handshake.Deflate, ok bool) {
	if c.deflate == nil {
		return terms, false
	}
	terms.Server, terms.Client = sideOf(c.deflate.out.Terms()), sideOf(c.deflate.in.Terms())
	if c.role == conn.Client {
		terms.Server, terms.Client = terms.Client, terms.Server
	}
	return terms, true
}

const (
	// The size of a message in bytes from which on compressing it gains something:
	// with takeover there is more to refer to.
	thresholdTakeover   = 128
	thresholdNoTakeover = 512

	minWindowBits, maxWindowBits = 9, 15
)

// wanted resolves the options to what a handshake is to agree on: ours is the
// direction in which we send. It is not ok if that is nothing. method is for errors.
func (o *CompressionOptions) wanted(method string, mode CompressionMode) (ours, theirs handshake.DeflateSide, ok bool, err error) {
	if mode == CompressionDisabled {
		return ours, theirs, false, nil
	}
	if ours, err = wantedSide(method, "Send", o.Send, mode, o.SendWindowBits); err != nil {
		return ours, theirs, false, err
	}
	if theirs, err = wantedSide(method, "Receive", o.Receive, mode, o.ReceiveWindowBits); err != nil {
		return ours, theirs, false, err
	}
	if o.Level < 0 || o.Level > 9 {
		return ours, theirs, false, &UsageError{method, fmt.Sprintf("Compression.Level is %d, not 1 to 9", o.Level)}
	}
	if o.Memory > 0 {
		fit(&ours, &theirs, o.Memory)
	}
	return ours, theirs, true, nil
}

func wantedSide(method, name string, mode, standard CompressionMode, bits int) (s handshake.DeflateSide, err error) {
	switch {
	case bits == 0:
		bits = maxWindowBits
	case bits < minWindowBits || bits > maxWindowBits:
		return s, &UsageError{method, fmt.Sprintf("Compression.%sWindowBits is %d, not 9 to 15", name, bits)}
	}
	if mode == CompressionDisabled {
		mode = standard
	}
	switch mode {
	case CompressionContextTakeover, CompressionNoContextTakeover:
		return handshake.DeflateSide{NoContextTakeover: mode == CompressionNoContextTakeover, MaxWindowBits: bits}, nil
	}
	return s, &UsageError{method, fmt.Sprintf("no such CompressionMode: %d", mode)}
}

// fit reduces the windows that are kept between messages to memory bytes in all.
func fit(ours, theirs *handshake.DeflateSide, memory int) {
	kept := func(s *handshake.DeflateSide) int {
		if s.NoContextTakeover {
			return 0
		}
		return 1 << s.MaxWindowBits
	}
	oursFirst, theirsFirst := ours.MaxWindowBits, theirs.MaxWindowBits
	for kept(ours)+kept(theirs) > memory {
		larger, first := ours, oursFirst
		if kept(theirs) > kept(ours) {
			larger, first = theirs, theirsFirst
		}
		if larger.MaxWindowBits == minWindowBits {
			larger.NoContextTakeover = true
			larger.MaxWindowBits = first // it is not kept, so that its size costs nothing
		} else {
			larger.MaxWindowBits--
		}
	}
}

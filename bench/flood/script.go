package flood

import (
	"encoding/binary"
	"fmt"

	"github.com/hawser-ws/websocket/bench/raw"
)

// A Script is what connections send repeatedly: batches of frames, each sent in one write, and
// the expected bytes of the answers.
type Script struct {
	InFlight int // messages in a batch
	batches  []batch
}

type batch struct {
	send, want []byte
	headers    []span // of the frames in want
}

type span struct{ from, to int }

// NewScript makes batches of messages of size bytes. The messages are all different if they
// have room for a number.
func NewScript(size, inFlight int, text bool) *Script {
	const most = 512 << 10 // so that it fits into the client's caches
	s := &Script{InFlight: inFlight}
	different := min(max(most/2/(size*inFlight), 3), 61)
	random := uint64(1)
	for range different {
		var b batch
		for range inFlight {
			random = b.add(size, text, random)
		}
		s.batches = append(s.batches, b)
	}
	return s
}

// add appends a message made from the random state, and returns the next state.
func (b *batch) add(size int, text bool, random uint64) uint64 {
	next := func() uint64 { // Knuth's constants for a linear congruential generator
		random = random*6364136223846793005 + 1442695040888963407
		return random >> 16
	}
	message := make([]byte, size)
	for i := range message {
		message[i] = byte(next())
		if text {
			message[i] = ' ' + message[i]%95
		}
	}
	var key [4]byte
	binary.LittleEndian.PutUint32(key[:], uint32(next())|0x01010101)
	opcode := byte(raw.Binary)
	if text {
		opcode = raw.Text
	}
	b.send = raw.AppendFrame(b.send, opcode, false, key, message)
	from := len(b.want)
	b.want = AppendAnswer(b.want, opcode, message)
	b.headers = append(b.headers, span{from, len(b.want) - size})
	return random
}

// AppendAnswer appends the only frame that a server should answer with: a whole message, with
// the shortest length encoding (RFC 6455 §5.2).
func AppendAnswer(dst []byte, opcode byte, message []byte) []byte {
	dst = append(dst, 0x80|opcode)
	switch n := len(message); {
	case n < 126:
		dst = append(dst, byte(n))
	case n <= 0xFFFF:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
	return append(dst, message...)
}

// check compares bytes received at an offset of the batch's answers. Without full it only
// compares headers and the total length.
func (b *batch) check(at int, got []byte, full bool) error {
	if len(got) > len(b.want)-at {
		return fmt.Errorf("%d bytes too many are in the answers", at+len(got)-len(b.want))
	}
	if full {
		return b.compare(at, at+len(got), at, got)
	}
	for _, h := range b.headers {
		if from, to := max(h.from, at), min(h.to, at+len(got)); from < to {
			if err := b.compare(from, to, at, got); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare compares the bytes from from to to; got was received at offset at.
func (b *batch) compare(from, to, at int, got []byte) error {
	if string(got[from-at:to-at]) == string(b.want[from:to]) {
		return nil
	}
	for i := from; ; i++ {
		if got[i-at] == b.want[i] {
			continue
		}
		message := 0
		for message+1 < len(b.headers) && b.headers[message+1].from <= i {
			message++
		}
		return fmt.Errorf("answer %d of %d: byte %d is %#x instead of %#x", message+1, len(b.headers), i-b.headers[message].from, got[i-at], b.want[i])
	}
}

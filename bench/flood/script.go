package flood

import (
	"encoding/binary"
	"fmt"

	"github.com/hawser-ws/websocket/bench/raw"
)

// A Script is what connections say, over and over: batches of frames that leave in
// one write, and the bytes that have to come back for each of them.
type Script struct {
	InFlight int // messages in a batch
	batches  []batch
}

type batch struct {
	send, want []byte
	headers    []span // of the frames in want
}

type span struct{ from, to int }

// NewScript makes batches of messages of size bytes, of which no two are the same
// if there is room for a number in them.
func NewScript(size, inFlight int, text bool) *Script {
	const most = 512 << 10 // so that the client's caches hold it all
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

// add appends a message made of what follows random.
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
	b.want = appendAnswer(b.want, opcode, message)
	b.headers = append(b.headers, span{from, len(b.want) - size})
	return random
}

// appendAnswer appends the only frame that a server should answer with: whole, and
// with its length in as few bytes as possible (RFC 6455 §5.2).
func appendAnswer(dst []byte, opcode byte, message []byte) []byte {
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

// check compares bytes that came at an offset of the batch's answers. Without full
// only headers are looked at; the length is, always.
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

// compare looks at the bytes from from to to, got being what came at at.
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

//go:build linux

package soak

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// A message is a header in hexadecimal, so that it may be text, and some of filling:
//
//	kind (1) lane (1) marks (1) sequence number (4) link (4) check sum of the rest (4)
//
// One shorter than that is a mark: the first byte is its lane, and an empty one is of
// lane 0. The next message of the lane says how many marks it follows.
const (
	rawHeader  = 15
	headerSize = 2*rawHeader + 2 // and a cell of filling, for an even count
	sumAt      = 22
	maxMessage = 200 << 10
)

// The kinds of messages.
const (
	kindData = 'd'
	kindAck  = 'a' // its filling counts what has come
)

type header struct {
	kind, lane, marks byte
	seq, link         uint32
}

// filling is UTF-8 wherever it is cut at an even offset.
var filling = func() []byte {
	p := make([]byte, 0, 2*maxMessage)
	for x := uint32(1); len(p) < 2*maxMessage; {
		x = x*1664525 + 1013904223
		switch {
		case x>>28 == 0:
			p = append(p, "κ"...)
		case x>>28 < 10:
			p = append(p, "of"...)
		default:
			p = append(p, 'a'+byte(x>>20)%26, 'a'+byte(x>>12)%16)
		}
	}
	return p
}()

// appendMessage appends a message of some n bytes, at least headerSize.
func appendMessage(dst []byte, h header, n int) []byte {
	begin := len(dst)
	dst = appendHeader(dst, h)
	if n = (n - headerSize) &^ 1; n > 0 {
		at := int(h.seq*34) % maxMessage
		dst = append(dst, filling[at:at+n]...)
	}
	seal(dst[begin:])
	return dst
}

// appendAck appends a message that says how much of each lane has come.
func appendAck(dst []byte, h header, counts []uint32) []byte {
	begin := len(dst)
	dst = appendHeader(dst, h)
	for _, n := range counts {
		dst = fmt.Appendf(dst, "%08x", n)
	}
	seal(dst[begin:])
	return dst
}

func appendHeader(dst []byte, h header) []byte {
	var raw [rawHeader]byte
	raw[0], raw[1], raw[2] = h.kind, h.lane, h.marks
	binary.BigEndian.PutUint32(raw[3:], h.seq)
	binary.BigEndian.PutUint32(raw[7:], h.link)
	return append(hex.AppendEncode(dst, raw[:]), "--"...)
}

// sum is of everything but the place of the sum.
func sum(p []byte) [4]byte {
	s := crc32.Update(crc32.ChecksumIEEE(p[:sumAt]), crc32.IEEETable, p[sumAt+8:])
	return [4]byte(binary.BigEndian.AppendUint32(nil, s))
}

func seal(p []byte) {
	s := sum(p)
	hex.Encode(p[sumAt:], s[:])
}

// parseMessage is for messages that are no marks.
func parseMessage(p []byte) (h header, rest []byte, err error) {
	var raw [rawHeader]byte
	if _, err := hex.Decode(raw[:], p[:2*rawHeader]); err != nil {
		return h, nil, fmt.Errorf("damaged: %w", err)
	}
	if s := sum(p); [4]byte(raw[sumAt/2:]) != s {
		return h, nil, fmt.Errorf("damaged: its sum is %x and not %x", s, raw[sumAt/2:])
	}
	h = header{
		kind: raw[0], lane: raw[1], marks: raw[2],
		seq: binary.BigEndian.Uint32(raw[3:]), link: binary.BigEndian.Uint32(raw[7:]),
	}
	return h, p[headerSize:], nil
}

// parseCounts reads what appendAck has written.
func parseCounts(p []byte) ([]uint32, error) {
	raw, err := hex.AppendDecode(nil, p)
	if err != nil || len(raw)%4 != 0 {
		return nil, fmt.Errorf("damaged acknowledgement %q", p)
	}
	counts := make([]uint32, len(raw)/4)
	for i := range counts {
		counts[i] = binary.BigEndian.Uint32(raw[4*i:])
	}
	return counts, nil
}

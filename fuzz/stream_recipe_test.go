package fuzz_test

import (
	"bytes"
	"compress/flate"

	"github.com/hawser-ws/websocket/internal/naive"
)

// A recipe is a stream written shorter, so that what the fuzzer changes in it gives
// another stream of frames rather than one broken frame. For each frame it has FIN, the
// way, and the opcode in one byte, the length in another, and the payload.

// The ways to make a frame, bits 4 to 6 of its first byte.
const (
	asIs        = iota
	manyTimes   // the payload over and over
	packed      // compressed, as if no message had come before
	packedAfter // compressed, with what was packed before for a window
	cutInTwo    // as packedAfter, in two fragments
	cutByPing   // as cutInTwo, with a ping in between
	lengthened  // the length in more bytes than it takes
	reserved    // a reserved bit is set
)

// cook makes the stream of a recipe.
func cook(recipe []byte, fromClient bool) (stream []byte) {
	var said []byte
	put := func(f naive.Frame) {
		f.Masked = fromClient
		f.Key = [4]byte{byte(len(stream)), 0x5A, byte(len(stream) >> 8), 0xC3}
		stream = append(stream, naive.Encode(f)...)
	}
	for len(recipe) > 1 {
		first, n := recipe[0], min(int(recipe[1]), len(recipe)-2)
		payload := recipe[2 : 2+n]
		recipe = recipe[2+n:]
		f := naive.Frame{FIN: first>>7 == 1, Opcode: first & 15, Payload: payload}
		switch way := first >> 4 & 7; way {
		case manyTimes:
			f.Payload = bytes.Repeat(payload, 40)
		case lengthened:
			f.Extended = 2
		case reserved:
			f.RSV1, f.RSV2, f.RSV3 = n&1 == 1, n&2 == 2, n&4 == 4
		case packed, packedAfter, cutInTwo, cutByPing:
			dict := said
			if way == packed {
				dict = nil
			}
			f.RSV1, f.Payload = true, pack(dict, payload)
			said = append(said, payload...)
			if way < cutInTwo {
				break
			}
			whole, fin, half := f.Payload, f.FIN, len(f.Payload)/2
			f.FIN, f.Payload = false, whole[:half]
			put(f)
			if way == cutByPing {
				put(naive.Frame{FIN: true, Opcode: 9, Payload: payload[:min(n, 3)]})
			}
			f = naive.Frame{FIN: fin, Payload: whole[half:]}
		}
		put(f)
	}
	return stream
}

// pack compresses a message (RFC 7692 §7.2.1).
func pack(dict, p []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriterDict(&b, 6, dict)
	_, _ = w.Write(p)
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte(trailer))
}

package seeds

import (
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// key masks our own streams.
var key = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// fromVectors returns the rows of internal/vectors, from either end: each frame, each invalid
// header, and texts and Close payloads in frames.
func fromVectors() (all []Stream) {
	for _, f := range vectors.Frames {
		if len(f.Payload) > 256 {
			continue // long ones slow a target down, and their headers are in BadHeaders
		}
		all = append(all, Stream{f.Name, f.Masked, f.RSV1, f.Wire()})
	}
	for _, b := range vectors.BadHeaders {
		all = append(all, Stream{b.Name, b.FromClient, b.Deflate, b.Wire})
	}
	for _, fromClient := range []bool{false, true} {
		frame := func(fin bool, opcode byte, payload []byte) []byte {
			return naive.Encode(naive.Frame{FIN: fin, Opcode: opcode, Masked: fromClient, Key: key, Payload: payload})
		}
		end := frame(true, 8, []byte("\x03\xe8bye"))
		for _, row := range vectors.Closes {
			all = append(all, Stream{"close " + row.Name, fromClient, false, frame(true, 8, row.Payload)})
		}
		for _, row := range vectors.Texts {
			half := len(row.Text) / 2
			whole := append(frame(true, 1, row.Text), end...)
			parts := append(frame(false, 1, row.Text[:half]), frame(true, 9, []byte("ping"))...)
			parts = append(parts, frame(true, 0, row.Text[half:])...)
			all = append(all,
				Stream{"text " + row.Name, fromClient, false, whole},
				Stream{"text in two fragments around a ping " + row.Name, fromClient, false, append(parts, end...)})
		}
	}
	return all
}

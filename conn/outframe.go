package conn

import "github.com/hawser-ws/websocket/frame"

// OutFrame is one frame on its way out. The exported fields are set by whoever
// sends it. Payload and Framed stay unchanged until the frame leaves the [Outbox].
type OutFrame struct {
	// Header needs Opcode, FIN and RSV1. Append sets the rest.
	Header  frame.Header
	Payload []byte
	// Framed is the whole frame, if it exists already. Only a server may set it,
	// because a client masks each frame with a fresh key.
	Framed []byte
	// Message numbers the fragmented message that this frame is part of. Zero: it
	// is a whole message, or a control frame.
	Message uint32
	// Owner belongs to the shell. The Outbox does not look at it.
	Owner any

	begin, end uint64 // offsets in the stream, once encoded
	before     uint32 // Outbox.message before this frame
}

// PongQueue holds the payloads of pongs to be sent. The zero value is empty, and
// holds no memory.
type PongQueue struct {
	bytes []byte // for each pong its length in one byte, then its payload
	first int    // where the first one is in bytes
	n     int
}

// MaxPongs is how many pings may wait for their pongs. When a peer sends more and
// does not read, the latest are answered: RFC 6455 §5.5.3 allows that.
const MaxPongs = 16

// Add puts a pong behind the others.
func (q *PongQueue) Add(payload []byte) {
	if q.n == MaxPongs {
		q.bytes, q.first, q.n = q.bytes[:0], 0, 0
	}
	rest := append(q.bytes[:0], q.bytes[q.first:]...)
	q.bytes, q.first = append(append(rest, byte(len(payload))), payload...), 0
	q.n++
}

// Len returns how many pongs wait.
func (q *PongQueue) Len() int { return q.n }

// Next removes the first pong and returns its payload, which stays valid until the
// next call of Add. The queue must not be empty.
func (q *PongQueue) Next() (payload []byte) {
	begin := q.first + 1
	end := begin + int(q.bytes[q.first])
	payload = q.bytes[begin:end]
	if q.first, q.n = end, q.n-1; q.n == 0 {
		q.Clear() // an idle connection keeps nothing
	}
	return payload
}

// Clear drops all pongs and the memory.
func (q *PongQueue) Clear() { *q = PongQueue{} }

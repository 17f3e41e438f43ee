package trace

import (
	"math"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// maxBroken is how many invalid frames a direction may have. After that the rest is considered
// not to be frames.
const maxBroken = 64

// receiver takes one direction of a WebSocket apart. conn.Decoder parses it and judges it as
// the other end does. Where an endpoint would fail the connection, the receiver continues for
// as long as headers tell where the next frame begins. It records the results.
type receiver struct {
	dir     Dir
	want    frame.Expectation
	emit    func(*Frame)
	engines *engines
	decoder conn.Decoder

	joined bool // it began in the middle: the first message may lack its beginning
	closed bool // a Close frame was received
	broken int
	dead   string // why decoding has stopped

	message  message
	frames   int
	messages int
	received uint64 // bytes of payload

	// The current frame.
	head   [frame.MaxHeaderSize]byte
	have   int // bytes of head
	f      *Frame
	opcode frame.Opcode
	content
}

func newReceiver(dir Dir, terms *conn.Terms, engines *engines, emit func(*Frame)) *receiver {
	r := &receiver{dir: dir, emit: emit, engines: engines, content: newContent()}
	r.want = frame.Expectation{Masked: dir == FromClient, RSV1: terms != nil}
	r.decoder.Init(r.want)
	r.message.init(terms)
	return r
}

// weight is the memory that the receiver uses, in bytes.
func (r *receiver) weight() int { return 2048 + r.content.weight() + r.message.weight() }

// boundary reports whether a frame begins next.
func (r *receiver) boundary() bool { return r.have == 0 && r.decoder.AtHeader() }

// feed processes bytes of a packet.
func (r *receiver) feed(p []byte, offset int64, m Mark) {
	for len(p) > 0 && r.dead == "" {
		var n int
		if r.decoder.AtHeader() {
			n = r.header(p, offset, m)
		} else {
			n = r.payload(p)
		}
		p, offset = p[n:], offset+int64(n)
		r.endIfWhole(m)
	}
}

func (r *receiver) endIfWhole(m Mark) {
	if !r.decoder.AtHeader() && r.decoder.Left() == 0 {
		r.end(m)
	}
}

// header consumes bytes of a header, and begins the frame once it is complete.
func (r *receiver) header(p []byte, offset int64, m Mark) (taken int) {
	if r.have == 0 {
		r.f = &Frame{Dir: r.dir, Offset: offset, Mark: m}
	}
	n := copy(r.head[r.have:], p)
	h, size, broken := r.decoder.Observe(r.head[:r.have+n])
	if size == 0 {
		r.have += n
		return n
	}
	taken, r.have = size-r.have, 0
	r.begin(h, broken)
	if h.Length > math.MaxInt64 {
		r.cut(m)
		r.dead = "a frame of impossible length"
	}
	return taken
}

// payload consumes payload of the current frame, as much as the buffer can hold unmasked.
func (r *receiver) payload(masked []byte) (taken int) {
	room := r.engines.unmasked[:min(r.decoder.Left(), uint64(len(r.engines.unmasked)))]
	p := room[:copy(room, masked)]
	r.decoder.Unmask(p)
	r.received += uint64(len(p))
	if r.f.Missing == 0 {
		r.content.add(p)
	}
	if r.decoder.InMessage() {
		r.message.take(&r.decoder, p)
	} else {
		r.decoder.Skip(uint64(len(p)))
	}
	return len(p)
}

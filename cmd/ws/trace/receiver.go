package trace

import (
	"math"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// maxBroken is how many frames that break a rule a direction may have before the
// rest of it is taken for something else.
const maxBroken = 64

// receiver takes one direction of a WebSocket apart. conn.Decoder reads it and judges it
// as the other end does, but goes on where that fails the connection: as long as the
// header says where the next frame begins. The receiver records what comes of it.
type receiver struct {
	dir     Dir
	want    frame.Expectation
	emit    func(*Frame)
	engines *engines
	decoder conn.Decoder

	joined bool // it began in the middle: the first message may lack its beginning
	closed bool // a Close frame has come
	broken int
	dead   string // why nothing more is decoded

	message      message
	frames       int
	messages     int
	payloadBytes uint64

	// The frame under way.
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

// weight is what the receiver takes of memory, in bytes.
func (r *receiver) weight() int { return 2048 + r.content.weight() + r.message.weight() }

// boundary reports whether a frame begins next.
func (r *receiver) boundary() bool { return r.have == 0 && r.decoder.AtHeader() }

// feed takes bytes of a packet.
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

// header takes bytes of a header, and begins the frame when they are all there.
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

// payload takes payload of the frame under way, as far as there is room to unmask it.
func (r *receiver) payload(masked []byte) (taken int) {
	room := r.engines.unmasked[:min(r.decoder.Left(), uint64(len(r.engines.unmasked)))]
	p := room[:copy(room, masked)]
	r.decoder.Unmask(p)
	r.payloadBytes += uint64(len(p))
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

package autobahn

import (
	"fmt"

	"github.com/hawser-ws/websocket/internal/naive"
)

// An item is a message of an exchange.
type item struct {
	payload []byte
	binary  bool
	// deflated is the compressed payload, if the suite's compressor is not to make it.
	deflated []byte
	plain    bool // send without compression
	fragment int  // maximum bytes in a frame, 0 for no limit
}

// An exchange is the play of some messages with permessage-deflate. Each is sent when the
// previous one has come back.
type exchange struct {
	items func(s *session) []item

	left     []item
	sent     int
	behavior Verdict
	result   string
}

func (p *exchange) open(s *session) {
	s.result.ExpectedClose = weClose
	if !s.compresses() {
		p.behavior, p.result = Unimplemented, notAgreed
		s.close(1000)
		return
	}
	p.behavior, p.result = Failed, "A message did not come back."
	p.left = p.items(s)
	p.send(s)
}

func (p *exchange) send(s *session) {
	it := p.left[0]
	f := naive.Frame{FIN: true, Opcode: opText, Payload: it.payload}
	if it.binary {
		f.Opcode = opBinary
	}
	switch {
	case it.deflated != nil:
		f.RSV1, f.Payload = true, it.deflated
		// The compressor does not know the content of the peer's window now.
		s.renewDeflater()
	case !it.plain:
		f.RSV1, f.Payload = true, s.deflater.Message(nil, it.payload)
	}
	p.sent++
	if it.fragment > 0 {
		s.sendFragments(it.fragment, f)
		return
	}
	s.send(f, 0, false)
}

func (p *exchange) message(s *session, payload []byte, binary bool) {
	it := p.left[0]
	behavior, why := compare(payload, binary, it.payload, it.binary)
	p.left = p.left[1:]
	switch {
	case behavior != OK:
		p.behavior, p.result = behavior, fmt.Sprintf("Message %d: %s", p.sent, why)
	case len(p.left) > 0:
		p.send(s)
		return
	default:
		p.behavior, p.result = OK, "All messages came back as they were."
	}
	s.close(1000)
}

func (p *exchange) pong(*session, Event) {}

func (p *exchange) judge(r *Result) { r.Behavior, r.Result = p.behavior, p.result }

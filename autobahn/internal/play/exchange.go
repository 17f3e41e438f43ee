package play

import (
	"fmt"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// An Item is a message of an exchange.
type Item struct {
	Payload []byte
	Binary  bool
	// Deflated is the compressed payload, if the suite's compressor is not to make it.
	Deflated []byte
	Fragment int // maximum bytes in a frame, 0 for no limit
}

// An Exchange is the play of some messages with permessage-deflate. Each is sent when the
// previous one has come back.
type Exchange struct {
	Items func(s *Session) []Item

	left     []Item
	sent     int
	behavior verdict.Verdict
	result   string
}

func (p *Exchange) Open(s *Session) {
	s.Result.ExpectedClose = verdict.WeClose
	if !s.Compresses() {
		p.behavior, p.result = verdict.Unimplemented, NotAgreed
		s.Close(1000)
		return
	}
	p.behavior, p.result = verdict.Failed, "A message did not come back."
	p.left = p.Items(s)
	p.send(s)
}

func (p *Exchange) send(s *Session) {
	it := p.left[0]
	f := naive.Frame{FIN: true, Opcode: OpText, Payload: it.Payload}
	if it.Binary {
		f.Opcode = OpBinary
	}
	f.RSV1 = true
	if it.Deflated != nil {
		f.Payload = it.Deflated
		// The compressor does not know the content of the peer's window now.
		s.renewDeflater()
	} else {
		f.Payload = s.deflater.Message(nil, it.Payload)
	}
	p.sent++
	if it.Fragment > 0 {
		s.SendFragments(it.Fragment, f)
		return
	}
	s.Send(f, 0, false)
}

func (p *Exchange) Message(s *Session, payload []byte, binary bool) {
	if len(p.left) == 0 {
		if p.behavior == verdict.OK {
			p.behavior, p.result = verdict.Failed, "More messages came back than were sent."
		}
		return
	}
	it := p.left[0]
	behavior, why := compare(payload, binary, it.Payload, it.Binary)
	p.left = p.left[1:]
	switch {
	case behavior != verdict.OK:
		p.left = nil // the verdict is certain
		p.behavior, p.result = behavior, fmt.Sprintf("Message %d: %s", p.sent, why)
	case len(p.left) > 0:
		p.send(s)
		return
	default:
		p.behavior, p.result = verdict.OK, "All messages came back as they were."
	}
	s.Close(1000)
}

func (p *Exchange) Pong(*Session, verdict.Event) {}

func (p *Exchange) Judge(r *verdict.Result) { r.Behavior, r.Result = p.behavior, p.result }

package autobahn

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// roundCount is the number of messages in a rounds play.
const roundCount = 1000

// rounds is the play of many messages. Each is sent when the previous one has come back.
type rounds struct {
	binary     bool
	patience   time.Duration
	next       func(dst []byte, i int) []byte // returns payload i, in dst or elsewhere
	compressed bool                           // by permessage-deflate; without it the case is not played
	fragment   int                            // maximum bytes in a frame, 0 for no limit

	sent     int
	buffer   []byte // for next
	payload  []byte // of the current message
	deflated []byte
	behavior Verdict
	result   string
}

func (p *rounds) open(s *session) {
	s.logging(false)
	s.result.ReportTime = true
	s.result.ReportCompressionRatio = p.compressed
	s.result.ExpectedClose = weClose
	if p.compressed && !s.compresses() {
		p.behavior, p.result = Unimplemented, notAgreed
		s.close(1000)
		return
	}
	p.behavior = Failed
	p.result = fmt.Sprintf("The case was not over within %v.", p.patience)
	s.closeAfter(p.patience)
	p.send(s)
}

func (p *rounds) send(s *session) {
	p.payload = p.next(p.buffer[:0], p.sent)
	p.buffer = p.payload
	p.sent++
	f := naive.Frame{FIN: true, Opcode: opText, Payload: p.payload}
	if p.binary {
		f.Opcode = opBinary
	}
	if p.compressed {
		p.deflated = s.deflater.Message(p.deflated[:0], p.payload)
		f.RSV1, f.Payload = true, p.deflated
	}
	s.traffic.TxMsgs++
	s.traffic.TxApp += int64(len(p.payload))
	s.traffic.TxWS += int64(len(f.Payload))
	if p.fragment > 0 {
		s.sendFragments(p.fragment, f)
	} else {
		s.send(f, 0, false)
	}
}

func (p *rounds) message(s *session, payload []byte, binary bool) {
	behavior, why := compare(payload, binary, p.payload, p.binary)
	switch {
	case behavior != OK:
		p.behavior, p.result = behavior, fmt.Sprintf("Message %d: %s", p.sent, why)
	case p.sent < roundCount:
		p.send(s)
		return
	default:
		p.behavior, p.result = OK, "All messages came back as they were."
	}
	s.logging(true)
	s.close(1000)
}

func (p *rounds) pong(*session, Event) {}

func (p *rounds) judge(r *Result) {
	r.Behavior, r.Result = p.behavior, p.result
	if p.behavior == Failed && !r.ClosedByMe {
		r.Result = fmt.Sprintf("The connection was over before message %d was back.", p.sent)
	}
}

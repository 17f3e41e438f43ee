package play

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// roundCount is the number of messages in a rounds play.
const roundCount = 1000

// Rounds is the play of many messages. Each is sent when the previous one has come back.
type Rounds struct {
	Binary     bool
	Patience   time.Duration
	Next       func(dst []byte, i int) []byte // returns payload i, in dst or elsewhere
	Compressed bool                           // by permessage-deflate; without it the case is not played
	Fragment   int                            // maximum bytes in a frame, 0 for no limit

	Sent     int
	buffer   []byte // for next
	payload  []byte // of the current message
	deflated []byte
	behavior verdict.Verdict
	result   string
}

func (p *Rounds) Open(s *Session) {
	s.Logging(false)
	s.Result.ReportTime = true
	s.Result.ReportCompressionRatio = p.Compressed
	s.Result.ExpectedClose = verdict.WeClose
	if p.Compressed && !s.Compresses() {
		p.behavior, p.result = verdict.Unimplemented, NotAgreed
		s.Close(1000)
		return
	}
	p.behavior = verdict.Failed
	p.result = fmt.Sprintf("The case was not over within %v.", p.Patience)
	s.closeAfter(p.Patience)
	p.send(s)
}

func (p *Rounds) send(s *Session) {
	p.payload = p.Next(p.buffer[:0], p.Sent)
	p.buffer = p.payload
	p.Sent++
	f := naive.Frame{FIN: true, Opcode: OpText, Payload: p.payload}
	if p.Binary {
		f.Opcode = OpBinary
	}
	if p.Compressed {
		p.deflated = s.deflater.Message(p.deflated[:0], p.payload)
		f.RSV1, f.Payload = true, p.deflated
	}
	s.traffic.TxMsgs++
	s.traffic.TxApp += int64(len(p.payload))
	s.traffic.TxWS += int64(len(f.Payload))
	if p.Fragment > 0 {
		s.SendFragments(p.Fragment, f)
	} else {
		s.Send(f, 0, false)
	}
}

func (p *Rounds) Message(s *Session, payload []byte, binary bool) {
	behavior, why := compare(payload, binary, p.payload, p.Binary)
	switch {
	case behavior != verdict.OK:
		p.behavior, p.result = behavior, fmt.Sprintf("Message %d: %s", p.Sent, why)
	case p.Sent < roundCount:
		p.send(s)
		return
	default:
		p.behavior, p.result = verdict.OK, "All messages came back as they were."
	}
	s.Logging(true)
	s.Close(1000)
}

func (p *Rounds) Pong(*Session, verdict.Event) {}

func (p *Rounds) Judge(r *verdict.Result) {
	r.Behavior, r.Result = p.behavior, p.result
	if p.behavior == verdict.Failed && !r.ClosedByMe {
		r.Result = fmt.Sprintf("The connection was over before message %d was back.", p.Sent)
	}
}

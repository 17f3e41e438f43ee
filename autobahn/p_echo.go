package autobahn

import (
	"bytes"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// An echo is the play of one message that must come back.
type echo struct {
	frame    naive.Frame
	sends    step
	patience time.Duration
	result   string
	behavior Verdict
}

func (p *echo) open(s *session) {
	s.logging(false)
	s.result.ReportTime = true
	s.result.ExpectedClose = weClose
	p.behavior = Failed
	p.result = fmt.Sprintf("No message came within %v.", p.patience)
	p.sends(s)
	s.closeAfter(p.patience)
}

func (p *echo) message(s *session, payload []byte, binary bool) {
	p.behavior, p.result = compare(payload, binary, p.frame.Payload, p.frame.Opcode == opBinary)
	s.logging(true)
	s.close(1000)
}

func (p *echo) pong(*session, Event) {}

func (p *echo) judge(r *Result) {
	r.Behavior, r.Result = p.behavior, p.result
	if p.behavior == Failed && !r.ClosedByMe {
		r.Result = "The connection was over before the message was back."
	}
}

// compare compares an echo with what was sent.
func compare(got []byte, gotBinary bool, want []byte, wantBinary bool) (Verdict, string) {
	switch {
	case gotBinary != wantBinary:
		return Failed, fmt.Sprintf("The echo is binary: %t. What was sent is: %t.", gotBinary, wantBinary)
	case len(got) != len(want):
		return Failed, fmt.Sprintf("The echo has %d bytes, %d were sent.", len(got), len(want))
	case !bytes.Equal(got, want):
		at := 0
		for got[at] == want[at] {
			at++
		}
		return Failed, fmt.Sprintf("The echo differs from what was sent, from byte %d of %d on.", at, len(want))
	}
	return OK, fmt.Sprintf("The message came back as it was, %d bytes.", len(got))
}

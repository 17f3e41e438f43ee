package play

import (
	"bytes"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// An Echo is the play of one message that must come back.
type Echo struct {
	Frame    naive.Frame
	Sends    Step
	Patience time.Duration
	result   string
	behavior verdict.Verdict
}

func (p *Echo) Open(s *Session) {
	s.Logging(false)
	s.Result.ReportTime = true
	s.Result.ExpectedClose = verdict.WeClose
	p.behavior = verdict.Failed
	p.result = fmt.Sprintf("No message came within %v.", p.Patience)
	p.Sends(s)
	s.silence = max(s.silence, p.Patience) // a slow peer says nothing until it has the whole message
	s.closeAfter(p.Patience)
}

func (p *Echo) Message(s *Session, payload []byte, binary bool) {
	p.behavior, p.result = compare(payload, binary, p.Frame.Payload, p.Frame.Opcode == OpBinary)
	s.Logging(true)
	s.Close(1000)
}

func (p *Echo) Pong(*Session, verdict.Event) {}

func (p *Echo) Judge(r *verdict.Result) {
	r.Behavior, r.Result = p.behavior, p.result
	if p.behavior == verdict.Failed && !r.ClosedByMe {
		r.Result = "The connection was over before the message was back."
	}
}

// compare compares an echo with what was sent.
func compare(got []byte, gotBinary bool, want []byte, wantBinary bool) (verdict.Verdict, string) {
	switch {
	case gotBinary != wantBinary:
		return verdict.Failed, fmt.Sprintf("The echo is binary: %t. What was sent is: %t.", gotBinary, wantBinary)
	case len(got) != len(want):
		return verdict.Failed, fmt.Sprintf("The echo has %d bytes, %d were sent.", len(got), len(want))
	case !bytes.Equal(got, want):
		at := 0
		for got[at] == want[at] {
			at++
		}
		return verdict.Failed, fmt.Sprintf("The echo differs from what was sent, from byte %d of %d on.", at, len(want))
	}
	return verdict.OK, fmt.Sprintf("The message came back as it was, %d bytes.", len(got))
}

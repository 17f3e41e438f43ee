package cases

import (
	"slices"
	"strconv"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// stalls: frames that arrive in pieces, late, or incomplete.
func stalls() []*play.Case {
	const (
		stream = `RFC 6455 section 1.2: "The WebSocket message does not necessarily correspond to a particular network layer framing, as a fragmented message may be coalesced or split by an intermediary."`
		gone   = `RFC 6455 section 7.1.5: "If _The WebSocket Connection is Closed_ and no Close control frame was received by the endpoint (such as could occur if the underlying transport connection is lost), _The WebSocket Connection Close Code_ is considered to be 1006."`
	)
	var glued []naive.Frame
	var echoes []verdict.Event
	for i := range 1000 {
		glued = append(glued, text(strconv.Itoa(i)))
		echoes = append(echoes, gotText(strconv.Itoa(i)))
	}
	return slices.Concat(
		by(stream,
			play.Scripted("20.9.1", "A text message with a pause of 100 ms after every byte of its header.", mustComeBack, play.Script{
				Steps: slowly(text(hello), 100*time.Millisecond), OK: []verdict.Event{gotText(hello)}, Ends: weClose, Prompt: true,
			}),
			play.Scripted("20.9.2", "A binary message of 300 bytes with a pause of 1 s in its payload, and a Ping after it.", "The message comes back, and a Pong.", play.Script{
				Steps: append(inTwo(bin(string(make([]byte, 300))), 150, time.Second), play.Send(ping("!"))),
				OK:    []verdict.Event{gotBinary(string(make([]byte, 300))), gotPong("!")}, Ends: weClose, AnyPongs: true, Prompt: true,
			}),
			play.Scripted("20.9.3", "1,000 text messages in one piece.", "All come back, in order.", play.Script{
				Steps: []play.Step{play.Send(glued...)}, OK: echoes, Ends: weClose, Prompt: true,
			}),
		),
		by(gone,
			cut("20.9.4", "The end of TCP in the middle of a header.", play.SendRaw([]byte{0x81})),
			cut("20.9.5", "The end of TCP in the middle of a payload.", sendDeclared(play.OpText, 100, 0, hello)),
			cut("20.9.6", "The end of TCP in the middle of a fragmented message.", play.Send(part(text(hello)))),
			cut("20.9.7", "The end of TCP between messages.", play.Send(ping(""))),
		),
	)
}

// slowly sends f with a pause after each of the two bytes that every header has, then the rest.
func slowly(f naive.Frame, between time.Duration) []play.Step {
	p := play.Pieces{Frame: f, Key: [4]byte{0xca, 0xfe, 0xba, 0xbe}}
	return []play.Step{p.Send(0, 1, between), p.Send(1, 2, between), p.Send(2, -1, 0)}
}

// inTwo sends f with a pause after n of its bytes.
func inTwo(f naive.Frame, n int, between time.Duration) []play.Step {
	p := play.Pieces{Frame: f, Key: [4]byte{0xca, 0xfe, 0xba, 0xbe}}
	return []play.Step{p.Send(0, n, between), p.Send(n, -1, 0)}
}

// A cutShort is the play of a connection that we end without a Close frame.
type cutShort struct {
	steps []play.Step
	came  string
	s     *play.Session
}

// cutPatience is how long a peer may keep a connection whose other half is closed.
const cutPatience = 2 * time.Second

func cut(id, description string, steps ...play.Step) *play.Case {
	return &play.Case{
		ID: id, Description: description,
		Expectation: "The peer ends TCP too, and nothing unfinished comes back. To keep TCP is NON-STRICT: no sentence says when a half of it is given up.",
		Needs:       play.NeedTCP,
		Begin:       func() play.Play { return &cutShort{steps: steps} },
	}
}

func (p *cutShort) Open(s *play.Session) {
	p.s = s
	s.Result.ExpectedClose = verdict.ExpectedClose{Codes: []int{}}
	for _, take := range p.steps {
		take(s)
	}
	s.Half()
	s.MayWait()
	s.WhenIdle(cutPatience, s.Drop)
}

func (p *cutShort) Message(s *play.Session, _ []byte, _ bool) {
	p.came = "An unfinished message came back."
	s.Drop()
}

func (p *cutShort) Pong(*play.Session, verdict.Event) {}

func (p *cutShort) Judge(r *verdict.Result) {
	switch {
	case p.came != "":
		r.Behavior, r.Result = verdict.Failed, p.came
	case r.FailedByMe:
		r.Behavior, r.Result = verdict.Failed, "The peer broke the rules."
	case r.DroppedByMe:
		r.Behavior, r.Result = verdict.NonStrict, "The peer kept the connection for "+cutPatience.String()+"."
	case p.s.HTTP2() != nil:
		r.Behavior, r.Result = verdict.OK, "The peer ended the stream: "+play.EndOf(p.s.Ended())+"."
	default:
		r.Behavior, r.Result = verdict.OK, "The peer ended TCP."
	}
}

// AfterClose: once half of TCP, or of a stream, is closed, the RFC leaves open what a peer
// sends, and which side ends the connection.
func (p *cutShort) AfterClose(r *verdict.Result) {
	r.BehaviorClose, r.ResultClose = verdict.OK, play.NothingToClose
}

package cases

import (
	"errors"
	"io"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// streamEnds: how the two halves of a stream end. END_STREAM is FIN, RST_STREAM is RST.
func streamEnds() (cases []*play.Case) {
	next := numbering("21.7")
	const alike = "; " + overClosure
	add := func(role verdict.Role, sentence string, c *play.Case) {
		cases = append(cases, over(role, sentence+alike, c))
	}
	const serverFirst = `RFC 6455 section 7.1.1: "The underlying TCP connection, in most normal cases, SHOULD be closed first by the server"`
	add(verdict.Server, serverFirst, &play.Case{
		ID: next(), Description: "A Close frame; the suite does not end its half of the stream for 800 ms.",
		Expectation: "A Close frame in reply, and END_STREAM. To leave the end to the client, or RST_STREAM in place of END_STREAM, is NON-STRICT.",
		Begin:       func() play.Play { return &serverEnds{} },
	})
	add(verdict.Client, `RFC 6455 section 7.1.1: "when a client is instructed to do the same, it SHOULD wait for a TCP Close from the server." A stream has no TIME_WAIT, which is why`, &play.Case{
		ID: next(), Description: "A Close frame, and the stream left open for 300 ms after the reply.",
		Expectation: "A Close frame in reply. The client waits, or ends its half with END_STREAM; RST_STREAM is NON-STRICT.",
		Begin:       func() play.Play { return &clientEnds{} },
	})
	const echoed = `RFC 6455 section 5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in response."`
	add(0, echoed, play.Scripted(next(), "A Close frame with END_STREAM on its DATA frame, as Chromium sends it.", "A Close frame in reply, and the end of the stream.", play.Script{
		Steps: []play.Step{func(s *play.Session) (time.Duration, string) {
			s.Closes()
			return 0, ""
		}, play.SendClose(1000, "")},
		Holds: true, FatalCode: true, FatalEnd: true, Last: mustReply,
		Ends: verdict.ExpectedClose{Codes: []int{1000}, ByMe: true, RequireClean: true},
	}))
	const gone = `RFC 6455 section 7.1.5: "If _The WebSocket Connection is Closed_ and no Close control frame was received by the endpoint (such as could occur if the underlying transport connection is lost), _The WebSocket Connection Close Code_ is considered to be 1006."`
	for _, c := range []*play.Case{
		cut(next(), "END_STREAM in the middle of a header.", play.SendRaw([]byte{0x81})),
		cut(next(), "END_STREAM in the middle of a payload.", sendDeclared(play.OpText, 100, 0, hello)),
		cut(next(), "END_STREAM in the middle of a fragmented message.", play.Send(part(text(hello)))),
		cut(next(), "END_STREAM between messages.", play.Send(ping(""))),
	} {
		c.Expectation = "The peer ends its half too, and nothing unfinished comes back. To keep the stream is NON-STRICT: no sentence says when a half of it is given up."
		add(0, gone, c)
	}
	const stray = `RFC 9113 section 8.5: "Frame types other than DATA or stream management frames (RST_STREAM, WINDOW_UPDATE, and PRIORITY) MUST NOT be sent on a connected stream and MUST be treated as a stream error (Section 5.4.2) if received."`
	for _, form := range []struct {
		what string
		form mux.Form
	}{
		{"HEADERS on the open stream.", mux.Form{}},
		{"HEADERS with END_STREAM on the open stream: trailers.", mux.Form{EndStream: true}},
	} {
		cases = append(cases, over(0, stray, &play.Case{
			ID: next(), Description: form.what,
			Expectation: "RST_STREAM. To end the connection with GOAWAY is NON-STRICT.",
			Begin:       func() play.Play { return &strayHead{form: form.form} },
			Alone:       true,
		}))
	}
	return cases
}

// mustReply: a Close frame is answered, also when it is the last that comes.
func mustReply(r *verdict.Result) {
	if r.BehaviorClose == verdict.Unclean {
		r.Behavior, r.Result = verdict.Failed, "No Close frame came in reply."
	}
	otherCode(r)
}

// idle is what the plays of ends have in common: they look at nothing but the end.
type idle struct{ s *play.Session }

func (*idle) Message(*play.Session, []byte, bool) {}

func (*idle) Pong(*play.Session, verdict.Event) {}

// A serverEnds is the play of a client that leaves the end of the stream to the server.
type serverEnds struct{ idle }

// serverPatience is how long the suite leaves it to a server to end the stream.
const serverPatience = 800 * time.Millisecond

func (p *serverEnds) Open(s *play.Session) {
	p.s = s
	s.DelayEnd(serverPatience)
	s.Result.ExpectedClose = weClose
	s.Close(1000)
}

func (p *serverEnds) Judge(r *verdict.Result) {
	switch {
	case !r.WasClean && !r.DropTimeout:
		r.Behavior, r.Result = verdict.Failed, "No Close frame came in reply."
	case r.DropTimeout:
		r.Behavior, r.Result = verdict.NonStrict, "The server did not end the stream, though both Close frames had gone and the suite had ended its half."
	case !errors.Is(p.s.Ended(), io.EOF):
		r.Behavior, r.Result = verdict.NonStrict, "The server did not end the stream with END_STREAM: "+play.EndOf(p.s.Ended())+"."
	case r.Duration >= serverPatience.Milliseconds():
		r.Behavior, r.Result = verdict.NonStrict, "The server left the end of the stream to the client."
	default:
		r.Behavior, r.Result = verdict.OK, "The server ended the stream, with END_STREAM."
	}
}

// A clientEnds is the play of a server that delays the end of the stream.
type clientEnds struct{ idle }

func (p *clientEnds) Open(s *play.Session) {
	p.s = s
	s.DelayEnd(300 * time.Millisecond)
	s.Result.ExpectedClose = weClose
	s.Close(1000)
}

func (p *clientEnds) Judge(r *verdict.Result) {
	switch {
	case !r.WasClean:
		r.Behavior, r.Result = verdict.Failed, "No Close frame came in reply."
	case r.DroppedByMe:
		r.Behavior, r.Result = verdict.OK, "The client waited for the server to end the stream."
	case errors.Is(p.s.Ended(), io.EOF):
		r.Behavior, r.Result = verdict.OK, "The client ended its half, with END_STREAM."
	default:
		r.Behavior, r.Result = verdict.NonStrict, "The client ended the stream first: "+play.EndOf(p.s.Ended())+"."
	}
}

// A strayHead is the play of a header block on an open stream, behind the echo of a message.
type strayHead struct {
	idle
	form mux.Form
}

func (p *strayHead) Open(s *play.Session) {
	p.s = s
	s.Result.ExpectedClose = verdict.ExpectedClose{Codes: []int{}}
	s.Send(text(hello), 0, false)
}

func (p *strayHead) Message(s *play.Session, _ []byte, _ bool) {
	s.HTTP2().Head([]hpack.HeaderField{{Name: "x-stray", Value: "1"}}, p.form)
	s.MayWait()
	s.WhenIdle(cutPatience, s.Drop)
}

func (p *strayHead) Judge(r *verdict.Result) {
	reset, isReset := errors.AsType[*mux.ResetError](p.s.Ended())
	lost, isLost := errors.AsType[*mux.LostError](p.s.Ended())
	switch {
	case isReset:
		r.Behavior, r.Result = verdict.OK, "The peer reset the stream with "+mux.Name(reset.Code)+"."
	case isLost && lost.GoAway != nil:
		r.Behavior, r.Result = verdict.NonStrict, "The peer ended the connection, with all its streams: GOAWAY "+mux.Name(*lost.GoAway)+"."
	case p.s.Ended() == nil:
		r.Behavior, r.Result = verdict.Failed, "The peer kept the stream for "+cutPatience.String()+"."
	default:
		r.Behavior, r.Result = verdict.Failed, "The peer took it: the stream ended with "+play.EndOf(p.s.Ended())+"."
	}
}

// AfterClose: which side ends the stream is open.
func (p *strayHead) AfterClose(r *verdict.Result) {
	r.BehaviorClose, r.ResultClose = verdict.OK, play.NothingToClose
}

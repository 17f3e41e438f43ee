package cases

import (
	"strings"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// connections: what else is on the connection of a stream.
func connections() (cases []*play.Case) {
	next := numbering("21.8")
	const apart = `RFC 9113 section 5: "A single HTTP/2 connection can contain multiple concurrently open streams, with either endpoint interleaving frames from multiple streams."`
	scripted := func(role verdict.Role, sentence, description, expectation string, script func() play.Script) *play.Case {
		c := play.Scripted(next(), description, expectation, script())
		c.Begin = func() play.Play {
			p := script()
			return &p
		}
		cases = append(cases, over(role, sentence, c))
		return c
	}
	scripted(verdict.Server, apart, "A second stream with a message and Close frames, then a message on the first.", "Both messages come back.", func() play.Script {
		return play.Script{Steps: []play.Step{then(func(s *play.Session) error { return s.EchoElsewhere("second") })}, OK: []verdict.Event{gotText(hello)}, Ends: weClose}
	})
	small := uint32(1000)
	stalled := scripted(verdict.Server, `RFC 9113 section 5.2: "A flow-control scheme ensures that streams on the same connection do not destructively interfere with each other."`,
		"A binary message of 100,000 bytes whose echo gets no window, and a message on a second stream.", "The second comes back, and then the first.", func() play.Script {
			large := strings.Repeat("\xfe", 100_000)
			steps := []play.Step{play.OnStream(func(x *mux.Stream) { x.Withhold(true) }), play.Send(bin(large)), play.Pause(100 * time.Millisecond), releases}
			return play.Script{Steps: steps, OK: []verdict.Event{gotBinary(large)}, Ends: weClose}
		})
	stalled.Wire = &play.Wire{Window: &small}
	scripted(verdict.Server, `RFC 9113 section 5.4.2: "A stream error is an error related to a specific stream that does not affect processing of other streams."`+"; "+overClosure,
		"RST_STREAM with CANCEL on a second stream, within a frame, then a message on the first.", mustComeBack, func() play.Script {
			return play.Script{Steps: []play.Step{then((*play.Session).BreakElsewhere)}, OK: []verdict.Event{gotText(hello)}, Ends: weClose}
		})
	scripted(0, `RFC 9113 section 6.7: "Receivers of a PING frame that does not include an ACK flag MUST send a PING frame with the ACK flag set in response, with an identical frame payload."`,
		"A PING of HTTP/2, and when it is answered a message.", mustComeBack, func() play.Script {
			ping := then(func(s *play.Session) error { return s.HTTP2().Conn().Ping(pingPatience) })
			return play.Script{Steps: []play.Step{ping}, OK: []verdict.Event{gotText(hello)}, Ends: weClose}
		})
	scripted(0, `RFC 9113 section 4.1: "Implementations MUST ignore and discard frames of unknown types."; section 6.5.2: "An endpoint that receives a SETTINGS frame with any unknown or unsupported identifier MUST ignore that setting."`,
		"A frame and a setting that nobody knows, PRIORITY on the stream, then a message.", mustComeBack, func() play.Script { return comesBack(play.OnStream(unknowns)) })
	settings(scripted, 0, "SETTINGS_ENABLE_CONNECT_PROTOCOL = 0, after 1.", `RFC 8441 section 3: "A sender MUST NOT send a SETTINGS_ENABLE_CONNECT_PROTOCOL parameter with the value of 0 after previously sending a value of 1."`)
	settings(scripted, 2, "SETTINGS_ENABLE_CONNECT_PROTOCOL = 2.", `RFC 8441 section 3: "The value of the parameter MUST be 0 or 1."`)
	leaving := scripted(verdict.Client, `RFC 9113 section 6.8: "GOAWAY allows an endpoint to gracefully stop accepting new streams while still finishing processing of previously established streams."`,
		"GOAWAY with NO_ERROR that leaves the stream, then a message.", mustComeBack+" To end the stream is NON-STRICT.", func() play.Script {
			p := comesBack(play.OnStream(func(x *mux.Stream) {
				x.Conn().Send(func(f *http2.Framer) error { return f.WriteGoAway(x.ID(), http2.ErrCodeNo, nil) })
			}), play.Pause(50*time.Millisecond))
			p.Last = func(r *verdict.Result) {
				if r.Behavior != verdict.OK && len(r.Received) == 0 {
					allowed(r, verdict.NonStrict, "The client ended the stream.")
				}
			}
			return p
		})
	leaving.Alone = true
	return cases
}

// settings adds a case of a client that gets a value of SETTINGS_ENABLE_CONNECT_PROTOCOL that no
// server may send.
func settings(scripted func(verdict.Role, string, string, string, func() play.Script) *play.Case, value uint32, description, sentence string) {
	c := scripted(verdict.Client, sentence, description,
		"The client ends the connection. To go on is NON-STRICT: the RFC binds the sender.", func() play.Script {
			p := comesBack(play.OnStream(func(x *mux.Stream) {
				x.Conn().Announce(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: value})
			}), play.Pause(50*time.Millisecond))
			p.Last = endsConnection
			return p
		})
	c.Alone = true
}

// endsConnection: the connection has ended, or the client has gone on.
func endsConnection(r *verdict.Result) {
	switch {
	case r.Behavior == verdict.OK:
		r.Behavior, r.Result = verdict.NonStrict, play.Takes
	case len(r.Received) == 0 && r.WhyNotClean != nil && strings.Contains(*r.WhyNotClean, "GOAWAY"):
		allowed(r, verdict.OK, "The client ended the connection.")
	}
}

// pingPatience is how long a peer may take to answer a PING.
const pingPatience = 5 * time.Second

// then does something that waits, and sends a message when it has gone well.
func then(do func(s *play.Session) error) play.Step {
	return func(s *play.Session) (time.Duration, string) {
		s.Meanwhile(func() error { return do(s) }, func(err error) {
			if err != nil {
				s.Fault(err)
			}
			s.Send(text(hello), 0, false)
		})
		return 0, ""
	}
}

// releases has a message come back on a second stream, and gives the first its window.
func releases(s *play.Session) (time.Duration, string) {
	s.Meanwhile(func() error { return s.EchoElsewhere("second") }, func(err error) {
		if err != nil {
			s.Fault(err)
		}
		s.HTTP2().Grant(mux.Usual)
		s.HTTP2().Withhold(false)
	})
	return 0, ""
}

// announces sends settings before the suite's header block.
func announces(list ...http2.Setting) func(x *mux.Stream) {
	return func(x *mux.Stream) { x.Conn().Announce(list...) }
}

// unknowns sends what a peer has to ignore.
func unknowns(x *mux.Stream) {
	x.Conn().Announce(http2.Setting{ID: 0xfa1a, Val: 1})
	x.Conn().Send(func(f *http2.Framer) error {
		_ = f.WriteRawFrame(0xfa, 0, x.ID(), []byte("unknown"))
		return f.WritePriority(x.ID(), http2.PriorityParam{Weight: 10})
	})
}

package rtc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// server is the other end, played by the test: one of its visits for each connection.
// It runs in a bubble, where pings and waits take no time.
type server struct {
	t      *testing.T
	visits []func(*visit)
	dialed []string // the URLs, with the token behind
	done   chan struct{}
}

// visit is one connection as the server sees it.
type visit struct {
	t    *testing.T
	conn *websocket.Conn
}

func (s *server) dial(_ context.Context, url string, header http.Header) (*websocket.Conn, *http.Response, error) {
	_, query, _ := strings.Cut(url, "?")
	s.dialed = append(s.dialed, query+" "+header.Get("Authorization"))
	if len(s.visits) == 0 {
		return nil, nil, &websocket.HandshakeError{URL: url, Err: io.ErrUnexpectedEOF}
	}
	next := s.visits[0]
	s.visits = s.visits[1:]
	if next == nil {
		return nil, nil, &websocket.HandshakeError{URL: url, Err: io.ErrUnexpectedEOF}
	}
	there, here := wstest.Pipe(nil)
	go func() {
		defer there.CloseNow()
		next(&visit{s.t, there})
		s.done <- struct{}{}
	}()
	return here, nil, nil
}

func (v *visit) say(res *livekit.SignalResponse) {
	p, err := proto.Marshal(res)
	if err != nil {
		v.t.Error(err)
	}
	if err := v.conn.Write(context.Background(), websocket.MessageBinary, p); err != nil {
		v.t.Errorf("saying %s: %v", Name(res), err)
	}
}

// hear wants the next request to be of that name.
func (v *visit) hear(name string) *livekit.SignalRequest {
	req := &livekit.SignalRequest{}
	typ, p, err := v.conn.Read(context.Background())
	if err == nil {
		err = decode(typ, p, req)
	}
	if err != nil || Name(req) != name {
		v.t.Errorf("heard %s, %v; want %s", Name(req), err, name)
	}
	return req
}

// close wants the peer's Close frame.
func (v *visit) close(code websocket.StatusCode) {
	if _, _, err := v.conn.Read(context.Background()); websocket.CloseStatus(err) != code {
		v.t.Errorf("at the end: %v, want %v", err, code)
	}
}

func (v *visit) join(sid string) {
	v.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
		Participant:  &livekit.ParticipantInfo{Sid: sid},
		PingInterval: 5, PingTimeout: 15,
	}}})
}

func (v *visit) leave(reason livekit.DisconnectReason, action livekit.LeaveRequest_Action) {
	v.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{Reason: reason, Action: action}}})
	v.close(websocket.StatusNormalClosure)
}

func (v *visit) resumed() {
	v.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Reconnect{Reconnect: &livekit.ReconnectResponse{}}})
}

// play runs a session against visits until it ends by itself, or cancel is called
// after the last visit has begun, and returns its error.
func play(t *testing.T, opts Options, run func(ctx context.Context, s *Session) error, visits ...func(*visit)) (srv *server, err error) {
	t.Helper()
	srv = &server{t: t, visits: visits, done: make(chan struct{}, len(visits))}
	opts.Server, opts.Token, opts.Dial = "ws://server", "token", srv.dial
	s := NewSession(opts)
	err = run(t.Context(), s)
	for _, v := range visits {
		if v != nil {
			<-srv.done
		}
	}
	if s.State() != Ended {
		t.Errorf("the state is %v", s.State())
	}
	if sendErr := s.Send(t.Context(), &livekit.SignalRequest{}); !errors.Is(sendErr, ErrNotJoined) {
		t.Errorf("Send after the end: %v", sendErr)
	}
	return srv, err
}

func toItsEnd(ctx context.Context, s *Session) error { return s.Run(ctx) }

// after ends the session by its context.
func after(d time.Duration) func(context.Context, *Session) error {
	return func(ctx context.Context, s *Session) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return s.Run(ctx)
	}
}

const (
	first = "auto_subscribe=1&protocol=16&sdk=go Bearer "
	again = "auto_subscribe=1&protocol=16&reconnect=1&reconnect_reason=1&sdk=go&sid=%s Bearer %s"
)

func (s *server) wantDialed(want ...string) {
	s.t.Helper()
	if got, want := strings.Join(s.dialed, "\n"), strings.Join(want, "\n"); got != want {
		s.t.Errorf("dialed\n%s\nwant\n%s", got, want)
	}
}

// The whole of an undisturbed session: join, pings with their round trip, leave.
func TestSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		opts := Options{
			Observe: func(e Event) {
				if s, ok := e.(Signal); ok {
					seen = append(seen, fmt.Sprint(s.Direction, " ", Name(s.Message), " ", s.RoundTrip))
				}
			},
		}
		srv, err := play(t, opts, after(12*time.Second), func(v *visit) {
			v.join("PA_1")
			for n, rtt := range []int64{0, 20} {
				ping := v.hear("ping_req").GetPingReq()
				if ping.Rtt != rtt {
					t.Errorf("ping %d says that the last took %d ms, want %d", n, ping.Rtt, rtt)
				}
				time.Sleep(20 * time.Millisecond)
				v.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_PongResp{PongResp: &livekit.Pong{LastPingTimestamp: ping.Timestamp}}})
			}
			if leave := v.hear("leave").GetLeave(); leave.Reason != livekit.DisconnectReason_CLIENT_INITIATED {
				t.Errorf("it leaves because of %v", leave.Reason)
			}
			v.close(websocket.StatusNormalClosure)
		})
		if err != nil {
			t.Errorf("Run: %v", err)
		}
		srv.wantDialed(first + "token")
		want := "received join 0s\nsent ping_req 0s\nreceived pong_resp 20ms\nsent ping_req 0s\nreceived pong_resp 20ms\nsent leave 0s"
		if got := strings.Join(seen, "\n"); got != want {
			t.Errorf("seen\n%s\nwant\n%s", got, want)
		}
	})
}

// A connection that is lost is resumed, with the token that came last; when the server
// knows nothing any more it says so, and the participant comes as somebody new.
func TestComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := play(t, Options{}, after(time.Minute),
			func(v *visit) {
				v.join("PA_1")
				v.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: "newer"}})
				v.conn.CloseNow() // what is sent before still arrives
			},
			nil, // the server is not there
			func(v *visit) { v.resumed(); v.hear("ping_req"); v.conn.CloseNow() },
			func(v *visit) {
				v.leave(livekit.DisconnectReason_STATE_MISMATCH, livekit.LeaveRequest_RECONNECT)
			},
			func(v *visit) {
				v.join("PA_2")
				v.leave(livekit.DisconnectReason_MIGRATION, livekit.LeaveRequest_RESUME)
			},
			func(v *visit) { v.resumed(); v.silent() },
			func(v *visit) { v.resumed(); v.untilLeave() },
		)
		if err != nil {
			t.Errorf("Run: %v", err)
		}
		srv.wantDialed(first+"token",
			fmt.Sprintf(again, "PA_1", "newer"), fmt.Sprintf(again, "PA_1", "newer"), fmt.Sprintf(again, "PA_1", "newer"),
			first+"newer",
			fmt.Sprintf(again, "PA_2", "newer"), fmt.Sprintf(again, "PA_2", "newer"))
	})
}

// silent answers no ping, and wants to be given up.
func (v *visit) silent() {
	for {
		if _, _, err := v.conn.Read(context.Background()); err != nil {
			if websocket.CloseStatus(err) != -1 {
				v.t.Errorf("given up with %v", err)
			}
			return
		}
	}
}

// untilLeave answers pings.
func (v *visit) untilLeave() {
	for {
		req := &livekit.SignalRequest{}
		typ, p, err := v.conn.Read(context.Background())
		if err == nil {
			err = decode(typ, p, req)
		}
		switch ping := req.GetPingReq(); {
		case err != nil:
			v.t.Errorf("before leave: %v", err)
			return
		case ping != nil:
			v.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_PongResp{PongResp: &livekit.Pong{LastPingTimestamp: ping.Timestamp}}})
		case req.GetLeave() != nil:
			v.close(websocket.StatusNormalClosure)
			return
		}
	}
}

// What ends a session from the other side, and for good.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		visits []func(*visit)
		want   string
		dials  int
	}{
		"leave": {[]func(*visit){func(v *visit) {
			v.join("PA_1")
			v.leave(livekit.DisconnectReason_DUPLICATE_IDENTITY, livekit.LeaveRequest_DISCONNECT)
		}}, "the server said leave: DUPLICATE_IDENTITY", 1},
		"never there": {nil, "unexpected EOF", 1},
		"gone":        {[]func(*visit){func(v *visit) { v.join("PA_1") }}, "gave up reconnecting: ", 4},
		"garbage": {[]func(*visit){func(v *visit) {
			_ = v.conn.Write(context.Background(), websocket.MessageBinary, []byte{0xff})
			v.close(websocket.StatusInvalidFramePayloadData)
		}}, "a message of 1 bytes is not a SignalResponse", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, err := play(t, Options{Attempts: 3}, toItsEnd, test.visits...)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("Run: %v, want %s", err, test.want)
				}
				if len(srv.dialed) != test.dials {
					t.Errorf("dialed %d times, want %d", len(srv.dialed), test.dials)
				}
			})
		})
	}
}

// A server that says no is not asked again, and its text is shown without the token.
func TestRefused(t *testing.T) {
	asked := 0
	refuse := func(context.Context, string, http.Header) (*websocket.Conn, *http.Response, error) {
		asked++
		body := io.NopCloser(bytes.NewBufferString("invalid token: ey.token\n"))
		return nil, &http.Response{StatusCode: 401, Body: body}, &websocket.HandshakeError{Err: errors.New("401")}
	}
	err := NewSession(Options{Server: "ws://server", Token: "ey.token", Dial: refuse}).Run(t.Context())
	if asked != 1 || err == nil || !strings.HasSuffix(err.Error(), `"invalid token: <token>"`) {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// A server that has heard text answers in text.
func TestJSONForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := play(t, Options{}, toItsEnd, func(v *visit) {
			p, err := protojson.Marshal(&livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{Reason: livekit.DisconnectReason_ROOM_CLOSED}}})
			if err != nil {
				t.Error(err)
			}
			if err := v.conn.Write(context.Background(), websocket.MessageText, p); err != nil {
				t.Error(err)
			}
			v.close(websocket.StatusNormalClosure)
		})
		if leave, ok := errors.AsType[*LeaveError](err); !ok || leave.Reason != livekit.DisconnectReason_ROOM_CLOSED {
			t.Errorf("Run: %v", err)
		}
	})
}

// The answers count from the last one: a server that gives them is stayed with for
// longer than its timeout, one that stops is given up then.
func TestSilenceAfterAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var lost time.Duration
		opts := Options{Observe: func(e Event) {
			if _, ok := e.(Disconnected); ok && lost == 0 {
				lost = time.Since(start)
			}
		}}
		srv, err := play(t, opts, after(2*time.Minute), func(v *visit) {
			v.join("PA_1")
			for range 8 { // until 40 s
				ping := v.hear("ping_req").GetPingReq()
				v.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_PongResp{PongResp: &livekit.Pong{LastPingTimestamp: ping.Timestamp}}})
			}
			v.silent()
		}, func(v *visit) { v.resumed(); v.untilLeave() })
		if err != nil || len(srv.dialed) != 2 || lost != 55*time.Second {
			t.Errorf("lost after %v, dialed %d times: %v", lost, len(srv.dialed), err)
		}
	})
}

// Attempts count from the last time that one came to something.
func TestAttemptsInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := func(v *visit) { v.resumed(); v.hear("ping_req"); v.conn.CloseNow() }
		srv, err := play(t, Options{Attempts: 2}, toItsEnd,
			func(v *visit) { v.join("PA_1"); v.hear("ping_req"); v.conn.CloseNow() },
			nil, again, nil, again, again, nil, nil)
		if err == nil || len(srv.dialed) != 8 {
			t.Errorf("dialed %d times: %v", len(srv.dialed), err)
		}
	})
}

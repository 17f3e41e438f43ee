package play_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/cases"
	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A bare opener has nothing to open, as one of HTTP/2 has no bytes of HTTP/1.1 to send.
type bare struct{}

func (bare) Gives() play.Need                                         { return 0 }
func (bare) Open(context.Context, *play.Session) (play.Opened, error) { return play.Opened{}, nil }

// A pipe is a stream and nothing else: no net.Conn.
type pipe struct {
	conn  net.Conn
	ended *atomic.Int32 // calls of CloseWrite
}

func (p pipe) Read(b []byte) (int, error)         { return p.conn.Read(b) }
func (p pipe) Write(b []byte) (int, error)        { return p.conn.Write(b) }
func (p pipe) Close() error                       { return p.conn.Close() }
func (p pipe) SetReadDeadline(t time.Time) error  { return p.conn.SetReadDeadline(t) }
func (p pipe) SetWriteDeadline(t time.Time) error { return p.conn.SetWriteDeadline(t) }
func (p pipe) CloseWrite() error {
	p.ended.Add(1)
	return nil
}

// A case that is about frames is the same on any stream, however it was opened.
func TestPlayOverAnyStream(t *testing.T) {
	echo := func(m *mate.Mate) {
		m.Send(m.Message(0))
		m.Answer(1000)
	}
	for _, judged := range []verdict.Role{verdict.Server, verdict.Client} {
		for _, row := range []struct {
			id            string
			peer          func(m *mate.Mate)
			behavior, end verdict.Verdict
		}{
			{"1.1.2", echo, verdict.OK, verdict.OK},
			{"1.2.8", echo, verdict.OK, verdict.OK},
			{"6.2.3", echo, verdict.OK, verdict.OK},
			{"9.1.1", echo, verdict.OK, verdict.OK},
			{"10.1.1", echo, verdict.OK, verdict.OK},
			{"7.1.2", func(m *mate.Mate) { m.Answer(1000) }, verdict.OK, verdict.OK},
			{"3.1", func(m *mate.Mate) {
				m.SendClose(1002)
				m.AwaitClose()
				m.LetGo()
			}, verdict.OK, verdict.OK},
			{"1.1.2", func(*mate.Mate) {}, verdict.Failed, verdict.Failed},
			{"12.1.1", func(m *mate.Mate) { m.Answer(1000) }, verdict.Unimplemented, verdict.OK},
		} {
			ended := new(atomic.Int32)
			r, _ := mate.PlayOpened(t, judged, caseOf(t, judged, row.id), bare{}, func(conn net.Conn) play.Stream { return pipe{conn, ended} }, row.peer)
			if r.Behavior != row.behavior || r.BehaviorClose != row.end {
				t.Errorf("%v, %s: %s, %s, want %s, %s: %s %s", judged, row.id, r.Behavior, r.BehaviorClose, row.behavior, row.end, r.Result, r.ResultClose)
			}
			if r.HTTPRequest != "" || r.HTTPResponse != "" || ended.Load() != 1 {
				t.Errorf("%v, %s: HTTP %q %q, our half ended %d times", judged, row.id, r.HTTPRequest, r.HTTPResponse, ended.Load())
			}
		}
	}
}

// A case about what a connection does not have is not played on it, and fails nobody.
func TestPlayNeeds(t *testing.T) {
	for _, judged := range []verdict.Role{verdict.Server, verdict.Client} {
		seen := play.Need(0)
		for _, c := range cases.Cases(judged) {
			if c.Needs == 0 {
				continue
			}
			seen |= c.Needs
			r, m := mate.PlayOpened(t, judged, c, bare{}, play.OverTCP, (*mate.Mate).AwaitEnd)
			if r.Behavior != verdict.Unimplemented || r.BehaviorClose != verdict.OK || !strings.Contains(r.Result, c.Needs.String()) {
				t.Errorf("%v, %s: %s, %s: %s", judged, c.ID, r.Behavior, r.BehaviorClose, r.Result)
			}
			if len(m.Frames) > 0 || r.HTTPRequest != "" {
				t.Errorf("%v, %s: %d frames, request %q", judged, c.ID, len(m.Frames), r.HTTPRequest)
			}
		}
		if seen != play.NeedHTTP1|play.NeedTCP|play.NeedHTTP2 {
			t.Errorf("%v: the cases need %s", judged, seen)
		}
	}
	for _, o := range []play.Opener{&play.Connect{}, &play.ConnectAnswer{}} {
		if got := o.Gives(); got != play.NeedHTTP2 {
			t.Errorf("%T gives %s", o, got)
		}
	}
	for _, o := range []play.Opener{&play.Request{}, &play.Answer{}} {
		if got := o.Gives(); got != play.NeedHTTP1|play.NeedTCP {
			t.Errorf("%T gives %s", o, got)
		}
	}
}

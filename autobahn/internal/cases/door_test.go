package cases

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// An unread is the connection to a server that has answered and gone, and has not
// read all that was written.
type unread struct {
	net.Conn
	answer io.Reader
}

func (unread) Write(p []byte) (int, error)      { return len(p) / 2, io.ErrClosedPipe }
func (u unread) Read(p []byte) (int, error)     { return u.answer.Read(p) }
func (unread) SetWriteDeadline(time.Time) error { return nil }
func (unread) SetReadDeadline(time.Time) error  { return nil }
func (unread) Close() error                     { return nil }

// A server need not read a field of 2 MiB to refuse it.
func TestAllowedUnread(t *testing.T) {
	c := caseNamed(t, verdict.Server, "20.1.25")
	for answer, want := range map[string]verdict.Verdict{
		"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n": verdict.OK,
		"": verdict.NonStrict,
	} {
		s := play.NewSession(verdict.Server, play.OverTCP(unread{answer: strings.NewReader(answer)}), c, mate.Forever)
		s.Play(t.Context(), &play.Request{Target: &url.URL{Scheme: "ws", Host: "example.com", Path: "/"}})
		if r := s.Result; r.Worst() != want {
			t.Errorf("%q: %s, want %s: %s", answer, r.Worst(), want, r.Result)
		}
	}
}

// awaitsRefusal plays a case of 20.3 with a client that gets the answer and then does
// something, in a bubble's time.
func awaitsRefusal(t *testing.T, id string, timeout time.Duration, client func(conn net.Conn)) (r *verdict.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := caseNamed(t, verdict.Client, id)
		s := play.NewSession(verdict.Client, play.OverTCP(ours), c, timeout)
		var judging sync.WaitGroup
		judging.Go(func() {
			h := &play.Head{Start: "GET / HTTP/1.1", Fields: []play.Field{{Name: "Sec-WebSocket-Key", Value: play.FreshNonce()}}}
			if _, err := s.Play(t.Context(), &play.Answer{Head: h}); err != nil {
				t.Error(err)
			}
		})
		if _, _, err := play.ReadHead(theirs, time.Now().Add(mate.Forever)); err != nil {
			t.Error(err)
		}
		client(theirs)
		theirs.Close()
		judging.Wait()
		r = s.Result
	})
	return r
}

// What a client has to refuse it may refuse late, and what no sentence tells it to
// refuse it may accept.
func TestAllowedAnswers(t *testing.T) {
	comesIn := func(conn net.Conn) {
		go io.Copy(io.Discard, conn)
		frame := text("here")
		frame.Masked = true
		conn.Write(naive.Encode(frame))
	}
	for _, row := range []struct {
		name, id string
		client   func(conn net.Conn)
		want     verdict.Verdict
	}{
		{"ends TCP late", "20.3.1", func(conn net.Conn) {
			go io.Copy(io.Discard, conn)
			time.Sleep(5 * time.Second)
		}, verdict.OK},
		{"comes in", "20.3.1", comesIn, verdict.Failed},
		{"keeps TCP", "20.3.1", func(conn net.Conn) { io.Copy(io.Discard, conn) }, verdict.Failed},
		{"comes in by HTTP/1.0", "20.3.12", comesIn, verdict.NonStrict},
	} {
		if r := awaitsRefusal(t, row.id, 10*time.Second, row.client); r.Worst() != row.want {
			t.Errorf("%s, a client that %s: %s, want %s: %s", row.id, row.name, r.Worst(), row.want, r.Result)
		}
	}
	// HTTP lets a client keep a connection on which it got a 200 or a 403, unless the
	// answer says that it ends.
	for _, id := range []string{"20.3.10", "20.3.11"} {
		r := awaitsRefusal(t, id, 10*time.Second, func(net.Conn) {})
		if h, err := play.ParseHead([]byte(r.HTTPResponse)); err != nil || !h.Has("Connection", "close") || !h.Has("Connection", "Upgrade") {
			t.Errorf("%s: %v\n%s", id, err, r.HTTPResponse)
		}
	}
}

// RFC 6455 section 4.2.1: "an absolute HTTP/HTTPS URI": the one that fits.
func TestAbsoluteForm(t *testing.T) {
	c := caseNamed(t, verdict.Server, "20.2.6")
	for scheme, want := range map[string]string{"ws": "GET http://a:1/echo HTTP/1.1", "wss": "GET https://a:1/echo HTTP/1.1"} {
		d := play.UsualRequest(&url.URL{Scheme: scheme, Host: "a:1", Path: "/echo"}, play.FreshNonce(), nil)
		c.Door.Request(d, "")
		if d.Line != want {
			t.Errorf("%s: %s, want %s", scheme, d.Line, want)
		}
	}
}

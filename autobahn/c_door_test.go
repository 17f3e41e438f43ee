package autobahn

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
	c := caseNamed(t, Server, "20.1.25")
	for answer, want := range map[string]Verdict{
		"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n": OK,
		"": NonStrict,
	} {
		s := newSession(Server, overTCP(unread{answer: strings.NewReader(answer)}), c, forever)
		s.playOver(t.Context(), &request{target: &url.URL{Scheme: "ws", Host: "example.com", Path: "/"}})
		if r := s.result; r.Worst() != want {
			t.Errorf("%q: %s, want %s: %s", answer, r.Worst(), want, r.Result)
		}
	}
}

// awaitsRefusal plays a case of 20.3 with a client that gets the answer and then does
// something, in a bubble's time.
func awaitsRefusal(t *testing.T, id string, timeout time.Duration, client func(conn net.Conn)) (r *Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := caseNamed(t, Client, id)
		s := newSession(Client, overTCP(ours), c, timeout)
		var judging sync.WaitGroup
		judging.Go(func() {
			h := &head{start: "GET / HTTP/1.1", fields: []field{{"Sec-WebSocket-Key", freshNonce()}}}
			if _, err := s.playOver(t.Context(), &answer{head: h}); err != nil {
				t.Error(err)
			}
		})
		if _, _, err := readHead(theirs, time.Now().Add(forever)); err != nil {
			t.Error(err)
		}
		client(theirs)
		theirs.Close()
		judging.Wait()
		r = s.result
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
		want     Verdict
	}{
		{"ends TCP late", "20.3.1", func(conn net.Conn) {
			go io.Copy(io.Discard, conn)
			time.Sleep(5 * time.Second)
		}, OK},
		{"comes in", "20.3.1", comesIn, Failed},
		{"keeps TCP", "20.3.1", func(conn net.Conn) { io.Copy(io.Discard, conn) }, Failed},
		{"comes in by HTTP/1.0", "20.3.12", comesIn, NonStrict},
	} {
		if r := awaitsRefusal(t, row.id, 10*time.Second, row.client); r.Worst() != row.want {
			t.Errorf("%s, a client that %s: %s, want %s: %s", row.id, row.name, r.Worst(), row.want, r.Result)
		}
	}
	// HTTP lets a client keep a connection on which it got a 200 or a 403, unless the
	// answer says that it ends.
	for _, id := range []string{"20.3.10", "20.3.11"} {
		r := awaitsRefusal(t, id, 10*time.Second, func(net.Conn) {})
		if h, err := parseHead([]byte(r.HTTPResponse)); err != nil || !h.has("Connection", "close") || !h.has("Connection", "Upgrade") {
			t.Errorf("%s: %v\n%s", id, err, r.HTTPResponse)
		}
	}
}

// RFC 6455 section 4.2.1: "an absolute HTTP/HTTPS URI": the one that fits.
func TestAbsoluteForm(t *testing.T) {
	c := caseNamed(t, Server, "20.2.6")
	for scheme, want := range map[string]string{"ws": "GET http://a:1/echo HTTP/1.1", "wss": "GET https://a:1/echo HTTP/1.1"} {
		d := newRequest(&url.URL{Scheme: scheme, Host: "a:1", Path: "/echo"}, freshNonce(), nil)
		c.door.request(d, "")
		if d.line != want {
			t.Errorf("%s: %s, want %s", scheme, d.line, want)
		}
	}
}

package autobahn

import (
	"bytes"
	"fmt"
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

// lax is a server that accepts everything that is HTTP, and answers every text
// message with itself. refuse may answer instead.
func lax(t *testing.T, refuse func(request string) (answer string)) (url string) {
	return listen(t, func(conn net.Conn) {
		defer conn.Close()
		raw, rest, err := readHead(conn, time.Now().Add(time.Minute))
		if err != nil {
			return
		}
		if answer := refuse(string(raw)); answer != "" {
			io.WriteString(conn, answer)
			return
		}
		key := ""
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if name, value, _ := strings.Cut(line, ":"); key == "" && strings.EqualFold(name, "Sec-WebSocket-Key") {
				key = strings.TrimSpace(value)
			}
		}
		fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptFor(key))
		serveEcho(conn, rest)
	})
}

// serveEcho answers every frame with itself.
func serveEcho(conn net.Conn, pending []byte) {
	buf := make([]byte, 4096)
	for {
		for {
			f, size := naive.DecodeHeader(pending)
			if size == 0 || len(pending) < size+int(f.Length) {
				break
			}
			payload := bytes.Clone(pending[size : size+int(f.Length)])
			naive.Mask(payload, f.Key, 0)
			conn.Write(naive.Encode(whole(f.Opcode, string(payload))))
			if f.Opcode == opClose {
				return
			}
			pending = pending[size+int(f.Length):]
		}
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		pending = append(pending, buf[:n]...)
	}
}

// verdictsOf judges a server, one case after the other.
func verdictsOf(t *testing.T, url, patterns string) map[string]*Result {
	t.Helper()
	suite := &FuzzingClient{URL: url, Cases: selected(t, Server, patterns), Parallel: 1, Timeout: 5 * time.Second}
	agent, err := suite.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*Result{}
	for _, r := range agent.Results {
		all[r.ID] = r
	}
	return all
}

// The RFC binds a client to more than a server has to look for.
func TestAllowedHandshakes(t *testing.T) {
	got := verdictsOf(t, lax(t, func(string) string { return "" }), "20.1.*")
	for id, want := range map[string]Verdict{
		"20.1.1": Failed, "20.1.2": Failed, "20.1.7": Failed, "20.1.8": Failed,
		"20.1.9":  NonStrict, // section 4.2.2: "It is not necessary for the server to base64-decode"
		"20.1.10": NonStrict, "20.1.11": NonStrict,
		"20.1.12": NonStrict, "20.1.18": NonStrict, // section 11.3
		"20.1.14": Informational, // it may understand version 8
		"20.1.15": Failed, "20.1.16": Failed, "20.1.17": Failed,
		"20.1.20": Failed,
		"20.1.22": Informational, // RFC 9110 section 5.5: it may have put a space in its place
		"20.1.23": Failed,
		"20.1.24": NonStrict, // section 4.1
	} {
		if r := got[id]; r.Worst() != want {
			t.Errorf("%s: %s, want %s: %s", id, r.Worst(), want, r.Result)
		}
	}
	// A refusal has to fit, still: section 4.2.2 asks for the versions in it.
	bare := verdictsOf(t, lax(t, func(request string) string {
		if !strings.Contains(request, "Version: 13\r") || strings.Contains(request, "POST") {
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		}
		return ""
	}), "20.1.14,20.1.19")
	for id, want := range map[string]Verdict{
		"20.1.14": Failed,
		"20.1.19": OK, // RFC 9110 section 7.8: a server may ignore Upgrade
	} {
		if r := bare[id]; r.Worst() != want {
			t.Errorf("%s, refused: %s, want %s: %s", id, r.Worst(), want, r.Result)
		}
	}
}

// Section 4.1: a client has to wait for the answer. What it does not wait for may be
// lost, or be a reason to refuse.
func TestAllowedGlued(t *testing.T) {
	for name, url := range map[string]string{
		"loses what came with the request": listen(t, func(conn net.Conn) {
			defer conn.Close()
			raw, _, err := readHead(conn, time.Now().Add(time.Minute))
			if err != nil {
				return
			}
			h, _ := parseHead(raw)
			fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptFor(h.get("Sec-WebSocket-Key")))
			serveEcho(conn, nil)
		}),
		"refuses": listen(t, func(conn net.Conn) {
			defer conn.Close()
			raw, glued, err := readHead(conn, time.Now().Add(time.Minute))
			if err != nil {
				return
			}
			if len(glued) > 0 {
				io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
				return
			}
			h, _ := parseHead(raw)
			fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptFor(h.get("Sec-WebSocket-Key")))
		}),
	} {
		if r := verdictsOf(t, url, "20.2.13")["20.2.13"]; r.Worst() != Informational {
			t.Errorf("a server that %s: %s, %s: %s %s", name, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		}
	}
}

// A server that must decline an offer may refuse the handshake that makes it, and
// one that has no use for a message of 50 fields may say so.
func TestAllowedRefusals(t *testing.T) {
	for _, row := range []struct {
		id, status string
		want       Verdict
	}{
		{"20.11.1", "400 Bad Request", OK},
		{"20.11.1", "500 Internal Server Error", NonStrict},
		{"20.11.12", "400 Bad Request", NonStrict},
		{"20.11.13", "400 Bad Request", Failed},
		{"20.2.7", "431 Request Header Fields Too Large", Informational},
		{"20.2.7", "400 Bad Request", Failed},
	} {
		url := lax(t, func(request string) string {
			if strings.Contains(request, "permessage-deflate") || strings.Contains(request, "X-Field-49") {
				return "HTTP/1.1 " + row.status + "\r\nContent-Length: 0\r\n\r\n"
			}
			return ""
		})
		if r := verdictsOf(t, url, row.id)[row.id]; r.Worst() != row.want {
			t.Errorf("%s refused with %s: %s, want %s: %s", row.id, row.status, r.Worst(), row.want, r.Result)
		}
	}
}

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
	c := caseOf(t, Server, "20.1.25")
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
		c := caseOf(t, Client, id)
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
	c := caseOf(t, Server, "20.2.6")
	for scheme, want := range map[string]string{"ws": "GET http://a:1/echo HTTP/1.1", "wss": "GET https://a:1/echo HTTP/1.1"} {
		d := newRequest(&url.URL{Scheme: scheme, Host: "a:1", Path: "/echo"}, freshNonce(), nil)
		c.door.request(d, "")
		if d.line != want {
			t.Errorf("%s: %s, want %s", scheme, d.line, want)
		}
	}
}

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

// What the RFC does not forbid a peer is not FAILED, and what it does forbid is,
// however slow the peer.

// late has the mate wait before it does something.
func late(d time.Duration, then func(*mate)) func(*mate) {
	return func(m *mate) {
		time.Sleep(d)
		then(m)
	}
}

// refusesWith has the mate fail the connection.
func refusesWith(code int) func(*mate) {
	return func(m *mate) {
		m.sendClose(code)
		m.awaitClose()
		m.letGo()
	}
}

// echoes has the mate send what it has got so far back, frame by frame but with the
// lengths in the fewest octets, and then let itself be closed.
func echoes(m *mate) {
	m.await(func(frames []sentFrame) bool { return len(frames) > 0 })
	m.mu.Lock()
	frames := m.frames
	m.mu.Unlock()
	for _, f := range frames {
		opcode := f.Opcode
		if opcode == opPing {
			opcode = opPong
		}
		m.send(whole(opcode, string(f.Payload)))
	}
	m.answer(1000)
}

// waits has the mate wait for more, and let itself be closed.
func waits(m *mate) { m.answer(1001) }

// pinging has the mate send Pings for ever, and nothing else.
func pinging(m *mate) {
	for range 100 {
		m.send(ping("alive"))
		time.Sleep(time.Second)
	}
}

func TestAllowed(t *testing.T) {
	const deflating = "permessage-deflate; client_no_context_takeover"
	for _, row := range []struct {
		name    string
		id      string
		timeout time.Duration
		peer    func(*mate)
		worst   Verdict
	}{
		// A peer that owes nothing may be silent, whatever -timeout says.
		{"waits for the rest of a frame", "20.6.9", 5 * time.Second, waits, Informational},
		{"waits for the rest of a frame", "20.6.9", 2 * time.Second, waits, Informational},
		{"waits for the rest of a message", "20.15.2", 3 * time.Second, waits, Informational},
		{"refuses late", "20.6.9", 3 * time.Second, late(4*time.Second, func(m *mate) { m.sendClose(1009) }), OK},

		// The RFC names no time in which a peer has to fail a connection, or to echo.
		{"fails the connection late", "20.7.8", 10 * time.Second, late(6*time.Second, refusesWith(1002)), OK},
		{"ends TCP late", "20.5.1", 10 * time.Second, late(6*time.Second, func(*mate) {}), OK},
		{"echoes late", "20.7.7", 10 * time.Second, late(6*time.Second, func(m *mate) {
			m.send(m.message(1))
			m.answer(1000)
		}), Failed},
		{"echoes late", "20.7.7", 10 * time.Second, late(6*time.Second, func(m *mate) {
			m.send(text(hello))
			m.answer(1000)
		}), OK},

		// Section 5.2 binds the sender.
		{"takes a long length", "20.6.1", forever, echoes, NonStrict},
		{"takes a long length", "20.6.2", forever, echoes, NonStrict},
		{"takes a long length", "20.6.3", forever, echoes, NonStrict},
		{"takes a long length", "20.6.4", forever, echoes, NonStrict},
		{"takes a long length", "20.6.5", forever, echoes, NonStrict},
		{"takes a long length", "20.6.6", forever, echoes, NonStrict},
		{"takes a long length", "20.6.7", forever, refusesWith(1000), NonStrict},
		{"waits for 2^63 octets", "20.6.8", forever, waits, NonStrict},
		{"answers something else", "20.6.1", forever, func(m *mate) {
			m.send(text("?"))
			m.answer(1000)
		}, Failed},
		{"takes a long length and is silent", "20.6.1", 3 * time.Second, (*mate).awaitEnd, Failed},

		// Section 5.1: a Close frame is a MAY; section 7.1.7: the code is a SHOULD.
		{"ends TCP", "20.5.1", forever, func(*mate) {}, OK},
		{"ends TCP", "20.7.8", forever, func(*mate) {}, NonStrict},
		{"has its own code", "20.7.8", forever, refusesWith(1008), WrongCode},
		{"takes a frame that it must not", "20.5.1", forever, echoes, Failed},

		// No section orders an echo and a Pong.
		{"answers the Ping first", "20.9.2", forever, func(m *mate) {
			m.message(0)
			m.await(func(frames []sentFrame) bool { return len(frames) == 2 })
			m.send(pong("!"))
			m.send(bin(string(make([]byte, 300))))
			m.answer(1000)
		}, OK},

		// Which code a reply carries is for the peer to say.
		{"does not know 1012", "20.8.1", forever, refusesWith(1002), NonStrict},
		{"replies to 1015 with 1000", "20.8.4", forever, refusesWith(1000), NonStrict},
		{"sends 1015 back", "20.8.4", forever, refusesWith(1015), Failed},
		{"does not read the reason", "20.8.12", forever, refusesWith(1000), NonStrict},
		{"sends the broken reason back", "20.8.12", forever, func(m *mate) {
			m.awaitClose()
			m.send(whole(opClose, closePayload(1000, "€"[:2])))
		}, Failed},

		// No section says when TCP of which one half has ended is given up.
		{"keeps the other half", "20.9.7", forever, (*mate).awaitEnd, NonStrict},
		{"makes up the rest", "20.9.6", forever, func(m *mate) {
			m.send(text(hello))
			m.awaitEnd()
		}, Failed},

		// RFC 7692 names no code for what does not inflate.
		{"refuses with 1011", "20.14.2", forever, refusesWith(1011), NonStrict},
		{"takes no octets for an empty message", "20.14.1", forever, func(m *mate) {
			m.await(func(frames []sentFrame) bool { return len(frames) > 0 })
			m.send(text(""))
			m.answer(1000)
		}, NonStrict},
	} {
		extensions := ""
		if strings.HasPrefix(row.id, "20.14.") {
			extensions = deflating
		}
		r, _ := playWithin(t, Server, caseOf(t, Server, row.id), extensions, row.timeout, row.peer)
		if got := r.Worst(); got != row.worst {
			t.Errorf("%s, a server that %s: %s, %s, want %s\n%s %s", row.id, row.name, r.Behavior, r.BehaviorClose, row.worst, r.Result, r.ResultClose)
		}
	}
}

// A peer that goes on as if nothing had been wrong is found out, in bounded time.
func TestNotAllowed(t *testing.T) {
	for _, row := range []struct {
		name, id string
		peer     func(*mate)
		within   time.Duration
	}{
		{"says nothing", "20.7.8", (*mate).awaitEnd, 15 * time.Second},
		{"says nothing", "20.7.7", (*mate).awaitEnd, 15 * time.Second},
		{"goes on", "20.12.2", func(m *mate) {
			m.await(func(frames []sentFrame) bool { return len(frames) == 2 })
			m.send(pong(string(m.frames[1].Payload)))
			m.answer(1001)
		}, 3 * time.Second},
		{"only asks whether we are there", "20.7.7", pinging, 15 * time.Second},
		{"only asks whether we are there", "20.7.8", pinging, 15 * time.Second},
		{"sends messages for ever", "20.7.7", func(m *mate) {
			for range 100 {
				m.send(text("news"))
				time.Sleep(time.Second)
			}
		}, 15 * time.Second},
	} {
		extensions := ""
		if strings.HasPrefix(row.id, "20.12.") {
			extensions = "permessage-deflate; client_no_context_takeover"
		}
		r, _ := playWithin(t, Server, caseOf(t, Server, row.id), extensions, 10*time.Second, row.peer)
		if r.Worst() != Failed || r.Duration > row.within.Milliseconds() {
			t.Errorf("%s, a server that %s: %s, %s after %d ms: %s", row.id, row.name, r.Behavior, r.BehaviorClose, r.Duration, r.Result)
		}
	}
}

// A server that reads 64 MiB steadily is not silent, however long it takes.
func TestSlowReader(t *testing.T) {
	r, _ := playUnread(t, caseOf(t, Server, "20.15.1"), 3*time.Second, func(conn net.Conn) {
		buf := make([]byte, 64<<10)
		for n := 0; n < beyondAll; {
			some, err := io.ReadFull(conn, buf)
			if n += some; err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond) // 20 s in all
		}
		conn.Write(naive.Encode(whole(opClose, closePayload(1009, ""))))
	})
	if r.Worst() != OK {
		t.Errorf("%s, %s: %s %s", r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
	}
}

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

// A server need not read a field of 2 MiB to refuse it.
func TestAllowedUnread(t *testing.T) {
	url := listen(t, func(conn net.Conn) {
		defer conn.Close()
		buf := make([]byte, 4096)
		n, err := conn.Read(buf)
		if raw := string(buf[:n]); err == nil && strings.Contains(raw, "X-Large") {
			io.WriteString(conn, "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n")
			return
		}
		h, _ := parseHead(bytes.TrimSpace(buf[:n]))
		fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptFor(h.get("Sec-WebSocket-Key")))
	})
	for range 20 {
		if r := verdictsOf(t, url, "20.1.25")["20.1.25"]; r.Worst() != OK {
			t.Fatalf("%s: %s", r.Worst(), r.Result)
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
		s := newSession(Client, ours, c, timeout)
		var judging sync.WaitGroup
		judging.Go(func() {
			h := &head{start: "GET / HTTP/1.1", fields: []field{{"Sec-WebSocket-Key", freshNonce()}}}
			if err := s.openAsServer(h, c); err != nil {
				t.Error(err)
			}
			s.awaitRefusal(t.Context(), c.door)
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

package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
	"github.com/hawser-ws/websocket/wstest"
)

// server is the other end of an agent's connection, which a test plays.
type server struct {
	t    *testing.T
	conn *websocket.Conn
}

// session is an agent's connection to a server, in memory.
func session(t *testing.T, a *Agent) (*Session, *server) {
	t.Helper()
	a.Account = Account{User: "alice", Domain: "example.com", Password: "secret"}
	a.init()
	far, near := wstest.Pipe(nil)
	s, err := newSession(a, near, "WS")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = far.CloseNow()
		_ = near.CloseNow()
		_ = s.Close()
	})
	return s, &server{t, far}
}

func (f *server) say(text string) {
	f.t.Helper()
	if err := f.conn.Write(f.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *server) hear() sip.Message {
	f.t.Helper()
	_, p, err := f.conn.Read(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	m, err := transport.Decode(p)
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}

func (f *server) wantRequest(method sip.RequestMethod) *sip.Request {
	f.t.Helper()
	req, ok := f.hear().(*sip.Request)
	if !ok || req.Method != method {
		f.t.Fatalf("heard, for a %s:\n%v", method, req)
	}
	return req
}

func (f *server) wantResponse(status int) *sip.Response {
	f.t.Helper()
	res, ok := f.hear().(*sip.Response)
	if !ok || res.StatusCode != status {
		f.t.Fatalf("heard, for a %d:\n%v", status, res)
	}
	return res
}

func (f *server) respond(req *sip.Request, status int, headers ...sip.Header) {
	f.t.Helper()
	res := sip.NewResponseFromRequest(req, status, "Because", nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	f.say(res.String())
}

// asks is what an agent was asked to do, under way.
func asks(do func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	return done
}

var bob = sip.Uri{Scheme: "sip", User: "bob", Host: "example.com"}

// What RFC 7118 asks of a request: the transport in Via and a host that leads
// nowhere; and RFC 3428 of a MESSAGE.
func TestMessageSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := session(t, new(Agent))
		done := asks(func() error { return s.Message(t.Context(), bob, "grüße") })
		req := far.wantRequest(sip.MESSAGE)
		via := req.Via()
		if via.Transport != "WS" || !strings.HasSuffix(via.Host, ".invalid") || !strings.HasPrefix(via.Params.GetOr("branch", ""), "z9hG4bK") {
			t.Errorf("Via: %s", via.Value())
		}
		if string(req.Body()) != "grüße" || req.ContentType().Value() != "text/plain;charset=utf-8" || req.Contact() != nil {
			t.Errorf("the request is\n%v", req)
		}
		far.respond(req, 100)
		far.respond(req, 200)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRefused(t *testing.T) {
	challenge := func(stale bool) sip.Header {
		c := digest.Challenge{Realm: "example.com", Nonce: sip.GenerateTagN(9), Algorithm: "MD5", QOP: []string{"auth"}, Stale: stale}
		return sip.NewHeader("Proxy-Authenticate", c.String())
	}
	for _, test := range []struct {
		name string
		far  func(far *server)
		want string
	}{
		{"wrong password", func(far *server) {
			far.respond(far.wantRequest(sip.MESSAGE), 407, challenge(false))
			far.respond(far.wantRequest(sip.MESSAGE), 407, challenge(false))
		}, "MESSAGE: 407 Because: wrong user or password"},
		{"an old nonce is no wrong password", func(far *server) {
			far.respond(far.wantRequest(sip.MESSAGE), 407, challenge(false))
			far.respond(far.wantRequest(sip.MESSAGE), 407, challenge(true))
			far.respond(far.wantRequest(sip.MESSAGE), 200)
		}, ""},
		{"a challenge that says nothing", func(far *server) {
			far.respond(far.wantRequest(sip.MESSAGE), 401)
		}, "MESSAGE: 401 Because: a password is needed"},
		{"nobody", func(far *server) { far.respond(far.wantRequest(sip.MESSAGE), 404) }, "MESSAGE: 404 Because: no such user or domain there"},
		{"no answer: RFC 3261 §8.1.3.1", func(far *server) { far.wantRequest(sip.MESSAGE) }, "MESSAGE: 408 Request Timeout: no answer in time"},
		{"the server goes away", func(far *server) {
			far.wantRequest(sip.MESSAGE)
			_ = far.conn.Close(websocket.StatusGoingAway, "restart")
		}, "the server goes away: websocket: "},
		{"the server is gone", func(far *server) {
			far.wantRequest(sip.MESSAGE)
			_ = far.conn.CloseNow()
		}, "connection lost: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, far := session(t, new(Agent))
				done := asks(func() error { return s.Message(t.Context(), bob, "hello") })
				test.far(far)
				err := <-done
				if got := fmt.Sprint(err); (test.want == "") != (err == nil) || err != nil && !strings.HasPrefix(got, test.want) {
					t.Errorf("error: %v; want %q", err, test.want)
				}
				synctest.Wait()
				s.mu.Lock()
				defer s.mu.Unlock()
				if len(s.clients) != 0 {
					t.Errorf("%d transactions are left", len(s.clients))
				}
			})
		})
	}
}

func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := session(t, new(Agent))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		done := asks(func() error { return s.Message(ctx, bob, "hello") })
		req := far.wantRequest(sip.MESSAGE)
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error: %v", err)
		}
		far.respond(req, 200) // too late, and no harm
		done = asks(func() error { return s.Message(t.Context(), bob, "hello again") })
		far.respond(far.wantRequest(sip.MESSAGE), 200)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

const incoming = "%s sip:x@y.invalid SIP/2.0\r\nVia: SIP/2.0/WS example.com;branch=z9hG4bK%d\r\nFrom: <sip:bob@example.com>;tag=b\r\n" +
	"To: <sip:alice@example.com>%s\r\nCall-ID: c\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"

// What comes is answered once for each transaction (RFC 3261 §17.2).
func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := 0
		s, far := session(t, &Agent{Handle: func(req *sip.Request) *sip.Response { handled++; return Answer(req) }})
		request := func(method string, branch int, tag string) string {
			return fmt.Sprintf(incoming, method, branch, tag, method)
		}
		far.say(request("OPTIONS", 1, ""))
		if h := far.wantResponse(200).GetHeader("Allow"); h == nil || h.Value() != allowed {
			t.Errorf("Allow: %v", h)
		}
		far.say(request("INVITE", 2, ""))
		refused := far.wantResponse(405)
		far.say(request("INVITE", 2, "")) // again: it is still the same
		if again := far.wantResponse(405); again.To().Value() != refused.To().Value() {
			t.Errorf("To was %s and is %s", refused.To(), again.To())
		}
		far.say(request("ACK", 2, ";tag="+refused.To().Params.GetOr("tag", "")))
		far.say(request("ACK", 3, ";tag=stray"))
		far.say(request("CANCEL", 2, ""))
		far.wantResponse(481)
		if handled != 2 {
			t.Errorf("the handler was called %d times, for an OPTIONS and an INVITE", handled)
		}

		far.say("\r\n\r\n")
		if _, p, err := far.conn.Read(t.Context()); string(p) != "\r\n" || err != nil {
			t.Errorf("a double CRLF is answered with %q, %v", p, err)
		}
		far.say("\r\n")
		far.say("no SIP")
		far.say(request("OPTIONS", 4, ""))
		far.wantResponse(200)

		far.say(request("INVITE", 5, "")) // its ACK never comes
		far.wantResponse(405)
		left := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(s.servers)
		}
		if n := left(); n != 1 {
			t.Errorf("%d transactions wait for an ACK", n)
		}
		time.Sleep(time.Minute)
		if n := left(); n != 0 {
			t.Errorf("%d transactions are left", n)
		}
		far.say(request("INVITE", 6, "")) // nor this, and the connection ends
		far.wantResponse(405)
		_ = far.conn.CloseNow()
		<-s.Done()
		if n := left(); n != 0 {
			t.Errorf("%d transactions are left of a connection that has ended", n)
		}
	})
}

func TestRegisterSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := session(t, new(Agent))
		var first *sip.Request
		for n, expires := range []string{"300", "300", "0"} {
			done := asks(func() error {
				if expires == "0" {
					return s.Unregister(t.Context())
				}
				granted, err := s.Register(t.Context(), 300)
				if err == nil && granted != 250*time.Second {
					err = fmt.Errorf("granted %v", granted)
				}
				return err
			})
			req := far.wantRequest(sip.REGISTER)
			contact := req.Contact()
			if contact == nil || contact.Params.GetOr("expires", "") != expires || contact.Params.GetOr("reg-id", "") != "1" ||
				contact.Address.UriParams.GetOr("transport", "") != "ws" || !strings.HasSuffix(contact.Address.Host, ".invalid") {
				t.Errorf("Contact: %v", contact)
			}
			if req.Recipient.String() != "sip:example.com" || req.To().Address.String() != "sip:alice@example.com" {
				t.Errorf("the request is\n%v", req)
			}
			if n == 0 {
				first = req
			}
			// RFC 3261 §10.2: "SHOULD use the same Call-ID"; CSeq rises by one, in answer to a
			// challenge as well (§22.2).
			for try := range uint32(2) {
				if req.CallID().Value() != first.CallID().Value() || req.CSeq().SeqNo != first.CSeq().SeqNo+2*uint32(n)+try {
					t.Errorf("Call-ID %s, CSeq %d", req.CallID().Value(), req.CSeq().SeqNo)
				}
				if try == 0 {
					far.respond(req, 401, sip.NewHeader("WWW-Authenticate", `Digest realm="r", nonce="n", qop="auth"`))
					req = far.wantRequest(sip.REGISTER)
				}
			}
			others := &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "other", Host: "other.invalid"}}
			others.Params.Add("expires", "3000")
			ours := contact.Clone()
			ours.Params.Add("expires", "250")
			far.respond(req, 200, others, ours)
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// An answer that does not tell for how long is none.
func TestRegisterAnswers(t *testing.T) {
	for _, test := range []struct {
		name    string
		headers func(ours *sip.ContactHeader) []sip.Header
		want    string
	}{
		{"without Contact", func(*sip.ContactHeader) []sip.Header { return nil }, "does not have our Contact"},
		{"without expires", func(ours *sip.ContactHeader) []sip.Header { return []sip.Header{ours} }, "for how long"},
		{"with Expires", func(ours *sip.ContactHeader) []sip.Header { return []sip.Header{ours, sip.NewHeader("Expires", "60")} }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, far := session(t, new(Agent))
				done := asks(func() error { _, err := s.Register(t.Context(), 300); return err })
				req := far.wantRequest(sip.REGISTER)
				ours := req.Contact().Clone()
				ours.Params.Remove("expires")
				far.respond(req, 200, test.headers(ours)...)
				if err := <-done; (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("error: %v; want %q", err, test.want)
				}
			})
		})
	}
}

// RFC 3261 §10.2.8.
func TestIntervalTooBrief(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := session(t, new(Agent))
		done := asks(func() error { _, err := s.Register(t.Context(), 10); return err })
		far.respond(far.wantRequest(sip.REGISTER), 423, sip.NewHeader("Min-Expires", "90"))
		req := far.wantRequest(sip.REGISTER)
		if got := req.Contact().Params.GetOr("expires", ""); got != "90" {
			t.Errorf("asked again for %s", got)
		}
		far.respond(req, 423, sip.NewHeader("Min-Expires", "90")) // and it does not know what it wants
		if err := <-done; err == nil || !strings.HasPrefix(err.Error(), "REGISTER: 423") {
			t.Errorf("error: %v", err)
		}
		done = asks(func() error { _, err := s.Register(t.Context(), 100); return err })
		far.respond(far.wantRequest(sip.REGISTER), 423, sip.NewHeader("Min-Expires", "90"))
		if err := <-done; err == nil || !strings.HasPrefix(err.Error(), "REGISTER: 423") {
			t.Errorf("it asked for less than it had: %v", err)
		}
	})
}

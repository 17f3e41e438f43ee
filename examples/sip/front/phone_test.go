package front

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
	"github.com/hawser-ws/websocket/wstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newFront() *Front {
	return New(Options{Domain: "example.com", Users: map[string]string{"alice": "a-secret", "bob": "b-secret"}})
}

// phone is a client that says what it is told, byte by byte.
type phone struct {
	t    *testing.T
	conn *websocket.Conn
	user string
	cseq int
	// ended is what serve returned.
	ended chan error
}

// connect makes a client of f, in memory: what it sends and gets is as over a
// network.
func connect(t *testing.T, f *Front, user string, buffer int) *phone {
	t.Helper()
	server, client := wstest.Pipe(&wstest.Options{Buffer: buffer})
	ph := &phone{t: t, conn: client, user: user, ended: make(chan error, 1)}
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		defer server.CloseNow()
		err := f.serve(ctx, server)
		// As websocket.Handler does.
		if closing, ok := errors.AsType[websocket.CloseError](err); ok {
			_ = server.Close(closing.Code, closing.Reason)
		}
		ph.ended <- err
	}()
	t.Cleanup(func() {
		_ = client.CloseNow()
		_ = server.CloseNow()
	})
	return ph
}

// lines makes a SIP message of lines; the body is behind an empty one.
func lines(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(text, "\n"), "\n", "\r\n")
}

func (ph *phone) say(text string) {
	ph.t.Helper()
	if err := ph.conn.Write(ph.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		ph.t.Fatal(err)
	}
}

// hear returns the next message.
func (ph *phone) hear() sip.Message {
	ph.t.Helper()
	_, p, err := ph.conn.Read(ph.t.Context())
	if err != nil {
		ph.t.Fatal(err)
	}
	m, err := transport.Decode(p)
	if err != nil {
		ph.t.Fatalf("%v:\n%s", err, p)
	}
	return m
}

// wantResponse is hear, for a response with a status.
func (ph *phone) wantResponse(status int) *sip.Response {
	ph.t.Helper()
	res, ok := ph.hear().(*sip.Response)
	if !ok || res.StatusCode != status {
		ph.t.Fatalf("heard, for a %d:\n%v", status, res)
	}
	return res
}

// wantRequest is hear, for a request.
func (ph *phone) wantRequest(method sip.RequestMethod) *sip.Request {
	ph.t.Helper()
	req, ok := ph.hear().(*sip.Request)
	if !ok || req.Method != method {
		ph.t.Fatalf("heard, for a %s:\n%v", method, req)
	}
	return req
}

// wantSilence checks that there is nothing to hear. Only in a synctest bubble.
func (ph *phone) wantSilence(wait func()) {
	ph.t.Helper()
	ctx, cancel := context.WithCancel(ph.t.Context())
	heard := make(chan string, 1)
	go func() {
		_, p, err := ph.conn.Read(ctx)
		if err != nil {
			p = nil
		}
		heard <- string(p)
	}()
	wait()
	cancel()
	if p := <-heard; p != "" {
		ph.t.Fatalf("heard, instead of nothing:\n%s", p)
	}
}

// contact is where the phone says it is.
func (ph *phone) contact() string {
	return "<sip:x" + ph.user + "@" + ph.user + ".invalid;transport=ws>"
}

// request is a request to a URI with extra header lines and a body. Each is a
// transaction of its own.
func (ph *phone) request(method, uri, extra, body string) string {
	ph.cseq++
	return fmt.Sprintf(lines(`%s %s SIP/2.0
Via: SIP/2.0/WS %s.invalid;branch=z9hG4bK%s%d
From: <sip:%s@example.com>;tag=from%s
To: <%s>
Call-ID: call-%s
CSeq: %d %s
Max-Forwards: 70
%s
%s`), method, uri, ph.user, ph.user, ph.cseq, ph.user, ph.user, uri, ph.user, ph.cseq, method, lines(extra), body)
}

// registration is a REGISTER of the phone's user.
func (ph *phone) registration(extra string) string {
	text := ph.request("REGISTER", "sip:example.com", extra, "")
	return strings.Replace(text, "To: <sip:example.com>", "To: <sip:"+ph.user+"@example.com>", 1)
}

// authorized answers the challenge in res by an algorithm, and returns the header
// line that does so.
func (ph *phone) authorized(res *sip.Response, algorithm, method, uri, password string, count int) string {
	ph.t.Helper()
	challenge, credentials := "WWW-Authenticate", "Authorization"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		challenge, credentials = "Proxy-Authenticate", "Proxy-Authorization"
	}
	for _, h := range res.GetHeaders(challenge) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil {
			ph.t.Fatal(err)
		}
		if c.Algorithm != algorithm {
			continue
		}
		cred, err := digest.Digest(c, digest.Options{Method: method, URI: uri, Username: ph.user, Password: password, Count: count})
		if err != nil {
			ph.t.Fatal(err)
		}
		return credentials + ": " + cred.String() + "\n"
	}
	ph.t.Fatalf("no challenge for %s in\n%v", algorithm, res)
	return ""
}

// register registers the phone and returns the 200.
func (ph *phone) register(extra string) *sip.Response {
	ph.t.Helper()
	return ph.registerAt("Contact: "+ph.contact()+"\n"+extra, 200)
}

// registerAt is register with all header lines given, and the status to end with.
func (ph *phone) registerAt(extra string, status int) *sip.Response {
	ph.t.Helper()
	ph.say(ph.registration(extra))
	challenge := ph.wantResponse(401)
	ph.say(ph.registration(extra + ph.authorized(challenge, "MD5", "REGISTER", "sip:example.com", ph.user[:1]+"-secret", 1)))
	return ph.wantResponse(status)
}

// contacts are the Contacts in a message, as text.
func contacts(m sip.Message) []string {
	var all []string
	for _, h := range m.GetHeaders("Contact") {
		all = append(all, h.Value())
	}
	return all
}

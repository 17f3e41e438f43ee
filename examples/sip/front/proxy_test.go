package front

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/emiago/sipgo/sip"
)

// pair is alice and bob, registered.
func pair(t *testing.T) (f *Front, alice, bob *phone) {
	t.Helper()
	f = newFront()
	alice, bob = connect(t, f, "alice", 0), connect(t, f, "bob", 0)
	alice.register("")
	bob.register("")
	return f, alice, bob
}

// vias are the hosts in Via, top first.
func vias(m sip.Message) string {
	var hosts []string
	for _, h := range m.GetHeaders("Via") {
		hosts = append(hosts, h.(*sip.ViaHeader).Host)
	}
	return strings.Join(hosts, " ")
}

// answer makes bob answer a request.
func (ph *phone) answer(req *sip.Request, status int, reason, contact, body string) {
	ph.t.Helper()
	res := sip.NewResponseFromRequest(req, status, reason, []byte(body))
	if contact != "" {
		res.AppendHeader(sip.NewHeader("Contact", contact))
	}
	ph.say(res.String())
}

func TestMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, alice, bob := pair(t)
		alice.say(alice.request("MESSAGE", "sip:bob@example.com", "Content-Type: text/plain\n", "grüße"))
		req := bob.wantRequest(sip.MESSAGE)
		if string(req.Body()) != "grüße" {
			t.Errorf("body %q", req.Body())
		}
		// RFC 3261 §16.6: the Request-URI is the target, Max-Forwards one less, our Via on top.
		if uri := req.Recipient.String(); uri != "sip:xbob@bob.invalid;transport=ws" {
			t.Errorf("Request-URI %s", uri)
		}
		if n := req.MaxForwards().Val(); n != 69 {
			t.Errorf("Max-Forwards %d", n)
		}
		if got := vias(req); got != f.host+" alice.invalid" {
			t.Errorf("Via %s", got)
		}
		if len(req.GetHeaders("Record-Route")) != 0 {
			t.Error("Record-Route, though a MESSAGE begins no dialog")
		}
		bob.answer(req, 200, "OK", "", "")
		if got := vias(alice.wantResponse(200)); got != "alice.invalid" {
			t.Errorf("Via of the response: %s", got)
		}
	})
}

// A call, as RFC 3261 §24.2 has it, from the INVITE to the BYE of the callee.
func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob := pair(t)
		contact := "Contact: " + strings.Replace(alice.contact(), ">", ";ob>", 1) + "\n"
		alice.say(alice.request("INVITE", "sip:bob@example.com", contact+"Content-Type: application/sdp\n", "v=0\r\n"))
		invite := bob.wantRequest(sip.INVITE)
		route := invite.RecordRoute()
		if route == nil || route.Value() != "<sip:example.com;transport=ws;lr>" {
			t.Fatalf("Record-Route: %v", route)
		}
		bob.answer(invite, 180, "Ringing", bob.contact(), "")
		alice.wantResponse(180)
		bob.answer(invite, 200, "OK", bob.contact(), "v=0\r\n")
		ok := alice.wantResponse(200)
		if h := ok.RecordRoute(); h == nil || string(ok.Body()) != "v=0\r\n" {
			t.Errorf("the 200 is\n%v", ok)
		}

		// RFC 3261 §13.2.2.4: the ACK of a 200 is a request of the dialog.
		tag := ok.To().Params.GetOr("tag", "")
		inDialog := func(ph *phone, method string, to *sip.Request, extra string) string {
			text := ph.request(method, "sip:x"+to.GetHeader("User").Value()+"@"+to.GetHeader("User").Value()+".invalid;transport=ws;ob",
				"Route: "+route.Value()+"\n"+extra, "")
			return strings.Replace(text, "\r\nCall-ID", ";tag="+tag+"\r\nCall-ID", 1)
		}
		to := func(user string) *sip.Request {
			req := sip.NewRequest(sip.ACK, sip.Uri{})
			req.AppendHeader(sip.NewHeader("User", user))
			return req
		}
		alice.say(inDialog(alice, "ACK", to("bob"), ""))
		ack := bob.wantRequest(sip.ACK)
		if len(ack.GetHeaders("Route")) != 0 || ack.Recipient.User != "xbob" {
			t.Errorf("the ACK arrives as\n%v", ack)
		}
		bob.say(inDialog(bob, "BYE", to("alice"), ""))
		bye := alice.wantRequest(sip.BYE)
		if bye.Recipient.User != "xalice" {
			t.Errorf("the BYE arrives as\n%v", bye)
		}
		alice.answer(bye, 200, "OK", "", "")
		bob.wantResponse(200)
	})
}

// RFC 3261 §16.11: "CANCEL and ACK of a refusal get the branch of their INVITE", so
// that the callee sees what they belong to.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob := pair(t)
		text := alice.request("INVITE", "sip:bob@example.com", "Contact: "+alice.contact()+"\n", "")
		alice.say(text)
		invite := bob.wantRequest(sip.INVITE)
		alice.say(strings.ReplaceAll(text, "INVITE", "CANCEL"))
		cancel := bob.wantRequest(sip.CANCEL)
		if invite.Via().Value() != cancel.Via().Value() {
			t.Errorf("INVITE and CANCEL have different branches:\n%s\n%s", invite.Via(), cancel.Via())
		}
		bob.answer(cancel, 200, "OK", "", "")
		alice.wantResponse(200)
		bob.answer(invite, 487, "Request Terminated", "", "")
		tag := alice.wantResponse(487).To().Params.GetOr("tag", "")
		alice.say(strings.Replace(strings.ReplaceAll(text, "INVITE", "ACK"), "\r\nCall-ID", ";tag="+tag+"\r\nCall-ID", 1))
		if ack := bob.wantRequest(sip.ACK); ack.Via().Value() != invite.Via().Value() {
			t.Errorf("INVITE and ACK have different branches:\n%s\n%s", invite.Via(), ack.Via())
		}
	})
}

func TestRequestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, alice, bob := pair(t)
		message := func(uri, extra string) string { return alice.request("MESSAGE", uri, extra, "") }
		for _, test := range []struct {
			why, text string
			status    int
		}{
			{"no such user", message("sip:carol@example.com", ""), 404},
			{"no such domain", message("sip:bob@example.org", ""), 404},
			{"no such contact", message("sip:xbob@carol.invalid", ""), 404},
			{"§16.3 step 3", strings.Replace(message("sip:bob@example.com", ""), "Max-Forwards: 70", "Max-Forwards: 0", 1), 483},
			{"§16.3 step 4", message("sip:bob@example.com", "Via: SIP/2.0/WS "+strings.ToUpper(f.host)+";branch=z9hG4bK.x\n"), 482},
			{"§16.3 step 5", message("sip:bob@example.com", "Proxy-Require: privacy\n"), 420},
			{"a way beyond", message("sip:bob@example.com", "Route: <sip:example.com;lr>, <sip:example.org;lr>\n"), 403},
			{"of another domain", strings.Replace(message("sip:bob@example.com", ""), "<sip:alice@example.com>", "<sip:alice@example.org>", 1), 403},
			{"as somebody else", strings.Replace(message("sip:bob@example.com", ""), "<sip:alice@example.com>", "<sip:bob@example.com>", 1), 407},
			{"CSeq of another method", strings.Replace(message("sip:bob@example.com", ""), " MESSAGE\r\n", " INFO\r\n", 1), 400},
		} {
			alice.say(test.text)
			if res := alice.wantResponse(test.status); !strings.HasPrefix(vias(res), "alice.invalid") {
				t.Errorf("%s: the response has our Via", test.why)
			}
		}
		// None of these reached bob, and his going away is seen.
		alice.say(alice.request("OPTIONS", "sip:bob@example.com", "", ""))
		bob.wantRequest(sip.OPTIONS)
		_ = bob.conn.CloseNow()
		<-bob.ended
		alice.say(message("sip:bob@example.com", ""))
		alice.wantResponse(480)
	})
}

// The ACK of a refusal of ours is for us (RFC 3261 §17.1.1.3, §8.2.7).
func TestAckEndsHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob := pair(t)
		refused := strings.Replace(alice.request("INVITE", "sip:bob@example.com", "", ""), "Max-Forwards: 70", "Max-Forwards: 0", 1)
		alice.say(refused)
		tag := alice.wantResponse(483).To().Params.GetOr("tag", "")
		ack := strings.ReplaceAll(strings.Replace(refused, "Max-Forwards: 0", "Max-Forwards: 70", 1), "INVITE", "ACK")
		alice.say(strings.Replace(ack, "\r\nCall-ID", ";tag="+tag+"\r\nCall-ID", 1))
		bob.wantSilence(synctest.Wait)
	})
}

// A client that has not registered proves who it is by 407; to call, it has to
// register, or the callee's requests would not find it.
func TestProxyAuthentication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, bob := pair(t)
		alice := connect(t, f, "alice", 0)
		const uri = "sip:bob@example.com"
		alice.say(alice.request("MESSAGE", uri, "", ""))
		challenge := alice.wantResponse(407)
		other := `Proxy-Authorization: Digest username="alice", realm="example.org", nonce="n", uri="sip:bob@example.com", response="r"` + "\n"
		alice.say(alice.request("MESSAGE", uri, alice.authorized(challenge, "SHA-256", "MESSAGE", uri, "a-secret", 1)+other, ""))
		req := bob.wantRequest(sip.MESSAGE)
		if got := req.GetHeaders("Proxy-Authorization"); len(got) != 1 || !strings.Contains(got[0].Value(), "example.org") {
			t.Errorf("credentials went on: %v", got)
		}
		alice.say(alice.request("MESSAGE", uri, "", "")) // the connection is known now
		bob.wantRequest(sip.MESSAGE)
		stranger := connect(t, f, "alice", 0)
		asBob := func(extra string) string {
			return strings.Replace(stranger.request("MESSAGE", uri, extra, ""), "<sip:alice@", "<sip:bob@", 1)
		}
		stranger.say(asBob(""))
		challenge = stranger.wantResponse(407)
		stranger.say(asBob(stranger.authorized(challenge, "MD5", "MESSAGE", uri, "a-secret", 1)))
		stranger.wantResponse(403) // with alice's password
		stranger = connect(t, f, "alice", 0)
		stranger.say(stranger.request("CANCEL", uri, "", "")) // RFC 3261 §22.1: not challenged
		stranger.wantResponse(403)
		alice.say(alice.request("INVITE", uri, "", ""))
		if res := alice.wantResponse(403); res.Reason != "Register First" {
			t.Errorf("INVITE: %s", res.Reason)
		}
	})
}

// The way back is signed: a client can send responses to nobody who has not asked.
func TestForgedResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob := pair(t)
		alice.say(alice.request("MESSAGE", "sip:bob@example.com", "", ""))
		req := bob.wantRequest(sip.MESSAGE)
		forge := func(change func(*sip.Response)) {
			res := sip.NewResponseFromRequest(req, 200, "OK", nil)
			change(res)
			bob.say(res.String())
		}
		forge(func(res *sip.Response) { id := sip.CallIDHeader("another"); res.ReplaceHeader(&id) })
		forge(func(res *sip.Response) { res.CSeq().SeqNo++ })
		forge(func(res *sip.Response) { res.Via().Params.Add("branch", "z9hG4bK.x.y") })
		forge(func(res *sip.Response) { res.Via().Host = "bob.invalid" })
		forge(func(res *sip.Response) { res.RemoveHeader("Via") })
		forge(func(res *sip.Response) {
			branch, _ := res.Via().Params.Get("branch")
			res.RemoveHeader("Via")
			res.Via().Params.Add("branch", branch)
		})
		alice.wantSilence(synctest.Wait)
		forge(func(*sip.Response) {})
		alice.wantResponse(200)
	})
}

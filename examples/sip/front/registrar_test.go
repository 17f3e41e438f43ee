package front

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
)

func TestRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront()
		ph := connect(t, f, "alice", 0)
		res := ph.register("Expires: 300\n")
		if got, want := contacts(res), []string{"<sip:xalice@alice.invalid;transport=ws>;expires=300"}; !slices.Equal(got, want) {
			t.Errorf("Contact %q, want %q", got, want)
		}
		if to := res.To().Params.GetOr("tag", ""); to == "" {
			t.Error("no tag in To")
		}
		if n := len(f.location.of("alice")); n != 1 {
			t.Errorf("%d bindings", n)
		}

		// "expires" of a Contact goes before Expires (RFC 3261 §10.2.1.1), and there is a most.
		res = ph.registerAt("Expires: 300\nContact: "+ph.contact()+";expires=99999\n", 200)
		if got := contacts(res); len(got) != 1 || !strings.HasSuffix(got[0], ";expires=3600") {
			t.Errorf("Contact %q", got)
		}
		time.Sleep(time.Hour - time.Second)
		if n := len(f.location.of("alice")); n != 1 {
			t.Errorf("%d bindings before its time is over", n)
		}
		time.Sleep(time.Second)
		if n := len(f.location.of("alice")); n != 0 {
			t.Errorf("%d bindings after", n)
		}

		// Without Contact it is a question (§10.3 step 8), with expires 0 it is removed.
		ph.register("")
		if got := contacts(ph.registerAt("", 200)); len(got) != 1 || !strings.HasSuffix(got[0], ";expires=600") {
			t.Errorf("asked: %q", got)
		}
		if got := contacts(ph.registerAt("Contact: "+ph.contact()+";expires=0\n", 200)); len(got) != 0 {
			t.Errorf("removed: %q", got)
		}

		// The binding ends with its connection.
		ph.register("")
		_ = ph.conn.CloseNow()
		<-ph.ended
		if n := len(f.location.of("alice")); n != 0 {
			t.Errorf("%d bindings of a connection that is gone", n)
		}
	})
}

func TestRegisterRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront()
		ph := connect(t, f, "alice", 0)
		contact := "Contact: " + ph.contact()
		for _, test := range []struct {
			why, extra string
			status     int
		}{
			{"§10.3 step 7: too short", contact + ";expires=59\n", 423},
			{"step 6: * without Expires: 0", "Contact: *\n", 400},
			{"step 6: * with others", "Expires: 0\nContact: *\n" + contact + "\n", 400},
			{"no SIP URI", "Contact: <mailto:alice@example.com>\n", 400},
			{"Expires is no number", "Expires: soon\n" + contact + "\n", 400},
		} {
			res := ph.registerAt(test.extra, test.status)
			if least := res.GetHeader("Min-Expires"); test.status == 423 && (least == nil || least.Value() != "60") {
				t.Errorf("%s: Min-Expires %v", test.why, least)
			}
		}

		// Step 1.
		ph.say(strings.Replace(ph.registration(contact+"\n"), "REGISTER sip:example.com", "REGISTER sip:example.org", 1))
		ph.wantResponse(404)

		// Step 2, before the password is asked for.
		ph.say(ph.registration("Require: gruu\n" + contact + "\n"))
		if h := ph.wantResponse(420).GetHeader("Unsupported"); h == nil || h.Value() != "gruu" {
			t.Errorf("Unsupported: %v", h)
		}

		// Step 4: alice's password does not make her bob.
		forged := func(extra string) string {
			return strings.Replace(ph.registration(extra), "To: <sip:alice@", "To: <sip:bob@", 1)
		}
		ph.say(forged(contact + "\n"))
		challenge := ph.wantResponse(401)
		ph.say(forged(contact + "\n" + ph.authorized(challenge, "MD5", "REGISTER", "sip:example.com", "a-secret", 1)))
		ph.wantResponse(403)

		// Step 7: a CSeq that does not rise.
		ph.register("")
		ph.cseq -= 3
		ph.registerAt(contact+"\n", 500)
		ph.cseq += 3

		// Bounded.
		var many strings.Builder
		for n := range maxBindings {
			fmt.Fprintf(&many, "Contact: <sip:%d@alice.invalid>\n", n)
		}
		ph.registerAt(many.String(), 403)
		if n := len(f.location.of("alice")); n != 1 {
			t.Errorf("%d bindings: some of too many were made", n)
		}
	})
}

// RFC 3261 §10.3 step 6: * removes all.
func TestUnregisterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront()
		ph := connect(t, f, "alice", 0)
		ph.registerAt("Contact: <sip:1@a.invalid>\nContact: <sip:2@a.invalid>, <sip:3@a.invalid>\n", 200)
		if n := len(f.location.of("alice")); n != 3 {
			t.Fatalf("%d bindings over one connection", n)
		}
		if got := contacts(ph.registerAt("Expires: 0\nContact: *\n", 200)); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
	})
}

// RFC 5626 §6: an instance and reg-id take the place of themselves, over a new
// connection and with a new Contact; the registrar says that it did so.
func TestOutbound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront()
		before, after := connect(t, f, "alice", 0), connect(t, f, "alice", 0)
		const instance = `;reg-id=1;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"`
		before.registerAt("Supported: path, outbound\nContact: <sip:1@a.invalid;transport=ws>"+instance+"\n", 200)
		after.cseq = before.cseq
		res := after.registerAt("Supported: path, outbound\nContact: <sip:2@a.invalid;transport=ws>"+instance+"\n", 200)
		if got := contacts(res); len(got) != 1 || !strings.Contains(got[0], "sip:2@") {
			t.Errorf("Contact %q", got)
		} else if !strings.Contains(got[0], `+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"`) {
			t.Errorf("the instance came back as %q", got)
		}
		if h := res.GetHeader("Require"); h == nil || h.Value() != "outbound" {
			t.Errorf("Require: %v", h)
		}
		// The end of the connection before does not take the new binding along.
		_ = before.conn.CloseNow()
		<-before.ended
		if b := f.location.of("alice"); len(b) != 1 || b[0].contact.Address.User != "2" {
			t.Errorf("bindings: %v", b)
		}
	})
}

// Later requests of a call go to a contact: nobody may take that of another.
func TestContactOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront()
		alice, bob := connect(t, f, "alice", 0), connect(t, f, "bob", 0)
		bob.register("")
		alice.registerAt("Contact: "+bob.contact()+"\n", 403)
		_ = bob.conn.CloseNow()
		<-bob.ended
		alice.registerAt("Contact: "+bob.contact()+"\n", 200)
	})
}

func TestTooManyWrongPasswords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ph := connect(t, newFront(), "alice", 0)
		ph.say(ph.registration(""))
		challenge := ph.wantResponse(401)
		guess := func() {
			ph.say(ph.registration(ph.authorized(challenge, "MD5", "REGISTER", "sip:example.com", "guess", 1)))
		}
		for range maxFailures {
			guess()
			challenge = ph.wantResponse(401)
		}
		guess()
		var err error
		for err == nil { // the last 401 may come before it
			_, _, err = ph.conn.Read(t.Context())
		}
		if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("the connection ended with %v", err)
		}
	})
}

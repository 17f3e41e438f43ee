package front

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
)

// A client that does not read is shown out with 1013, and holds nobody up.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, alice, _ := pair(t)
		slow := connect(t, f, "bob", 2000)
		slow.cseq = 10
		slow.registerAt("Contact: <sip:slow@bob.invalid>\n", 200) // made last: it gets what comes for bob
		bindings := f.location.of("bob")
		peer := bindings[len(bindings)-1].peer

		sent := 0
		for peer.hub.Len() == 1 {
			if sent++; sent > 10*queueLength {
				t.Fatal("it is still there")
			}
			alice.say(alice.request("MESSAGE", "sip:bob@example.com", "", strings.Repeat("x", 1000)))
			synctest.Wait()
		}
		if sent <= queueLength {
			t.Errorf("it was shown out after %d messages", sent)
		}
		// The answer to the message that was too much has no Via of ours.
		if got := vias(alice.wantResponse(480)); got != "alice.invalid" {
			t.Errorf("Via %s", got)
		}
		var err error
		for err == nil {
			_, _, err = slow.conn.Read(t.Context())
		}
		if websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
			t.Errorf("it was shown out with %v", err)
		}
	})
}

func TestCapabilities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ph := connect(t, newFront(), "alice", 0)
		ph.say(ph.request("OPTIONS", "sip:example.com", "", ""))
		if h := ph.wantResponse(200).GetHeader("Allow"); h == nil || !strings.Contains(h.Value(), "INVITE") {
			t.Errorf("Allow: %v", h)
		}
	})
}

// Keepalives of RFC 5626 are answered; what is no SIP costs nothing but itself; text
// and binary are the same.
func TestOddMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ph := connect(t, newFront(), "alice", 0)
		ph.say("\r\n\r\n")
		if _, p, err := ph.conn.Read(t.Context()); string(p) != "\r\n" || err != nil {
			t.Errorf("a double CRLF is answered with %q, %v", p, err)
		}
		ph.say("\r\n")
		ph.say("hello")
		ph.wantSilence(synctest.Wait)
		options := ph.request("OPTIONS", "sip:example.com", "Content-Length: 0\n", "")
		ph.say(options + options)
		ph.wantResponse(400)
		ph.say(strings.Replace(options, "SIP/2.0\r\n", "SIP/3.0\r\n", 1))
		ph.wantResponse(505)
		if err := ph.conn.Write(t.Context(), websocket.MessageBinary, []byte(options)); err != nil {
			t.Fatal(err)
		}
		ph.wantResponse(200)
		ph.say(ph.request("ACK", "sip:example.com", "", "")) // of nothing
		ph.say(strings.Replace(options, "CSeq", "X-CSeq", 1))
		ph.wantSilence(synctest.Wait)
	})
}

func TestTooManyUsers(t *testing.T) {
	p := new(peer)
	for n := range maxUsers {
		if !p.proved(string(rune('a' + n))) {
			t.Fatalf("no room for %d", n)
		}
	}
	if p.proved("z") || !p.proved("a") {
		t.Error("there is no bound, or no memory")
	}
}

// What is signed for one purpose, or in other parts, is another signature.
func TestSigner(t *testing.T) {
	s, other := newSigner(), newSigner()
	a := s.sign("nonce", "ab", "c")
	for name, b := range map[string]string{
		"purpose": s.sign("branch", "ab", "c"),
		"parts":   s.sign("nonce", "a", "bc"),
		"key":     other.sign("nonce", "ab", "c"),
	} {
		if a == b {
			t.Errorf("another %s makes no other signature", name)
		}
	}
	if !s.signed(a, "nonce", "ab", "c") || s.signed(a[1:], "nonce", "ab", "c") {
		t.Error("signed does not agree with sign")
	}
}

// sipgo keeps what it forwards as it was, where that matters to others.
func TestForwardedAsReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob := pair(t)
		alice.say(alice.request("INVITE", "sip:bob@example.com",
			`Contact: "A \"quoted\" name" <sip:xalice@alice.invalid;transport=ws;ob>;+sip.ice`+"\n"+
				"Supported: outbound, gruu\nX-Odd:  a ;b, c\nAllow: INVITE\nAllow: BYE\n", ""))
		req := bob.wantRequest(sip.INVITE)
		for name, want := range map[string]string{
			"Contact":   `<sip:xalice@alice.invalid;transport=ws;ob>;+sip.ice`,
			"Supported": "outbound, gruu",
			"X-Odd":     "a ;b, c",
		} {
			if h := req.GetHeader(name); h == nil || !strings.HasSuffix(h.Value(), want) {
				t.Errorf("%s: %v", name, h)
			}
		}
		if n := len(req.GetHeaders("Allow")); n != 2 {
			t.Errorf("%d Allow headers", n)
		}
	})
}

// A client too many is told so before the handshake, and when to come back.
func TestTooManyClients(t *testing.T) {
	f := New(Options{Domain: "example.com", MaxConnections: 1})
	server := httptest.NewServer(f.Handler())
	t.Cleanup(server.Close)
	first, err := transport.Dial(t.Context(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Write(t.Context(), websocket.MessageText, []byte("\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := first.Read(t.Context()); err != nil { // it is counted
		t.Fatal(err)
	}
	_, resp, err := websocket.Dial(t.Context(), server.URL, &websocket.DialOptions{Subprotocols: []string{transport.Subprotocol}})
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("the second: %v, %v", resp, err)
	}
	if err := first.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	if err := f.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

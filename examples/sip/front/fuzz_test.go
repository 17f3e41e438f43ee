package front

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// FuzzReceive: whatever a client sends, the server goes on, and a connection is
// closed for wrong passwords only.
func FuzzReceive(f *testing.F) {
	alice := &phone{user: "alice"}
	for _, seed := range []string{
		"\r\n\r\n",
		alice.registration("Contact: " + alice.contact() + "\n"),
		alice.registration("Contact: *\nExpires: 0\n"),
		alice.registration(`Authorization: Digest username="alice", realm="example.com", nonce="a.b.c", uri="sip:example.com", qop=auth, nc=00000001, cnonce="c", response="r", algorithm=MD5` + "\n"),
		alice.request("MESSAGE", "sip:bob@example.com", "Content-Type: text/plain\n", "hello"),
		alice.request("INVITE", "sip:xbob@bob.invalid;transport=ws", "Route: <sip:example.com;lr>\nRecord-Route: <sip:a;lr>, <sip:b>\n", "v=0"),
		alice.request("ACK", "sip:bob@example.com", "Proxy-Authorization: Digest realm=\"example.com\"\n", ""),
		lines("SIP/2.0 200 OK\nVia: SIP/2.0/WS front.invalid;branch=z9hG4bK.a.b\nVia: SIP/2.0/WS alice.invalid;branch=z9hG4bKa\nFrom: <sip:a@b>;tag=1\nTo: <sip:b@b>\nCall-ID: c\nCSeq: 1 MESSAGE\n\n"),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		front := newFront()
		front.host = "front.invalid"
		client, target := &peer{id: "alice's peer", users: []string{"alice"}}, &peer{id: "bob's peer", users: []string{"bob"}}
		front.peers[client.id], front.peers[target.id] = client, target
		for _, p := range []*peer{client, target} {
			contact := &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "x" + p.users[0], Host: p.users[0] + ".invalid"}}
			if _, err := front.location.register(p, p.users[0], "c", 1, []change{{contact, time.Minute}}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := front.receive(client, data); err != nil {
				t.Fatal(err)
			}
		}
		front.location.forget(client)
		front.location.forget(target)
		if n := len(front.location.users) + len(front.location.contacts) + len(front.location.peers); n != 0 {
			t.Errorf("%d entries are left behind two clients that are gone", n)
		}
	})
}

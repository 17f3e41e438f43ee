package front

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
)

func contactAt(user, host string) *sip.ContactHeader {
	return &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: user, Host: host}}
}

// bind registers a contact of a user for a minute.
func (l *location) bind(p *peer, user string, contacts ...*sip.ContactHeader) error {
	var changes []change
	for _, c := range contacts {
		changes = append(changes, change{c, time.Minute})
	}
	_, err := l.register(p, user, "call", 1, changes)
	return err
}

func TestLocationBounds(t *testing.T) {
	many := func(n int, host string) (contacts []*sip.ContactHeader) {
		for i := range n {
			contacts = append(contacts, contactAt(fmt.Sprint(i), host))
		}
		return contacts
	}
	var l location
	p, other := new(peer), new(peer)
	if err := l.bind(p, "alice", many(maxBindings, "a.invalid")...); err != nil {
		t.Error(err)
	}
	if err := l.bind(other, "alice", contactAt("one more", "a.invalid")); err != errTooMany {
		t.Errorf("one more of a user: %v", err)
	}
	if err := l.bind(p, "bob", many(maxBindings, "b.invalid")...); err != nil {
		t.Error(err)
	}
	if err := l.bind(p, "carol", contactAt("one more", "c.invalid")); err != errTooMany {
		t.Errorf("one more over a connection: %v", err)
	}
	if err := l.bind(other, "carol", contactAt("one more", "c.invalid")); err != nil {
		t.Errorf("one over another connection: %v", err)
	}
}

// A refresh keeps its place, so that a CANCEL finds what its INVITE found.
func TestRefreshKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l location
		p := new(peer)
		if err := l.bind(p, "bob", contactAt("1", "b.invalid"), contactAt("2", "b.invalid")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		if _, err := l.register(p, "bob", "call", 2, []change{{contactAt("1", "B.invalid"), time.Minute}}); err != nil {
			t.Fatal(err)
		}
		if bindings := l.of("bob"); len(bindings) != 2 || bindings[1].contact.Address.User != "2" {
			t.Errorf("bindings: %v", bindings)
		}
		time.Sleep(40 * time.Second)
		if bindings := l.of("bob"); len(bindings) != 1 || bindings[0].contact.Address.User != "1" {
			t.Errorf("bindings when one has not been refreshed: %v", bindings)
		}
	})
}

// What is over leads nowhere, though its connection is there.
func TestContactExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l location
		contact := contactAt("x", "a.invalid")
		if err := l.bind(new(peer), "alice", contact); err != nil {
			t.Fatal(err)
		}
		if b, ok := l.at(contact.Address); !ok || b.user != "alice" {
			t.Errorf("at: %v, %v", b, ok)
		}
		time.Sleep(time.Minute)
		if b, ok := l.at(contact.Address); ok {
			t.Errorf("at, a minute later: %v", b)
		}
	})
}

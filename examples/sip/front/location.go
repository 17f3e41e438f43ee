package front

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	// maxBindings is how many bindings a user may have, and maxPerPeer how many a connection
	// may hold.
	maxBindings = 10
	maxPerPeer  = 20
)

var (
	errOutOfOrder = errors.New("CSeq is not higher than before")
	errTooMany    = errors.New("too many bindings")
	errTaken      = errors.New("the contact is another user's")
)

// location is the table of bindings (RFC 3261 §10).
type location struct {
	mu    sync.Mutex
	users map[string][]*binding // most recent last
	// contacts has the same bindings by address.
	contacts map[string][]*binding
	peers    map[*peer]int // number of bindings of a connection
}

// change is one contact of a REGISTER; lifetime zero removes it.
type change struct {
	contact  *sip.ContactHeader
	lifetime time.Duration
}

// register applies all changes for a user, or none and returns an error (RFC 3261 §10.3 step
// 7). It returns the resulting bindings.
func (l *location) register(p *peer, user, callID string, cseq uint32, changes []change) ([]binding, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users == nil {
		l.users = make(map[string][]*binding)
		l.contacts = make(map[string][]*binding)
		l.peers = make(map[*peer]int)
	}
	l.expire(user)
	more, here := 0, 0 // bindings of the user, and of the connection
	for _, c := range changes {
		before := l.find(user, c.contact)
		if before != nil && before.callID == callID && cseq <= before.cseq {
			return nil, errOutOfOrder
		}
		for _, b := range l.contacts[address(c.contact.Address)] {
			// Otherwise a user could take over another's calls.
			if b.user != user && b.peer != p && time.Now().Before(b.expires) {
				return nil, errTaken
			}
		}
		if c.lifetime > 0 && before == nil {
			more++
		}
		if c.lifetime > 0 && (before == nil || before.peer != p) {
			here++
		}
	}
	if len(l.users[user])+more > maxBindings || l.peers[p]+here > maxPerPeer {
		return nil, errTooMany
	}
	for _, c := range changes {
		before := l.find(user, c.contact)
		after := &binding{user: user, contact: c.contact, peer: p, callID: callID, cseq: cseq, expires: time.Now().Add(c.lifetime)}
		switch {
		case before == nil && c.lifetime > 0:
			l.add(after)
		case before != nil && c.lifetime > 0 && before.peer == p && address(before.contact.Address) == address(after.contact.Address):
			*before = *after // a refresh keeps its place
		case before != nil:
			l.remove(before)
			if c.lifetime > 0 {
				l.add(after)
			}
		}
	}
	return l.copies(user), nil
}

// of returns the bindings of a user, most recent last.
func (l *location) of(user string) []binding {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(user)
	return l.copies(user)
}

// copies returns copies for use outside the table, because a refresh changes the originals.
func (l *location) copies(user string) []binding {
	var copies []binding
	for _, b := range l.users[user] {
		copies = append(copies, *b)
	}
	return copies
}

// at returns the binding with this contact URI.
func (l *location) at(uri sip.Uri) (b binding, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range slices.Backward(l.contacts[address(uri)]) {
		if time.Now().Before(b.expires) {
			return *b, true
		}
	}
	return binding{}, false
}

// holds reports whether a user is registered over a connection.
func (l *location) holds(p *peer, user string) bool {
	return slices.ContainsFunc(l.of(user), func(b binding) bool { return b.peer == p })
}

// forget removes what was registered over a closed connection.
func (l *location) forget(p *peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, user := range p.users {
		for _, b := range slices.Clone(l.users[user]) {
			if b.peer == p {
				l.remove(b)
			}
		}
	}
}

// expire removes the expired bindings of a user. Those of other users stay until they are
// looked up or their connection ends; maxPerPeer limits them.
func (l *location) expire(user string) {
	for _, b := range slices.Clone(l.users[user]) {
		if !time.Now().Before(b.expires) {
			l.remove(b)
		}
	}
}

func (l *location) find(user string, contact *sip.ContactHeader) *binding {
	for _, b := range l.users[user] {
		if b.same(contact) {
			return b
		}
	}
	return nil
}

// add and remove keep the three tables consistent.
func (l *location) add(b *binding) {
	where := address(b.contact.Address)
	l.users[b.user] = append(l.users[b.user], b)
	l.contacts[where] = append(l.contacts[where], b)
	l.peers[b.peer]++
}

func (l *location) remove(b *binding) {
	without := func(table map[string][]*binding, key string) {
		table[key] = slices.DeleteFunc(table[key], func(other *binding) bool { return other == b })
		if len(table[key]) == 0 {
			delete(table, key)
		}
	}
	without(l.users, b.user)
	without(l.contacts, address(b.contact.Address))
	if l.peers[b.peer]--; l.peers[b.peer] == 0 {
		delete(l.peers, b.peer)
	}
}

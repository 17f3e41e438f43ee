package session

import (
	"net"
	"sync"

	"github.com/hawser-ws/websocket/internal/h2"
)

// census lists the sessions that run, with the tag poolcheck.
var census struct {
	mu  sync.Mutex
	all map[*Session]bool
}

// enlist lists s, and returns what takes it off.
func (s *Session) enlist() (leave func()) {
	census.mu.Lock()
	defer census.mu.Unlock()
	if census.all == nil {
		census.all = make(map[*Session]bool)
	}
	census.all[s] = true
	return func() {
		census.mu.Lock()
		defer census.mu.Unlock()
		delete(census.all, s)
	}
}

// Account is what a session holds, for tests that look for what was not given back.
type Account struct {
	h2.Account
	Role          h2.Role
	Local, Remote net.Addr
	InUse         int // streams
	Pending       int // bytes to be written
}

// Accounts returns those of all sessions that run. Without the tag poolcheck they are not
// listed, and there are none.
func Accounts() []Account {
	census.mu.Lock()
	defer census.mu.Unlock()
	all := make([]Account, 0, len(census.all))
	for s := range census.all {
		all = append(all, s.account())
	}
	return all
}

func (s *Session) account() Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Account{
		Account: s.ep.Account(), Role: s.cfg.Role, Local: s.local, Remote: s.t.NetConn().RemoteAddr(),
		InUse: s.ep.InUse(), Pending: s.backlog(),
	}
}

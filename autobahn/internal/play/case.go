package play

import (
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A Case is one thing that the suite does to a peer, and what the peer must do.
type Case struct {
	ID          string // such as 6.4.1
	Index       int    // in the catalog of its role; the first is 1
	Description string // what the suite does
	Expectation string // what the peer must do
	Sentence    string // the sentence of the RFC, with its section; only in chapters 20 and 21

	Begin func() Play
	// Heavy cases move megabytes. No more of them are played at a time than there are cores;
	// the others mostly wait.
	Heavy bool
	// Offer is what the suite asks of permessage-deflate; nil means no extension.
	Offer *Negotiation
	// Door is a deliberately unusual opening handshake; nil means the usual one.
	Door *Door
	// Wire is how the case uses HTTP/2; nil means the usual way.
	Wire *Wire
	// Needs is what the case cannot do without, besides a stream. Nearly all need nothing.
	Needs Need
	// Only is the role that the case is for, or 0 for both.
	Only verdict.Role
	// Alone: the case touches other streams on its connection of HTTP/2, and may end them.
	Alone bool
}

// Scripted returns a case that a script plays.
func Scripted(id, description, expectation string, p Script) *Case {
	return &Case{
		ID: id, Description: description, Expectation: expectation,
		Begin: func() Play {
			fresh := p
			return &fresh
		},
	}
}

// newResult returns the result of c before it is played.
func newResult(c *Case, judged verdict.Role) *verdict.Result {
	r := verdict.New()
	r.ID, r.Case, r.IsServer = c.ID, c.Index, judged == verdict.Client
	r.Description, r.Expectation, r.Sentence = c.Description, c.Expectation, c.Sentence
	return r
}

// NewSession returns a session before its opening handshake.
func NewSession(judged verdict.Role, stream Stream, c *Case, timeout time.Duration) *Session {
	s := &Session{
		Judged:  judged,
		stream:  stream,
		play:    c.Begin(),
		door:    c.Door,
		offer:   c.Offer,
		needs:   c.Needs,
		wire:    c.Wire,
		Result:  newResult(c, judged),
		begun:   time.Now(),
		timeout: timeout,
		silence: max(timeout, shortestSilence),
		calls:   make(chan func(), 16),
		gone:    make(chan struct{}),
		in:      incoming{limit: largest},
	}
	s.Result.Started = s.begun.UTC()
	s.sender = newSender(stream)
	return s
}

// StreamWindow returns the window of the case's stream.
func (c *Case) StreamWindow() uint32 {
	if c.Wire != nil && c.Wire.Window != nil {
		return *c.Wire.Window
	}
	return mux.Usual
}

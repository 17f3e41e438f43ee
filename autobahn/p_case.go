package autobahn

import "time"

// A Case is one thing that the suite does to a peer, and what the peer must do.
type Case struct {
	ID          string // such as 6.4.1
	Index       int    // in the catalog of its role; the first is 1
	Description string // what the suite does
	Expectation string // what the peer must do
	Sentence    string // the sentence of the RFC, with its section; only in chapter 20

	begin func() play
	// heavy cases move megabytes. No more of them are played at a time than there are cores;
	// the others mostly wait.
	heavy bool
	// offer is what the suite asks of permessage-deflate; nil means no extension.
	offer *negotiation
	// door is a deliberately unusual opening handshake; nil means the usual one.
	door *door
	// needs is what the case cannot do without, besides a stream. Nearly all need nothing.
	needs need
	// only is the role that the case is for, or 0 for both.
	only Role
}

// scripted returns a case that a script plays.
func scripted(id, description, expectation string, p script) *Case {
	return &Case{
		ID: id, Description: description, Expectation: expectation,
		begin: func() play {
			fresh := p
			return &fresh
		},
	}
}

// newResult returns the result of c before it is played.
func newResult(c *Case, judged Role) *Result {
	r := blankResult()
	r.ID, r.Case, r.IsServer = c.ID, c.Index, judged == Client
	r.Description, r.Expectation, r.Sentence = c.Description, c.Expectation, c.Sentence
	return r
}

// newSession returns a session before its opening handshake.
func newSession(judged Role, stream stream, c *Case, timeout time.Duration) *session {
	s := &session{
		judged:  judged,
		stream:  stream,
		play:    c.begin(),
		door:    c.door,
		offer:   c.offer,
		needs:   c.needs,
		result:  newResult(c, judged),
		begun:   time.Now(),
		timeout: timeout,
		silence: max(timeout, shortestSilence),
		calls:   make(chan func(), 16),
		gone:    make(chan struct{}),
		in:      incoming{limit: largest},
	}
	s.result.Started = s.begun.UTC()
	s.sender = newSender(stream)
	return s
}

package eventloop

import "sync/atomic"

// guard decides who leads, by one word. doc.go draws it. Only the leader has the bits
// change from outside a turn to inside one. From there on whoever takes the word to the
// next number leads: the leader itself at the end of its turn, or the watchman on behalf of
// a new leader. The other sees that it came too late.
type guard struct{ word atomic.Uint64 }

const (
	inside  = 1 << iota // the leader is inside a turn
	watched             // there is a watchman
	closed              // nobody leads any more
	number              // counts turns, by the bits from here on
)

// enter begins a turn of the leader. It returns the word for leave, and whether the caller
// is to send a watchman. ok is false if the loop was closed.
func (g *guard) enter() (word uint64, unwatched, ok bool) {
	word = g.word.Add(inside)
	if word&closed != 0 {
		return 0, false, false
	}
	if word&watched == 0 {
		// Nobody but this goroutine and Close can change the word now.
		return g.word.Add(watched), true, true
	}
	return word, false, true
}

// leave ends a turn. It reports whether the caller still leads.
func (g *guard) leave(word uint64) bool {
	return g.word.CompareAndSwap(word, word-inside+number)
}

// depose ends the turn that word tells of on behalf of a new leader. It reports false
// if that turn ended by itself.
func (g *guard) depose(word uint64) bool { return g.leave(word) }

// unwatch has the watchman go. It reports false if a turn has begun since word was read.
func (g *guard) unwatch(word uint64) bool {
	return g.word.CompareAndSwap(word, word&^watched)
}

// close has no leader lead after the turn it is in.
func (g *guard) close() (first bool) {
	return g.word.Or(closed)&closed == 0
}

func (g *guard) isClosed() bool { return g.word.Load()&closed != 0 }

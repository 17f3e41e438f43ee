package websocket

import (
	"sync/atomic"
)

// coalescing decides about a small message: it leaves at once, or it stays in the
// [conn.Outbox] until more messages leave with it. It is one value that answers three
// questions.
//
//	Is anything held?        0; someHeld; or flushWanted: held only until the gate is free
//	Has a loop more at hand? loopHasMore: the answers to what arrived together leave together
//	Does the timer run?      timerRuns: it limits how long answers are held. It is not stopped
//	                         when they leave. It then finds nothing to do, which costs less
//	                         than to set it for each batch.
//
// Once the peer has closed its direction, nothing is held any more: holdNoMore.
type coalescing uint32

const (
	loopHasMore coalescing = 1 << iota
	timerRuns
	someHeld
	flushWanted
	holdNoMore

	numCoalescing = int(holdNoMore) + 1
)

// coalesceEvent is something that happened to what is held.
type coalesceEvent uint8

const (
	// moreAtHand, noneAtHand: a loop over messages has another message at hand, or has none.
	moreAtHand coalesceEvent = iota
	noneAtHand
	// holdBatch, holdReply: a message of a [Batch], or of another caller, is held.
	holdBatch
	holdReply
	// wantFlush: somebody is about to wait for the peer, which may wait for what is held.
	wantFlush
	// haveWritten: something was written, or everything was dropped. Nothing is held now.
	haveWritten
	// timerFired: the time limit for what is held has passed.
	timerFired
	// peerEnded: the peer has closed its direction. It leads to holdNoMore from every
	// state, and nothing leads from there.
	peerEnded

	numCoalesceEvents = iota
)

// coalesceTable decides all of coalescing: state × event → state. An event without a cell
// leaves the state as it is.
var coalesceTable = map[coalescing]map[coalesceEvent]coalescing{
	0: {
		moreAtHand: loopHasMore,
		holdBatch:  someHeld,
		holdReply:  someHeld | timerRuns,
	},
	timerRuns: {
		moreAtHand: loopHasMore | timerRuns,
		holdBatch:  someHeld | timerRuns,
		holdReply:  someHeld | timerRuns,
		timerFired: 0,
	},
	loopHasMore: {
		noneAtHand: 0,
		holdBatch:  someHeld | loopHasMore | timerRuns, // the loop's body may take its time
		holdReply:  someHeld | loopHasMore | timerRuns,
	},
	loopHasMore | timerRuns: {
		noneAtHand: timerRuns,
		holdBatch:  someHeld | loopHasMore | timerRuns,
		holdReply:  someHeld | loopHasMore | timerRuns,
		timerFired: loopHasMore,
	},
	someHeld: {
		moreAtHand:  someHeld | loopHasMore,
		holdReply:   someHeld | timerRuns,
		wantFlush:   flushWanted,
		haveWritten: 0,
	},
	someHeld | timerRuns: {
		moreAtHand:  someHeld | loopHasMore | timerRuns,
		wantFlush:   flushWanted | timerRuns,
		haveWritten: timerRuns,
		timerFired:  flushWanted,
	},
	someHeld | loopHasMore: {
		noneAtHand:  someHeld,
		holdBatch:   someHeld | loopHasMore | timerRuns,
		holdReply:   someHeld | loopHasMore | timerRuns,
		wantFlush:   flushWanted | loopHasMore,
		haveWritten: loopHasMore,
	},
	someHeld | loopHasMore | timerRuns: {
		noneAtHand:  someHeld | timerRuns,
		wantFlush:   flushWanted | loopHasMore | timerRuns,
		haveWritten: loopHasMore | timerRuns,
		timerFired:  flushWanted, // and what the body writes from now on is not held
	},
	flushWanted: {
		moreAtHand:  flushWanted | loopHasMore,
		holdReply:   flushWanted | timerRuns,
		haveWritten: 0,
	},
	flushWanted | timerRuns: {
		moreAtHand:  flushWanted | loopHasMore | timerRuns,
		haveWritten: timerRuns,
		timerFired:  flushWanted,
	},
	flushWanted | loopHasMore: {
		noneAtHand:  flushWanted,
		holdBatch:   flushWanted | loopHasMore | timerRuns,
		holdReply:   flushWanted | loopHasMore | timerRuns,
		haveWritten: loopHasMore,
	},
	flushWanted | loopHasMore | timerRuns: {
		noneAtHand:  flushWanted | timerRuns,
		haveWritten: loopHasMore | timerRuns,
		timerFired:  flushWanted,
	},
}

// coalesceNext is coalesceTable with every cell filled in, for fast lookup.
var coalesceNext = func() (next [numCoalescing][numCoalesceEvents]coalescing) {
	for s := range next {
		for e := range next[s] {
			next[s][e] = coalescing(s)
			if to, ok := coalesceTable[coalescing(s)][coalesceEvent(e)]; ok {
				next[s][e] = to
			}
		}
		next[s][peerEnded] = holdNoMore
	}
	return next
}()

// anyHeld reports whether something is held.
func (c coalescing) anyHeld() bool { return c&(someHeld|flushWanted) != 0 }

// coalescer is the coalescing state of a connection. The zero value holds nothing.
type coalescer struct{ word atomic.Uint32 }

func (c *coalescer) state() coalescing { return coalescing(c.word.Load()) }

// on changes the state by the table. No other function changes it.
func (c *coalescer) on(e coalesceEvent) (from, to coalescing) {
	for {
		from = c.state()
		to = coalesceNext[from][e]
		if to == from || c.word.CompareAndSwap(uint32(from), uint32(to)) {
			return from, to
		}
	}
}

// holding says when a message may be held.
type holding uint8

const (
	neverHeld holding = iota
	asReply           // while a loop over messages has more of them at hand
	inBatch           // until the batch is flushed
)

// admits reports whether a message may be held now. It is called when the message is about
// to be sent, because the state may have changed while its caller waited.
func (c coalescing) admits(h holding) bool {
	return h == inBatch && c != holdNoMore || h == asReply && c&loopHasMore != 0
}

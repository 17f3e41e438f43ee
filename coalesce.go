package websocket

import (
	"sync/atomic"
)

// coalescing decides about a small message: it leaves at once, or it stays in the
// [conn.Outbox] until more messages leave with it. It is one value that answers three
// questions.
//
//	Is anything held?        0, held, or flushWanted: held no longer than the gate is taken
//	Has a loop more at hand? more: the answers to what has arrived together leave together
//	Does the timer run?      timed: it bounds how long answers are held. It is not stopped
//	                         when they leave. It then finds nothing to do, and that costs
//	                         less than to set it for each batch.
//
// Once the peer has closed its direction nothing is held any more: streamEnded.
type coalescing uint32

const (
	more coalescing = 1 << iota
	timed
	held
	flushWanted
	streamEnded

	numCoalescing = int(streamEnded) + 1
)

// coalesceEvent is something that happened to what is held.
type coalesceEvent uint8

const (
	// moreAtHand, noneAtHand: a loop over messages has another that has arrived, or not.
	moreAtHand coalesceEvent = iota
	noneAtHand
	// holdBatch, holdReply: a message of a [Batch], or of another caller, is held.
	holdBatch
	holdReply
	// wantFlush: somebody is about to wait for the peer, which may wait for what is held.
	wantFlush
	// haveWritten: something was written, or everything dropped. Nothing is held any more.
	haveWritten
	// timerFired: what is held has been for long enough.
	timerFired
	// endOfStream: the peer has closed its direction. It leads to streamEnded from
	// everywhere, and nothing leads from there.
	endOfStream

	numCoalesceEvents = iota
)

// coalesceTable is the whole of coalescing: state × event → state. An event that has no
// cell leaves the state as it is.
var coalesceTable = map[coalescing]map[coalesceEvent]coalescing{
	0: {
		moreAtHand: more,
		holdBatch:  held,
		holdReply:  held | timed,
	},
	timed: {
		moreAtHand: more | timed,
		holdBatch:  held | timed,
		holdReply:  held | timed,
		timerFired: 0,
	},
	more: {
		noneAtHand: 0,
		holdBatch:  held | more | timed, // the loop's body may take its time
		holdReply:  held | more | timed,
	},
	more | timed: {
		noneAtHand: timed,
		holdBatch:  held | more | timed,
		holdReply:  held | more | timed,
		timerFired: more,
	},
	held: {
		moreAtHand:  held | more,
		holdReply:   held | timed,
		wantFlush:   flushWanted,
		haveWritten: 0,
	},
	held | timed: {
		moreAtHand:  held | more | timed,
		wantFlush:   flushWanted | timed,
		haveWritten: timed,
		timerFired:  flushWanted,
	},
	held | more: {
		noneAtHand:  held,
		holdBatch:   held | more | timed,
		holdReply:   held | more | timed,
		wantFlush:   flushWanted | more,
		haveWritten: more,
	},
	held | more | timed: {
		noneAtHand:  held | timed,
		wantFlush:   flushWanted | more | timed,
		haveWritten: more | timed,
		timerFired:  flushWanted, // and what the body writes from now on is not held
	},
	flushWanted: {
		moreAtHand:  flushWanted | more,
		holdReply:   flushWanted | timed,
		haveWritten: 0,
	},
	flushWanted | timed: {
		moreAtHand:  flushWanted | more | timed,
		haveWritten: timed,
		timerFired:  flushWanted,
	},
	flushWanted | more: {
		noneAtHand:  flushWanted,
		holdBatch:   flushWanted | more | timed,
		holdReply:   flushWanted | more | timed,
		haveWritten: more,
	},
	flushWanted | more | timed: {
		noneAtHand:  flushWanted | timed,
		haveWritten: more | timed,
		timerFired:  flushWanted,
	},
}

// coalesceNext is coalesceTable with every cell filled in, to be looked up fast.
var coalesceNext = func() (next [numCoalescing][numCoalesceEvents]coalescing) {
	for s := range next {
		for e := range next[s] {
			next[s][e] = coalescing(s)
			if to, ok := coalesceTable[coalescing(s)][coalesceEvent(e)]; ok {
				next[s][e] = to
			}
		}
		next[s][endOfStream] = streamEnded
	}
	return next
}()

// anyHeld reports whether something is held.
func (c coalescing) anyHeld() bool { return c&(held|flushWanted) != 0 }

// coalescer is where the coalescing of a connection stands. The zero value holds nothing.
type coalescer struct{ word atomic.Uint32 }

func (c *coalescer) state() coalescing { return coalescing(c.word.Load()) }

// on changes the state as the table says. It is the only function that does.
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

// admits reports whether a message may be held now. It is asked when the message is about
// to be sent, because things may have changed while its caller waited.
func (c coalescing) admits(h holding) bool {
	return h == inBatch && c != streamEnded || h == asReply && c&more != 0
}

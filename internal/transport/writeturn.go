package transport

import (
	"os"
	"sync"
	"time"
)

// writeTurn is whether a stream may be written to, where a write that was interrupted while it
// was under way has cost the stream. The package comment draws its states.
type writeTurn struct {
	cutter interface{ cutWrite() } // ends the write under way; called once, under writeMu

	writeMu sync.Mutex
	writes  writeState
	limit   *time.Timer // of the write that comes next or is under way; nil: none
	limits  uint64      // counts them, so that a timer that fires late knows it is late
}

// writeState says how it stands with writes.
type writeState uint8

const (
	writesFree    writeState = iota // none is under way
	writesOne                       // one is under way
	writesStopped                   // interrupted while none was under way: none begins until that is over
	writesCut                       // interrupted while one was: none begins any more
)

func (t *writeTurn) beginWrite() error {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	switch t.writes {
	case writesStopped:
		return os.ErrDeadlineExceeded
	case writesCut:
		return ErrWriteCut
	}
	t.writes = writesOne
	return nil
}

// endWrite fails also a write that was cut and yet succeeded: no other can follow it.
func (t *writeTurn) endWrite(err error) error {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	if t.writes == writesCut {
		return ErrWriteCut
	}
	t.writes = writesFree
	return err
}

func (t *writeTurn) InterruptWrite(on bool) {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	if on {
		t.stopWrites()
		return
	}
	t.dropLimit()
	if t.writes == writesStopped {
		t.writes = writesFree
	}
}

// writeWasCut reports whether a write was interrupted that was under way.
func (t *writeTurn) writeWasCut() bool {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	return t.writes == writesCut
}

// stopWrites interrupts. The writer ends the connection if that costs it: it knows why.
func (t *writeTurn) stopWrites() {
	switch t.writes {
	case writesFree:
		t.writes = writesStopped
	case writesOne:
		t.writes = writesCut
		t.cutter.cutWrite()
	}
}

func (t *writeTurn) LimitWrite(d time.Time) {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	t.dropLimit()
	if t.writes == writesStopped { // by a limit that came after its write: nobody interrupts now
		t.writes = writesFree
	}
	if d.IsZero() {
		return
	}
	number := t.limits
	t.limit = time.AfterFunc(time.Until(d), func() {
		t.writeMu.Lock()
		defer t.writeMu.Unlock()
		if t.limits == number {
			t.stopWrites()
		}
	})
}

func (t *writeTurn) dropLimit() {
	t.limits++
	if t.limit != nil {
		t.limit.Stop()
		t.limit = nil
	}
}

//go:build linux

package transport

import (
	"sync/atomic"
	"time"
)

// bells are what callers of a Polled wait for: one reader at most, and one writer. A ring that
// nobody waits for is kept for the next to wait, who then tries in vain.
//
// No ring is missed: who waits has published the bells first and then tried once more.
type bells struct {
	read, write chan struct{}
	limit       atomic.Int64 // when a write fails, in nanoseconds since limitStart; 0: never
}

// limitStart is the beginning of a clock that nobody sets.
var limitStart = time.Now()

// waiting returns p.bells, which it makes on first use.
func (p *Polled) waiting() *bells {
	if b := p.bells.Load(); b != nil {
		return b
	}
	p.bells.CompareAndSwap(nil, &bells{read: make(chan struct{}, 1), write: make(chan struct{}, 1)})
	return p.bells.Load()
}

// ring wakes those who wait for any of ev.
func (p *Polled) ring(ev Events) {
	b := p.bells.Load()
	if b == nil {
		return
	}
	if ev&(Readable|Ended) != 0 {
		ring(b.read)
	}
	if ev&(Writable|Ended) != 0 {
		ring(b.write)
	}
}

func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default: // whoever takes the ring that is there looks again
	}
}

// LimitWrite needs no bell of its own: a write that waits looks at the limit.
func (p *Polled) LimitWrite(t time.Time) {
	if t.IsZero() && p.bells.Load() == nil {
		return
	}
	limit := int64(0)
	if !t.IsZero() {
		limit = max(int64(t.Sub(limitStart)), 1)
	}
	p.waiting().limit.Store(limit)
}

// untilReadable repeats try, which reads and has returned ErrAgain, until it returns something
// else.
func (p *Polled) untilReadable(try func() (int, error)) (n int, err error) {
	b := p.waiting()
	for told := false; ; told = true {
		if n, err = try(); err != ErrAgain {
			return n, err
		}
		p.tell(told)
		<-b.read
	}
}

// untilWritable does so for try, which writes.
func (p *Polled) untilWritable(try func() (int, error)) (n int, err error) {
	b := p.waiting()
	for told := false; ; told = true {
		if n, err = try(); err != ErrAgain {
			return n, err
		}
		p.tell(told)
		b.awaitWrite()
	}
}

// tell tells the owner that a wait begins.
func (p *Polled) tell(told bool) {
	if !told && p.owner != nil {
		p.owner.Waiting()
	}
}

// awaitWrite waits for the bell, or for the limit to pass.
func (b *bells) awaitWrite() {
	limit := b.limit.Load()
	if limit == 0 {
		<-b.write
		return
	}
	late := time.NewTimer(time.Duration(limit) - time.Since(limitStart))
	defer late.Stop()
	select {
	case <-b.write:
	case <-late.C:
	}
}

// limitPassed reports whether a limit of writes has passed.
func (p *Polled) limitPassed() bool {
	b := p.bells.Load()
	if b == nil {
		return false
	}
	limit := b.limit.Load()
	return limit != 0 && int64(time.Since(limitStart)) >= limit
}

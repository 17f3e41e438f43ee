package eventloop

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"sync/atomic"
)

// ErrClosed is the error of Add after Close.
var ErrClosed = errors.New("the event loop is closed")

// Loop drives Sources. All methods may be called by any goroutine at any time.
type Loop struct {
	guard   guard
	caution caution
	poller  *poller
	added   atomic.Uint32          // counts generations
	count   atomic.Int64           // members
	last    atomic.Bool            // the loop ends with its last member
	inTurn  atomic.Pointer[Member] // whose turn the leader began last
	timers  timers

	handover handover

	// These are the leader's.
	next, fresh int // which of the poller's events are still to be served
	queue       queue
}

// batchSize is how many events are served between two looks at the run queue, and the
// other way round.
const batchSize = 256

// New starts a loop. Its error wraps [errors.ErrUnsupported] on systems other than Linux.
func New() (*Loop, error) {
	l := &Loop{timers: newTimers()}
	var err error
	if l.poller, err = newPoller(&l.handover); err != nil {
		return nil, fmt.Errorf("no event loop: %w", err)
	}
	go l.lead()
	return l, nil
}

// Add has the loop drive s, which is what happens on the descriptor fd: a socket, not
// in blocking mode, with no other Member. A first event comes at once, if only because there is
// room to write. m must not have been added before.
func (l *Loop) Add(fd int, m *Member, s Source) error {
	if m.loop != nil {
		return errors.New("this Member was added to a loop before: each Add needs a new one")
	}
	if fd < 0 || fd > math.MaxInt32 {
		return fmt.Errorf("%d is no descriptor: %w", fd, os.ErrInvalid)
	}
	gen := l.added.Add(1) << generation >> generation
	m.loop, m.source, m.fd = l, s, int32(fd)
	m.state.Store(gen << generation)
	if !members.put(m.fd, m) {
		m.loop = nil
		return fmt.Errorf("descriptor %d is in a loop already: it was closed without Remove", fd)
	}
	l.count.Add(1)
	if err := l.poller.add(m.fd, gen); err != nil {
		m.state.Or(removed | running) // for ever: Kick begins no turn either
		members.drop(m.fd, m)
		l.count.Add(-1)
		if l.guard.isClosed() {
			err = ErrClosed
		}
		return fmt.Errorf("descriptor %d cannot be in a loop: %w", fd, err)
	}
	return nil
}

// drop is the rest of [Member.Remove].
func (l *Loop) drop(m *Member) {
	if l == loopless {
		return
	}
	members.drop(m.fd, m)
	l.poller.remove(m.fd)
	if l.count.Add(-1) == 0 && l.last.Load() {
		_ = l.Close()
	}
}

// Sources iterates over what the loop drives. Those that come and go meanwhile may be among them.
func (l *Loop) Sources() iter.Seq[Source] {
	return func(yield func(Source) bool) {
		for m := range members.all() {
			if m.loop == l && !yield(m.source) {
				return
			}
		}
	}
}

// Len returns how many members the loop has.
func (l *Loop) Len() int { return int(l.count.Load()) }

// Close ends the loop. No turn begins after it, not even by Kick; one that is under way goes
// on, and Close does not wait for it. The members' descriptors stay open: their owners close
// them, after Remove as ever. A second call does nothing.
func (l *Loop) Close() error {
	if !l.guard.close() {
		return nil
	}
	l.timers.end()
	return l.poller.close()
}

// CloseWhenEmpty ends the loop as soon as it has no members. No Add may follow.
func (l *Loop) CloseWhenEmpty() {
	l.last.Store(true)
	if l.count.Load() == 0 {
		_ = l.Close()
	}
}

// passOn has a new leader go on with the others, if the turn that word tells of still runs.
func (l *Loop) passOn(m *Member, word uint64) {
	if !l.guard.depose(word) {
		return
	}
	l.caution.more()
	go l.lead()
	m.source.Passed()
}

//go:build linux

package eventloop

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// strained is a Source that reads a stream to its end in every way there is.
type strained struct {
	Member
	t       *testing.T
	socket  *socket
	r       *rand.Rand // used in turns only
	turning atomic.Bool
	dry     atomic.Bool // nothing to read, as far as Ready says
	read    int
	end     sync.Once
	ended   chan struct{}
	stopped atomic.Bool
}

func (s *strained) Ready(ev Events) Events {
	s.dry.Store(false)
	return ev
}

func (s *strained) Passed() {}

func (s *strained) Turn(Events) (more bool) {
	if !s.turning.CompareAndSwap(false, true) {
		s.t.Error("two turns at a time")
	}
	defer s.turning.Store(false)
	switch s.r.IntN(40) {
	case 0:
		time.Sleep(time.Duration(s.r.IntN(8)) * time.Millisecond)
	case 1:
		runtime.Gosched()
	case 2:
		s.Kick()
	case 3:
		panic("by hand")
	case 4:
		runtime.Goexit()
	case 5:
		return true
	}
	p := make([]byte, 1+s.r.IntN(64))
	for range 1 + s.r.IntN(8) {
		if s.dry.Load() {
			return false
		}
		s.dry.Store(true) // unless there is more, and then an event will say so
		n, err := s.socket.read(p)
		switch {
		case n > 0:
			s.dry.Store(false)
			s.read += n
		case n == 0 && err == nil:
			s.Remove()
			s.end.Do(func() { close(s.ended) })
			return s.r.IntN(2) == 0 && !s.stopped.Swap(true)
		case err == unix.EAGAIN:
			return false
		default:
			s.t.Error(err)
		}
	}
	return true
}

func (s *strained) Abandon(any, []byte) { s.Kick() }

// No event gets lost and no turns overlap while turns wait, panic, ask for more and are
// kicked, all at the same time.
func TestStress(t *testing.T) {
	l := newLoop(t)
	const streams, writes = 40, 150
	var all sync.WaitGroup
	sources := make([]*strained, streams)
	for i := range sources {
		ours, theirs := pair(t)
		s := &strained{t: t, socket: ours, r: rand.New(rand.NewPCG(uint64(i), 1)), ended: make(chan struct{})}
		sources[i] = s
		if err := l.Add(ours.fd, &s.Member, s); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			r, sent := rand.New(rand.NewPCG(uint64(i), 2)), 0
			for range writes {
				p := make([]byte, 1+r.IntN(200))
				n, err := theirs.write(p)
				if err != nil && err != unix.EAGAIN {
					t.Error(err)
				}
				sent += max(n, 0)
				if r.IntN(4) == 0 {
					time.Sleep(time.Duration(r.IntN(1000)) * time.Microsecond)
				}
			}
			theirs.end(t)
			<-s.ended
			if s.read != sent {
				t.Errorf("%d bytes of %d arrived", s.read, sent)
			}
		})
	}
	stop := make(chan struct{})
	var kicker sync.WaitGroup
	kicker.Go(func() {
		r := rand.New(rand.NewPCG(3, 3))
		for {
			select {
			case <-stop:
				return
			default:
				sources[r.IntN(streams)].Kick()
				time.Sleep(50 * time.Microsecond)
			}
		}
	})
	all.Wait()
	close(stop)
	kicker.Wait()
	if l.Len() != 0 {
		t.Error(l.Len())
	}
}

// While descriptors of the same numbers come and go, each Source sees events of its own only.
func TestStressReuse(t *testing.T) {
	l := newLoop(t)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 100 {
				ours, theirs := pair(t)
				silent := (i+worker)%2 == 0 // nothing is ever sent to it
				got := newList[string]()
				s := &stub{turn: func(ev Events) bool {
					if silent && ev&Readable != 0 {
						t.Error("an event of another descriptor")
					}
					text, _ := ours.drain()
					got.add(text)
					return false
				}}
				ours.add(t, l, s)
				if !silent {
					theirs.send(t, "x")
					got.until(joined("x"))
				} else if i%4 < 2 {
					got.atLeast(1)
				}
				s.Remove()
				ours.close()
				theirs.close()
			}
		})
	}
	all.Wait()
}

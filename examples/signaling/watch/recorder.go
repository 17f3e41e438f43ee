package watch

import (
	"math"
	"sync"
	"time"
)

// Recorder keeps the last events of one connection. Who writes waits for nobody who
// reads.
//
// The hooks of the engine tell of a frame before its message is complete, or before
// anybody has said what a Close frame is about. Such an event waits for its preview,
// and readers wait for it: what they have read never changes.
type Recorder struct {
	id    string
	limit int // 0: there are no hooks, and nothing is recorded

	mu      sync.Mutex
	proof   proof // of who may read
	began   time.Time
	life    recorderLife
	ring    []Event       // the event n is at (n-1)%limit
	last    int64         // the number of the latest event
	changed chan struct{} // closed by the next event; nil while nobody waits for it

	arriving int64   // the last frame of a message that nobody has read yet; 0: none
	sending  sending // the message that is being written
	farewell *CloseInfo
	closes   []int64 // Close frames of which it is not known what they say
	state    string  // of the connection
}

type recorderLife uint8

const (
	recording recorderLife = iota
	recorded               // the connection has ended, and this with it
)

// sending is a message on its way out.
type sending struct {
	preview string
	phase   sendingPhase
}

type sendingPhase uint8

const (
	sendingNothing sendingPhase = iota
	sendingSoon                 // its frame is to come
	sendingFrame                // its frame has come, and may come again
)

func newRecorder(id string, limit int) *Recorder {
	return &Recorder{id: id, limit: limit, state: "open"}
}

// ID names the connection.
func (r *Recorder) ID() string { return r.id }

// Own says whose connection this is: who shows the key may read.
func (r *Recorder) Own(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.proof = prove(key)
}

// add appends an event and returns its number, 0 if it comes too late. Under mu.
func (r *Recorder) add(e Event) int64 {
	if r.life == recorded {
		return 0
	}
	r.last++
	e.N = r.last
	e.MS = math.Round(float64(time.Since(r.began))/float64(time.Millisecond)*1000) / 1000
	if len(r.ring) < r.limit {
		r.ring = append(r.ring, e)
	} else {
		r.ring[(e.N-1)%int64(r.limit)] = e
	}
	return e.N
}

// at returns an event that is still kept, or nil. Under mu.
func (r *Recorder) at(n int64) *Event {
	if n <= 0 || n <= r.last-int64(r.limit) || n > r.last {
		return nil
	}
	return &r.ring[(n-1)%int64(r.limit)]
}

// settled is the number of the last event that may be read. Under mu.
func (r *Recorder) settled() int64 {
	n := r.last
	if r.arriving > 0 {
		n = min(n, r.arriving-1)
	}
	for _, c := range r.closes {
		n = min(n, c-1)
	}
	return n
}

// wake wakes those who wait for something to read. Under mu.
func (r *Recorder) wake() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// read returns at most n events after the one with the number after, with one that says
// so in the place of those that are not kept any more. ended is true when there is
// nothing more to come; else changed is closed when there may be.
func (r *Recorder) read(after int64, n int) (events []Event, ended bool, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	settled := r.settled()
	after = min(max(after, 0), settled)
	if lost := min(r.last-int64(r.limit), settled); after < lost {
		if after > 0 { // the first reading asks for what there is
			events = append(events, Event{N: lost, MS: r.msOf(lost + 1), Kind: kindLost, Lost: lost - after})
		}
		after = lost
	}
	for after < settled && len(events) < n {
		after++
		events = append(events, *r.at(after))
	}
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return events, r.life == recorded && after == settled, r.changed
}

// msOf is when an event happened, or is now if there is none.
func (r *Recorder) msOf(n int64) float64 {
	if e := r.at(n); e != nil {
		return e.MS
	}
	return 0
}

package watch

import (
	"math"
	"sync"
	"time"
)

// Recorder keeps the last events of one connection. Writers do not wait for readers.
//
// The engine's hooks report a frame before its message is complete, or before the content of a
// Close frame is known. Such an event waits for its preview, and readers wait for the event:
// what they have read never changes.
type Recorder struct {
	id    string
	limit int // 0: no hooks, nothing is recorded

	mu      sync.Mutex
	proof   proof // who may read
	began   time.Time
	life    recorderLife
	ring    []Event       // event n is at (n-1)%limit
	last    int64         // the number of the latest event
	changed chan struct{} // closed by the next event; nil while nobody waits

	arriving int64   // the last frame of a message not read yet; 0: none
	sending  sending // the message being written
	farewell *CloseInfo
	closes   []int64 // Close frames whose content is unknown
	state    string  // of the connection
}

type recorderLife uint8

const (
	recording recorderLife = iota
	recorded               // the connection has ended, and the record is complete
)

// sending is a message being sent.
type sending struct {
	preview string
	phase   sendingPhase
}

type sendingPhase uint8

const (
	sendingNothing sendingPhase = iota
	sendingSoon                 // its frame is still to come
	sendingFrame                // its frame was sent, and may be sent again
)

func newRecorder(id string, limit int) *Recorder {
	return &Recorder{id: id, limit: limit, state: "open"}
}

// ID returns the name of the connection.
func (r *Recorder) ID() string { return r.id }

// Own sets the owner of the connection: whoever presents the key may read.
func (r *Recorder) Own(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.proof = prove(key)
}

// add appends an event and returns its number, or 0 if the record is complete. The caller holds
// mu.
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

// at returns an event, or nil if it is no longer kept. The caller holds mu.
func (r *Recorder) at(n int64) *Event {
	if n <= 0 || n <= r.last-int64(r.limit) || n > r.last {
		return nil
	}
	return &r.ring[(n-1)%int64(r.limit)]
}

// settled returns the number of the last event that may be read. The caller holds mu.
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

// wake wakes waiting readers. The caller holds mu.
func (r *Recorder) wake() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// read returns at most n events after event number after. An event that says so replaces those
// that are no longer kept. ended is true if no more will follow; otherwise changed is closed
// when there may be more.
func (r *Recorder) read(after int64, n int) (events []Event, ended bool, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	settled := r.settled()
	after = min(max(after, 0), settled)
	if lost := min(r.last-int64(r.limit), settled); after < lost {
		if after > 0 { // the first read asks for whatever there is
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

// msOf returns the time of event n, or the current time if there is none.
func (r *Recorder) msOf(n int64) float64 {
	if e := r.at(n); e != nil {
		return e.MS
	}
	return 0
}

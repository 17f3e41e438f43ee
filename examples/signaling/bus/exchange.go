package bus

import (
	"slices"
	"sync"
)

// Exchange is a bus inside one process: for a single server, and for tests of several.
type Exchange struct {
	mu    sync.Mutex
	seats map[string]*seat // by ID
}

// Join returns a connection to the bus.
func (x *Exchange) Join() Bus {
	return &seat{
		exchange: x, id: newID(), handlers: make(handlers),
		queue: make(chan letter, queueLength), left: make(chan struct{}), done: make(chan struct{}),
	}
}

// seat is a Bus.
type seat struct {
	exchange *Exchange
	id       string
	handlers handlers
	queue    chan letter
	left     chan struct{} // closed by Close
	done     chan struct{} // closed when the goroutine has ended
}

type letter struct {
	from  string
	topic Topic
	body  []byte
}

func (s *seat) ID() string { return s.id }

func (s *seat) Handle(topic Topic, f func(from string, body []byte)) { s.handlers[topic] = f }

func (s *seat) Start() error {
	x := s.exchange
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.seats == nil {
		x.seats = make(map[string]*seat)
	}
	x.seats[s.id] = s
	go s.receive()
	return nil
}

func (s *seat) receive() {
	defer close(s.done)
	for {
		select {
		case l := <-s.queue:
			s.handlers.call(l.topic, l.from, l.body)
		case <-s.left:
			return
		}
	}
}

func (s *seat) Broadcast(topic Topic, body []byte) {
	x := s.exchange
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.seats[s.id] != s {
		return
	}
	for _, to := range x.seats {
		if to != s {
			to.put(letter{s.id, topic, body})
		}
	}
}

func (s *seat) Send(to string, topic Topic, body []byte) {
	x := s.exchange
	x.mu.Lock()
	defer x.mu.Unlock()
	if to := x.seats[to]; to != nil && x.seats[s.id] == s {
		to.put(letter{s.id, topic, body})
	}
}

// put adds a letter. The caller holds Exchange.mu, which preserves the order.
func (s *seat) put(l letter) {
	l.body = slices.Clone(l.body)
	select {
	case s.queue <- l:
	default: // lost, as on any bus
	}
}

func (s *seat) Close() {
	x := s.exchange
	x.mu.Lock()
	started := x.seats[s.id] == s
	delete(x.seats, s.id)
	x.mu.Unlock()
	if started {
		close(s.left)
		<-s.done
	}
}

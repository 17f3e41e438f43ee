package play

import (
	"crypto/rand"
	"sync"
	"time"
)

// How long bytes may take to leave at the end of a connection, and how long we then wait for
// the peer to end it too.
const (
	FlushTimeout = time.Second
	drainTimeout = 250 * time.Millisecond
)

// A sender writes in its own goroutine. Otherwise a peer that echoes while it reads, and a
// suite that does not read while it writes, would wait for each other.
type sender struct {
	stream Stream
	done   chan struct{}

	mu     sync.Mutex
	filled *sync.Cond
	queue  []packet
	asides int // packets in queue that are no progress
	ended  bool
	last   time.Time // end of the last write
}

// A packet is the data of one call of Write.
type packet struct {
	data  []byte
	sync  bool
	aside bool // not progress of the case
	fin   bool // end our half of TCP instead
}

func newSender(stream Stream) *sender {
	s := &sender{stream: stream, done: make(chan struct{}), last: time.Now()}
	s.filled = sync.NewCond(&s.mu)
	go s.run()
	return s
}

// joined is the size up to which packets are combined, unless they must be alone.
const joined = 16 << 10

// put queues p for writing. The sender keeps p.
func (s *sender) put(p []byte, sync bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.queue); n > 0 && !sync && !s.queue[n-1].sync && !s.queue[n-1].aside && len(s.queue[n-1].data)+len(p) <= joined {
		s.queue[n-1].data = append(s.queue[n-1].data, p...)
		return
	}
	s.queue = append(s.queue, packet{data: p, sync: sync})
	s.filled.Signal()
}

// mostPongs is how many Pongs may wait for a peer to read them.
const mostPongs = 10_000

// pongs returns how many Pongs wait to be written.
func (s *sender) pongs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asides
}

// progress returns when the peer last accepted data.
func (s *sender) progress() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// between is the time between packets that should be separate segments, so that the peer can
// read them one by one.
const between = 10 * time.Microsecond

func (s *sender) run() {
	defer close(s.done)
	for {
		batch, ended := s.take()
		for _, p := range batch {
			if p.fin {
				s.closeWrite()
				continue
			}
			if err := s.write(p); err != nil {
				// The reader learns of it too, and reports it.
				s.close()
				return
			}
			if p.sync {
				time.Sleep(between)
			}
		}
		if ended {
			return
		}
	}
}

// stretch is how many bytes in transit count as progress. A peer that reads a large message
// slowly differs from one that reads nothing.
const stretch = 64 << 10

// write writes a packet and records the progress.
func (s *sender) write(p packet) error {
	for rest := p.data; len(rest) > 0; {
		n, err := s.stream.Write(rest[:min(len(rest), stretch)])
		if err != nil {
			return err
		}
		rest = rest[n:]
		if p.aside {
			continue
		}
		s.mu.Lock()
		s.last = time.Now()
		s.mu.Unlock()
	}
	return nil
}

// take waits for packets. ended says that they are the last.
func (s *sender) take() (batch []packet, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 && !s.ended {
		s.filled.Wait()
	}
	batch, s.queue, s.asides = s.queue, nil, 0
	return batch, s.ended
}

// end writes what is left, and FIN. It limits how long the reader continues.
func (s *sender) end() {
	s.stream.SetWriteDeadline(time.Now().Add(FlushTimeout))
	s.close()
	<-s.done
	s.closeWrite()
	s.stream.SetReadDeadline(time.Now().Add(drainTimeout))
}

// half ends our half of TCP after the queued data.
func (s *sender) half() { s.add(packet{fin: true, sync: true}) }

// add queues a packet without combining it with others.
func (s *sender) add(p packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, p)
	if p.aside {
		s.asides++
	}
	s.filled.Signal()
}

func (s *sender) closeWrite() {
	s.stream.CloseWrite()
}

// close refuses further packets.
func (s *sender) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.filled.Signal()
}

// FreshKey returns an unpredictable masking key (RFC 6455 section 5.3).
func FreshKey() (key [4]byte) {
	rand.Read(key[:])
	return key
}

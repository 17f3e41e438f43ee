package autobahn

import (
	"crypto/rand"
	"net"
	"sync"
	"time"
)

// How long bytes may take to leave at the end of a connection, and how long we
// then wait for the peer to end it too.
const (
	flushTimeout = time.Second
	drainTimeout = 250 * time.Millisecond
)

// A sender writes in a goroutine of its own, so that a peer that echoes while it
// reads does not wait for a suite that does not read while it writes.
type sender struct {
	conn net.Conn
	done chan struct{}

	mu     sync.Mutex
	filled *sync.Cond
	queue  []packet
	ended  bool
	last   time.Time // when a write ended
}

// A packet is what one call of Write sends.
type packet struct {
	data  []byte
	sync  bool
	aside bool // is no progress
	fin   bool // ends our half of TCP instead
}

func newSender(conn net.Conn) *sender {
	s := &sender{conn: conn, done: make(chan struct{}), last: time.Now()}
	s.filled = sync.NewCond(&s.mu)
	go s.run()
	return s
}

// joined is up to where packets that need not be alone are put together.
const joined = 16 << 10

// put adds p to what is to be written. The sender keeps p.
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

// progress is when the peer last took something.
func (s *sender) progress() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// between is the time between packets that are to be segments of their own, so
// that the peer has a chance to read them one by one.
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
				// The reader learns of it too, and says so.
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

// stretch is how much may be under way to the peer before it counts as progress: a
// peer that reads a large message slowly is not one that reads nothing.
const stretch = 64 << 10

// write writes a packet, and notes how it gets on.
func (s *sender) write(p packet) error {
	for rest := p.data; len(rest) > 0; {
		n, err := s.conn.Write(rest[:min(len(rest), stretch)])
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
	batch, s.queue = s.queue, nil
	return batch, s.ended
}

// end writes what is still there, and FIN. It bounds the time in which the
// reader goes on reading.
func (s *sender) end() {
	s.conn.SetWriteDeadline(time.Now().Add(flushTimeout))
	s.close()
	<-s.done
	s.closeWrite()
	s.conn.SetReadDeadline(time.Now().Add(drainTimeout))
}

// half ends our half of TCP after what is still to be written.
func (s *sender) half() { s.add(packet{fin: true, sync: true}) }

// add puts a packet behind those that there are, and joins it to none.
func (s *sender) add(p packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, p)
	s.filled.Signal()
}

func (s *sender) closeWrite() {
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// close refuses further packets.
func (s *sender) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.filled.Signal()
}

// freshKey is a masking key that nobody can predict (RFC 6455 section 5.3).
func freshKey() (key [4]byte) {
	rand.Read(key[:])
	return key
}

package explore_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// way is one direction of a network that a script rules: it takes what one end writes
// and gives it to the other, or not. It notes both.
type way struct {
	from, to net.Conn // the network's sides of the two pipes
	back     *way
	fins     *atomic.Int32 // counts ends of streams, to tell which came first

	mu      sync.Mutex
	changed sync.Cond
	mode    wayMode
	sent    []byte // by the end that writes
	given   []byte // to the end that reads
	fin     int32  // which of the fins that of the writing end was; 0: none came
}

type wayMode uint8

const (
	passing wayMode = iota
	delaying
	swallowing // cut, or ended
)

func newWay(from, to net.Conn, fins *atomic.Int32) *way {
	w := &way{from: from, to: to, fins: fins}
	w.changed.L = &w.mu
	return w
}

func (w *way) set(m wayMode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mode = m
	w.changed.Broadcast()
}

// end is what a middlebox does that forgets a connection one way.
func (w *way) end() {
	w.set(swallowing)
	_ = w.to.(interface{ CloseWrite() error }).CloseWrite()
}

// forge puts bytes of the network's own behind those that were given.
func (w *way) forge(b []byte) {
	w.mu.Lock()
	w.given = append(w.given, b...)
	w.mu.Unlock()
	_, _ = w.to.Write(b)
}

// run carries bytes until there are no more, or they cannot be given.
func (w *way) run() {
	buf := make([]byte, 512)
	for {
		n, err := w.from.Read(buf)
		mode := w.took(buf[:n], err)
		if n > 0 && mode == passing {
			if _, err := w.to.Write(buf[:n]); err != nil && w.back.carries() {
				reset(w.from) // as TCP answers what nobody reads any more
				return
			}
		}
		if err == nil {
			continue
		}
		if err == io.EOF && w.carries() {
			_ = w.to.(interface{ CloseWrite() error }).CloseWrite()
		}
		return
	}
}

// took notes what was sent, and waits while it is delayed.
func (w *way) took(b []byte, err error) wayMode {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, b...)
	if err == io.EOF {
		w.fin = w.fins.Add(1)
	}
	for w.mode == delaying {
		w.changed.Wait()
	}
	if w.mode == passing {
		w.given = append(w.given, b...)
	}
	return w.mode
}

func (w *way) carries() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mode == passing
}

// seen returns the frames that were sent and given, and the number of the FIN.
func (w *way) seen() (sent, given stretch, fin int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return decode(w.sent), decode(w.given), w.fin
}

// stretch is a stream as frames and what is left of it.
type stretch struct {
	frames []naive.Frame
	rest   []byte
}

func decode(b []byte) (s stretch) {
	for {
		f, n := naive.Decode(b)
		if n == 0 {
			s.rest = b
			return s
		}
		s.frames = append(s.frames, f)
		b = b[n:]
	}
}

// close returns the first Close frame, and what follows it, which is nothing.
func (s stretch) close() (body []byte, after int, ok bool) {
	for i, f := range s.frames {
		if f.Opcode == wsplay.OpClose {
			return f.Payload, len(s.frames) - i - 1 + len(s.rest), true
		}
	}
	return nil, 0, false
}

func reset(c net.Conn) {
	_ = c.(interface{ SetLinger(int) error }).SetLinger(0)
	_ = c.Close()
}

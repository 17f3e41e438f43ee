// Package mate has the other end of a connection for tests of the conformance suite: a peer that
// does as a test tells it to, in the time of a bubble (package testing/synctest).
package mate

import (
	"bytes"
	"crypto/subtle"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// Forever is longer than any timer of a case.
const Forever = time.Hour

// A Mate is the judged end of a connection: it does what a test tells it to, and
// keeps what the suite sends, with the time of it.
type Mate struct {
	is    verdict.Role
	Conn  net.Conn
	begun time.Time  // when the connection was open
	Head  *play.Head // of what the suite asked or answered

	mu     sync.Mutex
	moved  *sync.Cond
	stream []byte    // all bytes of frames
	Writes []Arrival // where each Write of the suite ended
	Frames []SentFrame
	// Messages is how many data frames with FIN there are.
	Messages int
	over     bool // the suite has let go
}

// An Arrival is where a Write of the suite ended.
type Arrival struct {
	End int // in the stream
	At  time.Duration
}

// A SentFrame is a frame of the suite, and where it stands in the stream.
type SentFrame struct {
	naive.Frame
	Start, End int
	At         time.Duration // of its last byte
}

// Play plays a case over net.Pipe, in a bubble's time. extensions is what
// the mate offers or agrees to.
func Play(t *testing.T, judged verdict.Role, c *play.Case, extensions string, do func(m *Mate)) (r *verdict.Result, m *Mate) {
	t.Helper()
	return PlayWithin(t, judged, c, extensions, Forever, do)
}

// PlayWithin is Play with a peer that may be silent for as long as timeout.
func PlayWithin(t *testing.T, judged verdict.Role, c *play.Case, extensions string, timeout time.Duration, do func(m *Mate)) (r *verdict.Result, m *Mate) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := play.NewSession(judged, play.OverTCP(ours), c, timeout)
		m = newMate(judged, theirs)
		r = m.oppose(s, func() {
			if judged == verdict.Server {
				s.Play(t.Context(), &play.Request{Target: &url.URL{Scheme: "ws", Host: "example.com", Path: "/"}})
				return
			}
			raw, glued, err := play.ReadHead(ours, time.Now().Add(Forever))
			if err != nil {
				t.Error(err)
			}
			h, err := play.ParseHead(raw)
			if err != nil {
				t.Error(err)
			}
			s.Play(t.Context(), &play.Answer{Head: h, Glued: glued})
		}, func() {
			m.open(t, extensions)
			go m.collect()
			do(m)
		})
	})
	return r, m
}

// PlayOpened is Play for an opener that leaves the mate nothing to do: no opening handshake is on
// the wire. over makes the stream.
func PlayOpened(t *testing.T, judged verdict.Role, c *play.Case, o play.Opener, over func(net.Conn) play.Stream, do func(m *Mate)) (r *verdict.Result, m *Mate) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := play.NewSession(judged, over(ours), c, Forever)
		m = newMate(judged, theirs)
		r = m.oppose(s, func() { s.Play(t.Context(), o) }, func() {
			m.begun = time.Now()
			go m.collect()
			do(m)
		})
	})
	return r, m
}

func newMate(is verdict.Role, conn net.Conn) *Mate {
	m := &Mate{is: is, Conn: conn}
	m.moved = sync.NewCond(&m.mu)
	return m
}

// oppose has both ends do their part, and returns the result.
func (m *Mate) oppose(s *play.Session, ours, theirs func()) *verdict.Result {
	var judging sync.WaitGroup
	judging.Go(ours)
	theirs()
	m.Conn.Close()
	judging.Wait()
	return s.Result
}

// open does the mate's part of the opening handshake.
func (m *Mate) open(t *testing.T, extensions string) {
	line := ""
	if extensions != "" {
		line = "Sec-WebSocket-Extensions: " + extensions + "\r\n"
	}
	const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	if m.is == verdict.Client {
		m.Conn.Write([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n" + upgrade +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + line + "\r\n"))
	}
	raw, glued, err := play.ReadHead(m.Conn, time.Now().Add(Forever))
	if err != nil || len(glued) > 0 {
		t.Errorf("opening handshake: %v, and %d bytes behind it", err, len(glued))
	}
	if m.Head, err = play.ParseHead(raw); err != nil {
		t.Error(err)
		return
	}
	if m.is == verdict.Server {
		m.Conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n" + upgrade +
			"Sec-WebSocket-Accept: " + play.AcceptFor(m.Head.Get("Sec-WebSocket-Key")) + "\r\n" + line + "\r\n"))
	}
	m.begun = time.Now()
}

// collect keeps what comes until the suite lets go.
func (m *Mate) collect() {
	buf := make([]byte, 64<<10)
	for {
		n, err := m.Conn.Read(buf)
		m.mu.Lock()
		m.stream = append(m.stream, buf[:n]...)
		m.Writes = append(m.Writes, Arrival{len(m.stream), time.Since(m.begun)})
		m.decode()
		m.over = err != nil
		m.moved.Broadcast()
		m.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (m *Mate) decode() {
	start := 0
	if n := len(m.Frames); n > 0 {
		start = m.Frames[n-1].End
	}
	for {
		f, size := naive.DecodeHeader(m.stream[start:])
		if size == 0 || uint64(len(m.stream)-start-size) < f.Length {
			return
		}
		end := start + size + int(f.Length)
		f.Payload = unmasked(m.stream[start+size:end], f.Key)
		m.Frames = append(m.Frames, SentFrame{f, start, end, time.Since(m.begun)})
		start = end
		if f.FIN && f.Opcode < 8 {
			m.Messages++
		}
	}
}

// unmasked is naive.Mask for megabytes.
func unmasked(p []byte, key [4]byte) []byte {
	if key == [4]byte{} {
		return p
	}
	out := make([]byte, len(p))
	keys := bytes.Repeat(key[:], min(1024, len(p)/4+1))
	for at := 0; at < len(p); at += len(keys) {
		subtle.XORBytes(out[at:], p[at:], keys)
	}
	return out
}

// SoFar returns the frames that have come.
func (m *Mate) SoFar() []SentFrame {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.Frames)
}

// Await waits until enough has come, or the suite has let go.
func (m *Mate) Await(enough func(frames []SentFrame) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.over && !enough(m.Frames) {
		m.moved.Wait()
	}
}

// AwaitEnd waits until the suite has let go.
func (m *Mate) AwaitEnd() { m.Await(func([]SentFrame) bool { return false }) }

// AwaitClose waits for a Close frame.
func (m *Mate) AwaitClose() {
	m.Await(func(frames []SentFrame) bool {
		return slices.ContainsFunc(frames, func(f SentFrame) bool { return f.Opcode == play.OpClose })
	})
}

// Message waits for the n-th message, the first is 0, and puts its frames together.
func (m *Mate) Message(n int) (whole naive.Frame) {
	m.Await(func([]SentFrame) bool { return m.Messages > n })
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.Frames {
		switch {
		case f.Opcode >= 8:
			continue
		case f.Opcode != play.OpContinuation:
			whole = naive.Frame{FIN: true, Opcode: f.Opcode, RSV1: f.RSV1, Payload: slices.Clip(f.Payload)}
		default:
			whole.Payload = append(whole.Payload, f.Payload...)
		}
		if f.FIN {
			if n--; n < 0 {
				return whole
			}
		}
	}
	return naive.Frame{}
}

// Send sends a frame as the mate's role has it.
func (m *Mate) Send(f naive.Frame) {
	f.Masked, f.Key = m.is == verdict.Client, [4]byte{1, 2, 3, 4}
	m.Conn.Write(naive.Encode(f))
}

// SendClose sends a Close frame, without a code if it is noCode.
func (m *Mate) SendClose(code int) { m.Send(play.Whole(play.OpClose, ClosePayload(code, ""))) }

func ClosePayload(code int, reason string) string {
	if code == play.NoCode {
		return reason
	}
	return string([]byte{byte(code >> 8), byte(code)}) + reason
}

// Answer is the mate's part of a closing handshake that the suite began, and of
// the end of TCP after it.
func (m *Mate) Answer(code int) {
	m.AwaitClose()
	m.SendClose(code)
	m.LetGo()
}

// LetGo leaves the end of TCP to the server.
func (m *Mate) LetGo() {
	if m.is == verdict.Client {
		m.AwaitEnd()
	}
}

// PlayUnread is PlayWithin for a server that reads what it likes, and when.
func PlayUnread(t *testing.T, c *play.Case, timeout time.Duration, serve func(conn net.Conn)) (r *verdict.Result, m *Mate) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := play.NewSession(verdict.Server, play.OverTCP(ours), c, timeout)
		m = newMate(verdict.Server, theirs)
		r = m.oppose(s, func() {
			if _, err := s.Play(t.Context(), &play.Request{Target: &url.URL{Scheme: "ws", Host: "example.com", Path: "/"}}); err != nil {
				t.Error(err)
			}
		}, func() {
			m.open(t, "")
			serve(theirs)
		})
	})
	return r, m
}

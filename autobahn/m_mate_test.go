package autobahn

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

	"github.com/hawser-ws/websocket/internal/naive"
)

// forever is longer than any timer of a case.
const forever = time.Hour

// A mate is the judged end of a connection: it does what a test tells it to, and
// keeps what the suite sends, with the time of it.
type mate struct {
	is    Role
	conn  net.Conn
	begun time.Time // when the connection was open
	head  *head     // of what the suite asked or answered

	mu     sync.Mutex
	moved  *sync.Cond
	stream []byte    // all bytes of frames
	writes []arrival // where each Write of the suite ended
	frames []sentFrame
	// messages is how many data frames with FIN there are.
	messages int
	over     bool // the suite has let go
}

type arrival struct {
	end int // in the stream
	at  time.Duration
}

type sentFrame struct {
	naive.Frame
	start, end int
	at         time.Duration // of its last byte
}

// playPiped plays a case over net.Pipe, in a bubble's time. extensions is what
// the mate offers or agrees to.
func playPiped(t *testing.T, judged Role, c *Case, extensions string, do func(m *mate)) (r *Result, m *mate) {
	t.Helper()
	return playWithin(t, judged, c, extensions, forever, do)
}

// playWithin is playPiped with a peer that may be silent for as long as timeout.
func playWithin(t *testing.T, judged Role, c *Case, extensions string, timeout time.Duration, do func(m *mate)) (r *Result, m *mate) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		m = &mate{is: judged, conn: theirs}
		m.moved = sync.NewCond(&m.mu)
		s := newSession(judged, overTCP(ours), c, timeout)
		var judging sync.WaitGroup
		judging.Go(func() {
			if judged == Server {
				s.playOver(t.Context(), &request{target: &url.URL{Scheme: "ws", Host: "example.com", Path: "/"}})
				return
			}
			raw, glued, err := readHead(ours, time.Now().Add(forever))
			if err != nil {
				t.Error(err)
			}
			h, err := parseHead(raw)
			if err != nil {
				t.Error(err)
			}
			s.playOver(t.Context(), &answer{head: h, glued: glued})
		})
		m.open(t, extensions)
		go m.collect()
		do(m)
		m.conn.Close()
		judging.Wait()
		r = s.result
	})
	return r, m
}

// open does the mate's part of the opening handshake.
func (m *mate) open(t *testing.T, extensions string) {
	line := ""
	if extensions != "" {
		line = "Sec-WebSocket-Extensions: " + extensions + "\r\n"
	}
	const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	if m.is == Client {
		m.conn.Write([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n" + upgrade +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + line + "\r\n"))
	}
	raw, glued, err := readHead(m.conn, time.Now().Add(forever))
	if err != nil || len(glued) > 0 {
		t.Errorf("opening handshake: %v, and %d bytes behind it", err, len(glued))
	}
	if m.head, err = parseHead(raw); err != nil {
		t.Error(err)
		return
	}
	if m.is == Server {
		m.conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n" + upgrade +
			"Sec-WebSocket-Accept: " + acceptFor(m.head.get("Sec-WebSocket-Key")) + "\r\n" + line + "\r\n"))
	}
	m.begun = time.Now()
}

// collect keeps what comes until the suite lets go.
func (m *mate) collect() {
	buf := make([]byte, 64<<10)
	for {
		n, err := m.conn.Read(buf)
		m.mu.Lock()
		m.stream = append(m.stream, buf[:n]...)
		m.writes = append(m.writes, arrival{len(m.stream), time.Since(m.begun)})
		m.decode()
		m.over = err != nil
		m.moved.Broadcast()
		m.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (m *mate) decode() {
	start := 0
	if n := len(m.frames); n > 0 {
		start = m.frames[n-1].end
	}
	for {
		f, size := naive.DecodeHeader(m.stream[start:])
		if size == 0 || uint64(len(m.stream)-start-size) < f.Length {
			return
		}
		end := start + size + int(f.Length)
		f.Payload = unmasked(m.stream[start+size:end], f.Key)
		m.frames = append(m.frames, sentFrame{f, start, end, time.Since(m.begun)})
		start = end
		if f.FIN && f.Opcode < 8 {
			m.messages++
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

// sofar returns the frames that have come.
func (m *mate) sofar() []sentFrame {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.frames)
}

// await waits until enough has come, or the suite has let go.
func (m *mate) await(enough func(frames []sentFrame) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.over && !enough(m.frames) {
		m.moved.Wait()
	}
}

// awaitEnd waits until the suite has let go.
func (m *mate) awaitEnd() { m.await(func([]sentFrame) bool { return false }) }

// awaitClose waits for a Close frame.
func (m *mate) awaitClose() {
	m.await(func(frames []sentFrame) bool {
		return slices.ContainsFunc(frames, func(f sentFrame) bool { return f.Opcode == opClose })
	})
}

// message waits for the n-th message, the first is 0, and puts its frames together.
func (m *mate) message(n int) (whole naive.Frame) {
	m.await(func([]sentFrame) bool { return m.messages > n })
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.frames {
		switch {
		case f.Opcode >= 8:
			continue
		case f.Opcode != opContinuation:
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

// send sends a frame as the mate's role has it.
func (m *mate) send(f naive.Frame) {
	f.Masked, f.Key = m.is == Client, [4]byte{1, 2, 3, 4}
	m.conn.Write(naive.Encode(f))
}

// sendClose sends a Close frame, without a code if it is noCode.
func (m *mate) sendClose(code int) { m.send(whole(opClose, closePayload(code, ""))) }

func closePayload(code int, reason string) string {
	if code == noCode {
		return reason
	}
	return string([]byte{byte(code >> 8), byte(code)}) + reason
}

// answer is the mate's part of a closing handshake that the suite began, and of
// the end of TCP after it.
func (m *mate) answer(code int) {
	m.awaitClose()
	m.sendClose(code)
	m.letGo()
}

// letGo leaves the end of TCP to the server.
func (m *mate) letGo() {
	if m.is == Client {
		m.awaitEnd()
	}
}

// playUnread is playWithin for a server that reads what it likes, and when.
func playUnread(t *testing.T, c *Case, timeout time.Duration, serve func(conn net.Conn)) (r *Result, m *mate) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		m = &mate{is: Server, conn: theirs}
		s := newSession(Server, overTCP(ours), c, timeout)
		var judging sync.WaitGroup
		judging.Go(func() {
			if _, err := s.playOver(t.Context(), &request{target: &url.URL{Scheme: "ws", Host: "example.com", Path: "/"}}); err != nil {
				t.Error(err)
			}
		})
		m.open(t, "")
		serve(theirs)
		theirs.Close()
		judging.Wait()
		r = s.result
	})
	return r, m
}

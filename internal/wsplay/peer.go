package wsplay

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/wstest"
)

// Peer is the other end of a connection, played by hand: it sends frames of any kind,
// right or wrong, and checks those that it receives.
type Peer struct {
	net.Conn
	T       *testing.T
	Client  bool          // its role: it masks
	Deflate bool          // frames may be compressed
	Unread  []byte        // read and not yet decoded
	Pace    time.Duration // the pause in a flood
	Floods  sync.WaitGroup
}

// NewPeer returns the peer, on conn, of an engine in this role.
func NewPeer(t *testing.T, role websocket.Role, conn net.Conn) *Peer {
	return &Peer{Conn: conn, T: t, Client: role == websocket.RoleServer, Pace: time.Millisecond}
}

// Pipe connects an engine in this role to a peer, by a stream that holds buffer bytes
// each way (0: 64 KiB).
func Pipe(t *testing.T, role websocket.Role, opts *websocket.ConnOptions, buffer int) (*websocket.Conn, *Peer) {
	t.Helper()
	near, other := wstest.NetPipe(buffer)
	c := websocket.NewConn(near, role, opts)
	p := NewPeer(t, role, other)
	t.Cleanup(func() {
		_ = p.Close()
		_ = c.CloseNow()
		p.Floods.Wait()
	})
	return c, p
}

// Wire returns frames as the peer's role sends them.
func (p *Peer) Wire(frames ...naive.Frame) []byte {
	var b []byte
	for _, f := range frames {
		f.Masked, f.Key = p.Client, MaskingKey
		b = append(b, naive.Encode(f)...)
	}
	return b
}

// Send sends frames. Like SendBytes, it may be called on any goroutine.
func (p *Peer) Send(frames ...naive.Frame) { p.T.Helper(); p.SendBytes(p.Wire(frames...)) }

// SendBytes sends bytes as they are.
func (p *Peer) SendBytes(b []byte) {
	p.T.Helper()
	if _, err := p.Write(b); err != nil {
		p.T.Errorf("the peer cannot send: %v", err)
	}
}

// Repeat sends the same bytes again and again until the connection breaks. The pause
// between two is for a bubble, where time passes only while somebody sleeps.
func (p *Peer) Repeat(b []byte, pause time.Duration) error {
	for {
		if _, err := p.Write(b); err != nil {
			return err
		}
		if pause > 0 {
			time.Sleep(pause)
		}
	}
}

// Flood repeats something at the peer's pace, while the test goes on.
func (p *Peer) Flood(b []byte) { p.Floods.Go(func() { _ = p.Repeat(b, p.Pace) }) }

// Reset drops the connection as a crashed host does.
func (p *Peer) Reset() {
	_ = p.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
	_ = p.Close()
}

// HalfClose ends the peer's half of the stream.
func (p *Peer) HalfClose() { _ = p.Conn.(interface{ CloseWrite() error }).CloseWrite() }

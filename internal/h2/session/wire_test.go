package session

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/internal/h2"
)

// peer plays the other end by hand.
type peer struct {
	*http2.Framer
	nc   net.Conn
	read chan http2.Frame
}

func playPeer(t *testing.T, nc net.Conn) *peer {
	p := &peer{http2.NewFramer(nc, nc), nc, make(chan http2.Frame, 100)}
	go func() {
		defer close(p.read)
		for {
			f, err := p.ReadFrame()
			if err != nil {
				return
			}
			if g, ok := f.(*http2.GoAwayFrame); ok {
				p.read <- &http2.GoAwayFrame{FrameHeader: g.FrameHeader, ErrCode: g.ErrCode}
				continue
			}
			p.read <- f
		}
	}()
	t.Cleanup(func() { _ = nc.Close() })
	return p
}

// wantGoAway reads until a GOAWAY comes.
func (p *peer) wantGoAway(t *testing.T, code http2.ErrCode) {
	t.Helper()
	for f := range p.read {
		if g, ok := f.(*http2.GoAwayFrame); ok {
			if g.ErrCode != code {
				t.Errorf("GOAWAY with %v, want %v", g.ErrCode, code)
			}
			return
		}
	}
	t.Error("no GOAWAY came")
}

// runClient runs a client against a peer played by hand, over net.Pipe.
func runClient(t *testing.T, nc net.Conn, cfg Config) (s *Session, ran chan error) {
	s = New(nc, cfg)
	ran = make(chan error, 1)
	go func() { ran <- s.Run() }()
	t.Cleanup(func() { s.Close(); <-s.Done() })
	return s, ran
}

// playServer is a peer that has exchanged the settings.
func playServer(t *testing.T, nc net.Conn) *peer {
	t.Helper()
	if _, err := io.ReadFull(nc, nil); err != nil {
		t.Fatal(err)
	}
	p := &peer{http2.NewFramer(nc, nc), nc, make(chan http2.Frame, 100)}
	go func() {
		defer close(p.read)
		if _, err := io.ReadFull(nc, make([]byte, len(h2.Preface))); err != nil {
			return
		}
		for {
			f, err := p.ReadFrame()
			if err != nil {
				return
			}
			if g, ok := f.(*http2.GoAwayFrame); ok {
				f = &http2.GoAwayFrame{FrameHeader: g.FrameHeader, ErrCode: g.ErrCode}
			}
			p.read <- f
		}
	}()
	go func() {
		_ = p.WriteSettings(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
		_ = p.WriteSettingsAck()
	}()
	t.Cleanup(func() { _ = nc.Close() })
	synctest.Wait()
	return p
}

// mute is a network connection whose writes fail once it is.
type mute struct {
	net.Conn
	now atomic.Bool
}

var errMute = errors.New("a broken pipe")

func (m *mute) Write(p []byte) (int, error) {
	if m.now.Load() {
		return 0, errMute
	}
	return m.Conn.Write(p)
}

// deaf is a network connection whose deadlines do nothing.
type deaf struct{ net.Conn }

func (deaf) SetReadDeadline(time.Time) error  { return nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }

// cut is a network connection that breaks when so many bytes have gone one way.
type cut struct {
	net.Conn
	mu   sync.Mutex
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	c.mu.Lock()
	n := min(c.left, len(p))
	c.left -= n
	c.mu.Unlock()
	m, err := c.Conn.Write(p[:n])
	if m < len(p) && err == nil {
		_ = c.Conn.Close()
		err = io.ErrClosedPipe
	}
	return m, err
}

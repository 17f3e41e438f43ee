package session

import (
	"bytes"
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

// What a peer breaks is told to it, over TCP too, where a reset could destroy that.
func TestViolation(t *testing.T) {
	a, b := tcp(t)
	s := New(a, Config{Role: h2.Server})
	ran := make(chan error, 1)
	go func() { ran <- s.Run() }()
	p := playPeer(t, b)
	if _, err := io.WriteString(b, h2.Preface); err != nil {
		t.Fatal(err)
	}
	_ = p.WriteSettings()
	_ = p.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 10))
	for range 100 { // what stays unread has TCP send a reset
		_ = p.WritePing(false, [8]byte{})
	}
	p.wantGoAway(t, http2.ErrCodeProtocol)
	_ = b.Close()
	err := <-ran
	if broken, ok := errors.AsType[*h2.ConnError](err); !ok || broken.Code != h2.ProtocolError {
		t.Errorf("Run: %v", err)
	}
}

// A peer that goes may have said something first, such as why. A write that fails does not keep
// that from being read; nor does it wait for ever for a peer that says nothing.
func TestLastWords(t *testing.T) {
	for _, speaks := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			p := playServer(t, b)
			nc := &mute{Conn: a}
			s, ran := runClient(t, nc, Config{})
			synctest.Wait() // the settings are there
			go func() {
				_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndHeaders: true})
			}()
			x, _, err := s.Open(t.Context(), connect)
			if err != nil {
				t.Fatal(err)
			}
			nc.now.Store(true)
			begin := time.Now()
			_, _ = x.Write([]byte("lost"), nil)
			synctest.Wait()
			wantIs(t, "a request", s.CanOpen(), errMute)
			_, err = s.Request(t.Context(), connect)
			wantIs(t, "a request", err, errMute)
			if speaks {
				_ = p.WriteData(1, false, []byte("farewell"))
				_ = p.WriteGoAway(1, http2.ErrCodeNo, []byte("dinner"))
				_ = b.Close()
			}
			got, err := io.ReadAll(reader{x})
			lost, ok := errors.AsType[*LostError](err)
			if !ok || !errors.Is(err, errMute) || (string(got) == "farewell") != speaks || (lost.GoAway != nil) != speaks {
				t.Errorf("%q, %v", got, err)
			}
			if took := time.Since(begin); (took == 0) != speaks || took > linger {
				t.Errorf("after %v", took)
			}
			_ = x.Close()
			wantIs(t, "Run", <-ran, errMute)
		})
	}
}

// A stream that its peer breaks ends by itself.
func TestStreamViolation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		p := playServer(t, b)
		s, _ := runClient(t, a, Config{})
		failed := make(chan error, 1)
		go func() { _, _, err := s.Open(t.Context(), connect); failed <- err }()
		synctest.Wait()
		if err := p.WriteWindowUpdate(1, 1<<31-1); err != nil {
			t.Fatal(err)
		}
		err := <-failed
		if broken, ok := errors.AsType[*h2.StreamError](err); !ok || broken.Code != h2.FlowControlError {
			t.Error(err)
		}
		wantIs(t, "the session", s.CanOpen(), nil)
	})
}

// On such a connection nothing ends a read but its Close.
func TestDeafDeadlines(t *testing.T) {
	for name, finish := range map[string]func(p *pair) error{
		"Close":    func(p *pair) error { p.server.Close(); return nil },
		"Shutdown": func(p *pair) error { return p.server.Shutdown(p.t.Context()) },
		"idle":     func(*pair) error { return nil },
	} {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			cfg := Config{}
			if name == "idle" {
				cfg.IdleTimeout = time.Minute
			}
			p := joinOver(t, deaf{a}, deaf{b}, Config{}, cfg, echo)
			talk(t, p.open(), "hello")
			if err := finish(p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			p.running.Wait()
			if p.clientErr != nil || p.serverErr != nil {
				t.Errorf("%s: %v, %v", name, p.clientErr, p.serverErr)
			}
			p.end()
		})
	}
}

// What comes behind the end of a session is nobody's.
func TestBehindTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		playPeer(t, b)
		s := New(a, Config{Role: h2.Server, Handle: func(*Stream, *h2.Head) { t.Error("a request was handled") }})
		hear := func(p []byte) {
			s.in.Extend(copy(s.in.Room(), p))
			s.receive()
		}
		var p bytes.Buffer
		p.WriteString(h2.Preface)
		f := http2.NewFramer(&p, nil)
		_ = f.WriteSettings()
		hear(p.Bytes())
		s.mu.Lock()
		s.end(io.ErrClosedPipe) // as a write that fails does
		s.mu.Unlock()
		p.Reset()
		block := []byte{0x02, 7, 'C', 'O', 'N', 'N', 'E', 'C', 'T', 0x01, 1, 'a'} // :method, :authority
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndHeaders: true})
		hear(p.Bytes())
		if n := s.InUse(); n > 0 {
			t.Errorf("%d streams", n)
		}
		wantIs(t, "Run", s.Run(), io.ErrClosedPipe)
	})
}

// Wherever the connection breaks, everybody hears of it and everything ends.
func TestBreaks(t *testing.T) {
	step := 7
	if testing.Short() {
		step = 31
	}
	for after := 0; after < 900; after += step {
		for _, which := range []int{0, 1} {
			bubble(t, func(t *testing.T) {
				a, b := net.Pipe()
				ends := [2]net.Conn{a, b}
				ends[which] = &cut{Conn: ends[which], left: after}
				p := joinOver(t, ends[0], ends[1], Config{}, Config{}, echo)
				var users sync.WaitGroup
				var opened atomic.Bool
				for range 3 {
					users.Go(func() {
						x, _, err := p.client.Open(t.Context(), connect)
						if err == nil {
							opened.Store(true)
						}
						for err == nil {
							if _, err = x.Write(pattern(0, 10), nil); err == nil {
								_, err = x.Read(make([]byte, 10))
							}
						}
						if _, ok := errors.AsType[*LostError](err); !ok {
							t.Errorf("after %d: %v", after, err)
						}
						if x != nil {
							_ = x.Close()
						}
					})
				}
				users.Wait()
				p.end()
				if opened.Load() && p.clientErr == nil && p.serverErr == nil {
					t.Errorf("after %d: nobody has seen it", after)
				}
			})
		}
	}
}

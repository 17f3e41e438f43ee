package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/internal/h2"
)

// Shutdown waits for the streams that there are, takes those on their way, and no more.
func TestShutdown(t *testing.T) {
	for _, role := range []h2.Role{h2.Client, h2.Server} {
		bubble(t, func(t *testing.T) {
			p := join(t, Config{}, Config{}, echo)
			x := p.open()
			s := p.client
			if role == h2.Server {
				s = p.server
			}
			done := make(chan error, 2)
			go func() { done <- s.Shutdown(t.Context()) }()
			synctest.Wait()
			go func() { done <- s.Shutdown(t.Context()) }() // a second one waits as well
			synctest.Wait()
			wantIs(t, "another stream", p.client.CanOpen(), h2.ErrGoingAway)
			select {
			case err := <-done:
				t.Errorf("it has not waited: %v", err)
			default:
			}
			talk(t, x, "still here")
			for range 2 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			p.end()
			if p.clientErr != nil || p.serverErr != nil {
				t.Errorf("%v, %v", p.clientErr, p.serverErr)
			}
		})
	}
}

// A Shutdown whose context ends takes the streams with it.
func TestShutdownGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{}, echo)
		x := p.open()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantIs(t, "Shutdown", p.server.Shutdown(ctx), context.DeadlineExceeded)
		_, err := x.Read(make([]byte, 1))
		lost, ok := errors.AsType[*LostError](err)
		if !ok || !errors.Is(err, io.EOF) || lost.GoAway == nil || lost.GoAway.Code != h2.NoError || !strings.Contains(err.Error(), "GOAWAY with NO_ERROR") {
			t.Errorf("a read: %v", err)
		}
		_ = x.Close()
		p.running.Wait()
		if !errors.Is(p.clientErr, io.EOF) || p.serverErr != nil {
			t.Errorf("%v, %v", p.clientErr, p.serverErr)
		}
		if err := p.server.Shutdown(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A client that has read a warning opens nothing more, and ends with its last stream although
// the server goes on.
func TestGoAwayEndsTheClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{}, echo)
		x := p.open()
		p.server.mu.Lock()
		p.server.ep.GoAway(h2.NoError, "bye")
		p.server.leave()
		synctest.Wait()
		_, _, err := p.client.Open(t.Context(), connect)
		wantIs(t, "another stream", err, h2.ErrGoingAway)
		talk(t, x, "text")
		p.running.Wait()
		if p.clientErr != nil || p.serverErr != nil {
			t.Errorf("%v, %v", p.clientErr, p.serverErr)
		}
	})
}

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

// A GOAWAY that ends a stream before it was looked at says that it may be tried elsewhere. The
// stream below it goes on.
func TestGoAwayNotProcessed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		p := playServer(t, b)
		s, _ := runClient(t, a, Config{})
		results := make(chan error, 2)
		for range 2 {
			go func() {
				x, _, err := s.Open(t.Context(), connect)
				if err == nil {
					_ = x.Close()
				}
				results <- err
			}()
		}
		synctest.Wait()
		if err := p.WriteGoAway(1, http2.ErrCodeNo, nil); err != nil {
			t.Fatal(err)
		}
		err := <-results
		reset, ok := errors.AsType[*ResetError](err)
		if !ok || !reset.RetrySafe || !reset.GoingAway || !strings.Contains(err.Error(), "GOAWAY with NO_ERROR") {
			t.Error(err)
		}
		if err := p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndHeaders: true}); err != nil {
			t.Fatal(err)
		}
		if err := <-results; err != nil {
			t.Error(err)
		}
	})
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

// What a peer owes is limited by time, and so is a session without streams.
func TestTimes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, b) }()
		defer b.Close()
		begin := time.Now()
		err := New(a, Config{IdleTimeout: time.Hour}).Run()
		if broken, ok := errors.AsType[*h2.ConnError](err); !ok || broken.Code != h2.SettingsTimeout || time.Since(begin) != h2.DefaultSettingsTimeout {
			t.Errorf("without settings: %v after %v", err, time.Since(begin))
		}
	})
	bubble(t, func(t *testing.T) { // the first stream has ten seconds to come, and the next what it is
		p := join(t, Config{IdleTimeout: time.Second}, Config{}, echo)
		begin := time.Now()
		if p.running.Wait(); p.clientErr != nil || p.serverErr != nil || time.Since(begin) != h2.DefaultSettingsTimeout {
			t.Errorf("%v, %v after %v", p.clientErr, p.serverErr, time.Since(begin))
		}
		p = join(t, Config{IdleTimeout: time.Second}, Config{}, echo)
		begin = time.Now()
		talk(t, p.open(), "text")
		if p.running.Wait(); p.clientErr != nil || p.serverErr != nil || time.Since(begin) != time.Second {
			t.Errorf("%v, %v after %v", p.clientErr, p.serverErr, time.Since(begin))
		}
	})
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{IdleTimeout: time.Minute}, echo)
		begin := time.Now()
		time.Sleep(50 * time.Second)
		x := p.open()
		time.Sleep(time.Hour)
		talk(t, x, "text")
		p.running.Wait()
		if took := time.Since(begin); p.clientErr != nil || p.serverErr != nil || took != 50*time.Second+time.Hour+time.Minute {
			t.Errorf("%v, %v after %v", p.clientErr, p.serverErr, took)
		}
	})
	bubble(t, func(t *testing.T) { // no answer to our PING
		a, b := net.Pipe()
		p := playPeer(t, b)
		s := New(a, Config{Role: h2.Server})
		ran := make(chan error, 1)
		go func() { ran <- s.Run() }()
		_, _ = io.WriteString(b, h2.Preface)
		_ = p.WriteSettings()
		_ = p.WriteSettingsAck()
		synctest.Wait()
		begin := time.Now()
		if err := s.Shutdown(t.Context()); err != nil || time.Since(begin) != pingPatience {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	bubble(t, func(t *testing.T) { // nobody reads
		a, b := net.Pipe()
		defer b.Close()
		begin := time.Now()
		err := New(a, Config{WriteTimeout: time.Second}).Run()
		if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "took nothing") || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
	bubble(t, func(t *testing.T) { // Close does not wait for who does not read
		a, b := net.Pipe()
		defer b.Close()
		s := New(a, Config{})
		begin := time.Now()
		time.AfterFunc(time.Second, s.Close)
		if err := s.Run(); err != nil || time.Since(begin) != time.Second+linger {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

// deaf is a network connection whose deadlines do nothing.
type deaf struct{ net.Conn }

func (deaf) SetReadDeadline(time.Time) error  { return nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }

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

// Whoever closes the network connection ends the session in order, if no stream is cut off.
func TestNetworkConnectionClosed(t *testing.T) {
	for _, cutOff := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			p := joinOver(t, a, b, Config{}, Config{}, echo)
			talk(t, p.open(), "hello")
			if x := p.open(); cutOff {
				defer x.Close()
			} else {
				_ = x.Close()
			}
			synctest.Wait()
			_ = b.Close()
			p.running.Wait()
			if (p.serverErr != nil) != cutOff || (p.clientErr != nil) != cutOff {
				t.Errorf("%v, %v", p.clientErr, p.serverErr)
			}
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

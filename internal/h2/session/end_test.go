package session

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
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

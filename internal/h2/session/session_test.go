package session

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Streams carry bytes both ways, end in order, and leave nothing.
func TestStreams(t *testing.T) {
	for name, over := range map[string]func(*testing.T) (a, b net.Conn){
		"pipe": func(*testing.T) (a, b net.Conn) { return net.Pipe() },
		"tcp":  tcp,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := over(t)
			p := joinOver(t, a, b, Config{}, Config{}, echo)
			var clients sync.WaitGroup
			for range 64 {
				clients.Go(func() {
					x := p.open()
					talk(t, x, strings.Repeat("text", 5000))
				})
			}
			clients.Wait()
			if name == "tcp" {
				x := p.open()
				local, remote := x.Addresses()
				if local.String() != a.LocalAddr().String() || remote != a.RemoteAddr().String() || x.NetConn() != nil {
					t.Errorf("%v, %v", local, remote)
				}
				if !x.Traits().Has(transport.CountsPartialWrites|transport.TriesWrites) || x.Traits().Has(transport.RetainsBuffers) {
					t.Error(x.Traits())
				}
				_ = x.Close()
			}
			if err := p.server.Shutdown(t.Context()); err != nil { // which waits for what it serves
				t.Error(err)
			}
			p.end()
			if p.clientErr != nil || p.serverErr != nil {
				t.Errorf("%v, %v", p.clientErr, p.serverErr)
			}
			for _, s := range []*Session{p.client, p.server} {
				<-s.Done()
			}
		})
	}
}

// An interruption makes a read fail at once, also when something is there, and loses nothing.
func TestInterruptRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		go_ := make(chan struct{})
		p := join(t, Config{}, Config{}, func(x *Stream) {
			<-go_
			_, _ = x.Write([]byte("text"), nil)
			<-go_
			_, _ = x.Write([]byte("more"), nil)
			_, _ = x.Read(make([]byte, 1))
		})
		x := p.open()
		buf := make([]byte, 10)
		got := make(chan error, 1)
		go func() { _, err := x.Read(buf); got <- err }()
		synctest.Wait()
		x.InterruptRead(true)
		wantIs(t, "a read that waits", <-got, os.ErrDeadlineExceeded)
		go_ <- struct{}{}
		synctest.Wait()
		_, err := x.Read(buf)
		wantIs(t, "a read of what is there", err, os.ErrDeadlineExceeded)
		x.InterruptRead(false)
		if n, err := x.Read(buf[:3]); string(buf[:n]) != "tex" || err != nil {
			t.Errorf("%q, %v", buf[:n], err)
		}
		if n, err := x.Read(buf); string(buf[:n]) != "t" || err != nil {
			t.Errorf("%q, %v", buf[:n], err)
		}
		if x.in.last != nil {
			t.Error("an empty inbox has memory")
		}
		var b transport.Buffer
		x.InterruptRead(true)
		_, err = x.Fill(&b)
		wantIs(t, "Fill", err, os.ErrDeadlineExceeded)
		x.InterruptRead(false)
		go_ <- struct{}{}
		if n, err := x.Fill(&b); n != 4 || string(b.Bytes()) != "more" || err != nil {
			t.Errorf("%d, %q, %v", n, b.Bytes(), err)
		}
		b.Discard()
		_ = x.Close()
		p.end()
	})
}

// A write that is interrupted, or late, says exactly how many bytes go, and the next goes on
// behind them: whenever it happens.
func TestInterruptWrite(t *testing.T) {
	for _, window := range []uint32{0, 100, 1 << 20} {
		bubble(t, func(t *testing.T) {
			got := make(chan int, 1)
			p := join(t, Config{}, Config{HTTP2: h2.Config{StreamWindow: window}}, func(x *Stream) {
				n, err := wantPattern(t, x)
				wantIs(t, "the end", err, io.EOF)
				got <- n
			})
			x := p.open()
			const all = 300_000
			done := make(chan struct{})
			go func() {
				defer close(done)
				for sent := 0; sent < all; {
					rest := pattern(sent, all-sent)
					head := min(100, len(rest))
					n, err := x.Write(rest[:head], rest[head:])
					if sent += n; err == nil {
						if sent != all {
							t.Errorf("%d of %d, no error", sent, all)
						}
						return
					}
					if !transport.DeadlineExceeded(err) {
						t.Error(err)
						return
					}
					time.Sleep(100 * time.Nanosecond) // time stands still while somebody runs
					if sent%3 == 0 {
						sent += x.TryWrite(pattern(sent, min(10, all-sent)))
					}
				}
			}()
			interruptAt(x, done)
			<-done
			x.CloseWrite()
			if n := <-got; n != all {
				t.Errorf("%d bytes of %d", n, all)
			}
			_ = x.Close()
			p.end()
		})
	}
}

// interruptAt interrupts writes of x by both means until done is closed.
func interruptAt(x *Stream, done <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		switch i % 3 {
		case 0:
			x.InterruptWrite(true)
			if i%2 == 0 {
				time.Sleep(time.Microsecond)
			}
			x.InterruptWrite(false)
		case 1:
			x.LimitWrite(time.Now().Add(time.Duration(i%5) * time.Microsecond))
			time.Sleep(time.Microsecond)
		case 2:
			x.LimitWrite(time.Time{})
			time.Sleep(time.Microsecond)
		}
	}
}

// Without room a write waits for its limit, its interruption, or the end, and TryWrite does
// not.
func TestWriteWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stop := make(chan struct{})
		p := join(t, Config{}, Config{}, func(*Stream) { <-stop })
		x := p.open()
		const window = 65_535
		if n := x.TryWrite(pattern(0, 10_000)); n != 10_000 {
			t.Errorf("TryWrite: %d", n)
		}
		x.LimitWrite(time.Now().Add(time.Second))
		begin := time.Now()
		n, err := x.Write(nil, pattern(10_000, 100_000))
		wantIs(t, "late", err, os.ErrDeadlineExceeded)
		if n != window-10_000 || time.Since(begin) != time.Second {
			t.Errorf("%d bytes in %v", n, time.Since(begin))
		}
		if n, err := x.Write([]byte("x"), nil); n != 0 || !transport.DeadlineExceeded(err) {
			t.Errorf("a later one: %d, %v", n, err)
		}
		x.LimitWrite(time.Now().Add(-time.Second))
		if n, err := x.Write([]byte("x"), nil); n != 0 || !transport.DeadlineExceeded(err) {
			t.Errorf("one that is late at once: %d, %v", n, err)
		}
		x.LimitWrite(time.Time{})
		if n := x.TryWrite([]byte("x")); n != 0 {
			t.Errorf("TryWrite without a window: %d", n)
		}
		failed := make(chan error, 1)
		go func() { _, err := x.Write([]byte("x"), nil); failed <- err }()
		synctest.Wait()
		x.InterruptWrite(true)
		wantIs(t, "interrupted", <-failed, os.ErrDeadlineExceeded)
		if n := x.TryWrite([]byte("x")); n != 0 {
			t.Errorf("TryWrite while interrupted: %d", n)
		}
		x.InterruptWrite(false)
		go func() { _, err := x.Write([]byte("x"), nil); failed <- err }()
		synctest.Wait()
		_ = x.Close()
		wantIs(t, "closed", <-failed, net.ErrClosed)
		_, err = x.Write([]byte("x"), nil)
		wantIs(t, "after Close", err, net.ErrClosed)
		_, err = x.Read(make([]byte, 1))
		wantIs(t, "a read after Close", err, net.ErrClosed)
		x.LimitWrite(time.Now().Add(time.Second))
		if x.CloseWrite() || x.TryWrite([]byte("x")) != 0 || x.Close() != nil {
			t.Error("it is closed, and does something")
		}
		close(stop)
		p.end()
	})
}

// Streams that nobody reads, and those that cannot be written, cost the others nothing.
func TestStalledStreams(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stop := make(chan struct{})
		p := join(t, Config{}, Config{}, func(x *Stream) {
			first := make([]byte, 1)
			if _, err := x.Read(first); err != nil || first[0] == 's' {
				<-stop
				return
			}
			_, _ = x.Write(first, nil)
			echo(x)
		})
		var stalled []*Stream
		var writers sync.WaitGroup
		for range 50 {
			x := p.open()
			stalled = append(stalled, x)
			writers.Go(func() {
				_, err := x.Write([]byte("s"), make([]byte, 100_000))
				wantIs(t, "a write to a stream that nobody reads", err, net.ErrClosed)
			})
		}
		synctest.Wait()
		var busy sync.WaitGroup
		for range 5 {
			busy.Go(func() { talk(t, p.open(), strings.Repeat("busy", 20_000)) })
		}
		busy.Wait()
		for _, x := range stalled {
			_ = x.Close()
		}
		writers.Wait()
		close(stop)
		p.end()
	})
}

// What has come before a RST_STREAM can still be read. Then both directions say why.
func TestReset(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{}, func(x *Stream) { _, _ = x.Write([]byte("text"), nil) })
		x := p.open()
		synctest.Wait()
		buf := make([]byte, 10)
		if n, err := x.Read(buf); string(buf[:n]) != "text" || err != nil {
			t.Errorf("%q, %v", buf[:n], err)
		}
		_, err := x.Read(buf)
		reset, ok := errors.AsType[*ResetError](err)
		if !ok || reset.Code != h2.Cancel || reset.RetrySafe || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "RST_STREAM with CANCEL") {
			t.Errorf("a read: %v", err)
		}
		_, err = x.Write(buf, nil)
		if again, ok := errors.AsType[*ResetError](err); !ok || again != reset {
			t.Errorf("a write: %v", err)
		}
		_ = x.Close()
		p.end()
	})
}

// Close gives back what was not read.
func TestCloseUnread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{}, func(x *Stream) {
			_, _ = x.Write(make([]byte, 20_000), nil)
			_, _ = x.Read(make([]byte, 1))
		})
		x := p.open()
		synctest.Wait()
		if x.in.size != 20_000 {
			t.Errorf("%d bytes wait to be read", x.in.size)
		}
		_ = x.Close()
		if x.in.last != nil || x.in.size != 0 {
			t.Error("it has memory after Close")
		}
		p.end()
	})
}

// An answer other than 200 is an answer. The rest of the request does not matter.
func TestRefuse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		refused := make(chan error, 1)
		p := join(t, Config{}, Config{Handle: func(x *Stream, head *h2.Head) {
			if head.Path != "/" {
				t.Errorf("%+v", head)
			}
			refused <- x.Refuse(&h2.Head{Status: 404}, []byte("not here"))
			x.Served()
		}}, nil)
		x, head, err := p.client.Open(t.Context(), connect)
		if err != nil || head.Status != 404 {
			t.Fatalf("%+v, %v", head, err)
		}
		if err := <-refused; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if text, err := io.ReadAll(reader{x}); string(text) != "not here" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		_, err = x.Write([]byte("x"), nil)
		if reset, ok := errors.AsType[*ResetError](err); !ok || reset.Code != h2.NoError {
			t.Errorf("a write: %v", err)
		}
		_ = x.Close()
		p.end()
	})
}

// A stream counts until it was served, whatever its client has done.
func TestServed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stop := make(chan struct{})
		p := join(t, Config{}, Config{HTTP2: h2.Config{MaxStreams: 1}}, func(*Stream) { <-stop })
		x := p.open()
		if err := p.client.CanOpen(); !errors.Is(err, h2.ErrTooManyStreams) {
			t.Error(err)
		}
		_ = x.Close()
		_, _, err := p.client.Open(t.Context(), connect)
		reset, ok := errors.AsType[*ResetError](err)
		if !ok || reset.Code != h2.RefusedStream || !reset.RetrySafe {
			t.Errorf("another: %v", err)
		}
		close(stop)
		synctest.Wait()
		x = p.open()
		_ = x.Close()
		p.end()
	})
}

// A client may want fewer streams than the server allows.
func TestMaxOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{MaxOpen: 1}, Config{}, echo)
		x := p.open()
		_, _, err := p.client.Open(t.Context(), connect)
		wantIs(t, "another", err, h2.ErrTooManyStreams)
		wantIs(t, "CanOpen", p.client.CanOpen(), h2.ErrTooManyStreams)
		_ = x.Close()
		wantIs(t, "CanOpen then", p.client.CanOpen(), nil)
		wantIs(t, "Ready", p.client.Ready(t.Context()), nil)
		p.end()
	})
}

// A peer that does not speak HTTP/2 is told apart from one that breaks its rules.
func TestReadyWithoutHTTP2(t *testing.T) {
	for says, want := range map[string]string{
		"HTTP/1.1 400 Bad Request\r\n":         "the server answers in HTTP/1.1",
		"":                                     "the connection has ended before SETTINGS came: EOF",
		"\x00\x00\x01\x04\x00\x00\x00\x00\x00": "", // SETTINGS of one byte
	} {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, b) }()
			s := New(a, Config{})
			go func() { _ = s.Run() }()
			_, _ = io.WriteString(b, says)
			_ = b.Close()
			err := s.Ready(t.Context())
			not, ok := errors.AsType[*NotHTTP2Error](err)
			if ok != (want != "") || ok && not.Error() != want || errors.Unwrap(err) == nil {
				t.Errorf("%q: %v", says, err)
			}
			<-s.Done()
		})
	}
}

// Open ends with its context, whatever it waits for.
func TestOpenGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, b) }()
		s := New(a, Config{})
		go func() { _ = s.Run() }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, _, err := s.Open(ctx, connect)
		cancel()
		wantIs(t, "without settings", err, context.DeadlineExceeded)
		wantIs(t, "CanOpen", s.CanOpen(), h2.ErrNotSettled)
		s.Close()
		<-s.Done()
		_, _, err = s.Open(t.Context(), connect)
		wantIs(t, "closed", err, net.ErrClosed)
		wantIs(t, "closed, CanOpen", s.CanOpen(), net.ErrClosed)
		_ = b.Close()

		asked := make(chan *Stream, 1)
		p := join(t, Config{}, Config{Handle: func(x *Stream, _ *h2.Head) { asked <- x }}, nil)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		_, _, err = p.client.Open(ctx, connect)
		cancel()
		wantIs(t, "without an answer", err, context.DeadlineExceeded)
		x := <-asked
		synctest.Wait()
		err = x.Respond(&h2.Head{Status: 200})
		if reset, ok := errors.AsType[*ResetError](err); !ok || reset.Code != h2.Cancel {
			t.Errorf("an answer to who has gone: %v", err)
		}
		if x.Refuse(&h2.Head{Status: 404}, nil) == nil {
			t.Error("a refusal of who has gone")
		}
		x.Served()
		_, _, err = p.client.Open(t.Context(), &h2.Head{Method: "CONNECT"})
		if _, ok := errors.AsType[*h2.Violation](err); !ok {
			t.Errorf("a malformed request: %v", err)
		}
		p.end()
	})
}

// A message that was sent is nobody's: a quiet session does not keep it, however large.
func TestSentIsForgotten(t *testing.T) {
	a, b := tcp(t)
	p := joinOver(t, a, b, Config{}, Config{}, func(x *Stream) {
		_, _ = io.Copy(io.Discard, reader{x})
	})
	x := p.open()
	message := make([]byte, 4<<20)
	kept := weak.Make(&message[0])
	if n, err := x.Write(message, nil); n != len(message) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	message = nil
	for range 1000 {
		if runtime.GC(); kept.Value() == nil {
			break
		}
	}
	if kept.Value() != nil {
		t.Error("it is still in memory")
	}
	_ = x.Close()
	p.end()
}

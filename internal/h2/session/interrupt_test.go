package session

import (
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/transport"
)

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

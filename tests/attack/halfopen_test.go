//go:build linux && !race

package attack_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

const (
	halfOpenTarget = "HAWSER_HALF_OPEN_TARGET"
	halfOpenCount  = "HAWSER_HALF_OPEN_COUNT"
)

// halfOpenBytes is what each handshake that is begun may hold: its goroutine and that
// of Upgrade, the request as far as it has come, and timers.
const halfOpenBytes = 16 << 10

// TestHalfOpenProcess is the attacker of TestAttackHalfOpen, in a process of its own
// because of the descriptors. Run by itself it does nothing.
func TestHalfOpenProcess(t *testing.T) {
	addr := os.Getenv(halfOpenTarget)
	if addr == "" {
		return
	}
	count, err := strconv.Atoi(os.Getenv(halfOpenCount))
	if err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	for range count {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(nc, wsplay.Request); err != nil { // all but its end
			t.Fatal(err)
		}
		open = append(open, nc)
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the server has seen enough
	for _, nc := range open {
		_ = nc.Close()
	}
}

// halfOpen has another process open connections to l and send their requests up to the
// end, and returns this side of them when all are there, so that nobody's time is
// spent on dialling. leave has the process close them.
func halfOpen(t *testing.T, l net.Listener, count int) (accepted []net.Conn, leave func()) {
	t.Helper()
	attacker := exec.Command(os.Args[0], "-test.run=^TestHalfOpenProcess$")
	attacker.Stderr = os.Stderr
	attacker.Env = append(os.Environ(), halfOpenTarget+"="+l.Addr().String(), fmt.Sprint(halfOpenCount, "=", count))
	enough, err := attacker.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := attacker.Start(); err != nil {
		t.Fatal(err)
	}
	leave = sync.OnceFunc(func() {
		_ = enough.Close()
		_ = attacker.Wait()
	})
	t.Cleanup(leave)
	limit := l.(*net.TCPListener)
	_ = limit.SetDeadline(time.Now().Add(time.Minute)) // if it cannot dial
	for range count {
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted = append(accepted, nc)
	}
	_ = limit.SetDeadline(time.Time{})
	return accepted, leave
}

// "10,000 half-open handshakes"
func TestAttackHalfOpen(t *testing.T) {
	t.Run("hold little", testHalfOpenHolds)
	t.Run("end", testHalfOpenEnds)
}

// What each holds is bounded, whenever memory is collected, and a genuine client gets
// in beside them.
func testHalfOpenHolds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	count := 10_000
	if testing.Short() {
		count = 1_000
	}
	accepted, leave := halfOpen(t, l, count)
	before := held()
	var begun, left sync.WaitGroup
	opts := &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Handshake: time.Hour}}
	for i, nc := range accepted {
		begun.Add(1)
		left.Go(func() {
			begun.Done()
			_, err := websocket.Upgrade(nc, opts)
			if refused, ok := errors.AsType[*websocket.AcceptError](err); !ok || refused.Status != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("a client that left in the middle of its request: %v", err)
			}
		})
		// Pools are emptied: what a handshake still refers to is then held by it alone.
		if i < 400 {
			begun.Wait()
			runtime.GC()
			runtime.GC()
		}
	}
	// Until each has read what has come and waits for the rest, it holds more.
	each := halfOpenBytes + 1
	for began := time.Now(); each > halfOpenBytes && time.Since(began) < 20*time.Second; {
		time.Sleep(10 * time.Millisecond)
		each = (int(held()) - int(before)) / count
	}
	t.Logf("%d half-open handshakes hold %d bytes each", count, each)
	if each > halfOpenBytes {
		t.Errorf("%d bytes for each half-open handshake, want at most %d", each, halfOpenBytes)
	}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	genuine := make(chan error, 1)
	go func() { genuine <- serveGenuine(ctx, l) }()
	c, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatalf("a genuine client beside %d others: %v", count, err)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("genuine")); err != nil {
		t.Fatal(err)
	}
	if _, m, err := c.Read(ctx); string(m) != "genuine" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	_, _, _ = c.Read(ctx)
	_ = c.CloseNow()
	if err := <-genuine; err != nil {
		t.Error(err)
	}
	leave()
	left.Wait()
}

// serveGenuine serves one client: a message, and the end.
func serveGenuine(ctx context.Context, l net.Listener) error {
	nc, err := l.Accept()
	if err != nil {
		return err
	}
	c, err := websocket.Upgrade(nc, nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	_, m, err := c.Read(ctx)
	if err != nil {
		return err
	}
	if err := c.Write(ctx, websocket.MessageText, m); err != nil {
		return err
	}
	return c.Close(websocket.StatusNormalClosure, "")
}

// They end at Timeouts.Handshake, all of them.
func testHalfOpenEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted, _ := halfOpen(t, l, 1_000)
	opts := &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Handshake: 200 * time.Millisecond}}
	var ended sync.WaitGroup
	for _, nc := range accepted {
		ended.Go(func() {
			_, err := websocket.Upgrade(nc, opts)
			if refused, ok := errors.AsType[*websocket.AcceptError](err); !ok || refused.Status != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a client that stands still: %v", err)
			}
			if _, err := nc.Write(nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("its connection: %v", err)
			}
		})
	}
	ended.Wait()
}

// held is the memory that the program holds: the heap as it lives, and stacks.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

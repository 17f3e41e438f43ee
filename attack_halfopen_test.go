//go:build linux && !race

package websocket_test

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
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

const (
	halfOpenTarget = "HAWSER_HALF_OPEN_TARGET"
	halfOpenCount  = "HAWSER_HALF_OPEN_COUNT"
)

// halfOpenBytes is what each handshake that is begun may hold: its goroutine and those
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
		if _, err := io.WriteString(nc, request); err != nil { // all but its end
			t.Fatal(err)
		}
		open = append(open, nc)
	}
	fmt.Println("opened", len(open))
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the server has seen enough
	for _, nc := range open {
		_ = nc.Close()
	}
}

// "10,000 half-open handshakes": what each holds is bounded, each ends at
// Timeouts.Handshake, and a genuine client gets in meanwhile.
func TestAttackHalfOpen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	halfOpen := 10_000
	if testing.Short() {
		halfOpen = 1_000
	}
	// They wait until all are there, so that their time is not spent on dialling.
	var ended, wrong atomic.Int32
	upgrade := func(nc net.Conn, timeout time.Duration) {
		defer ended.Add(1)
		c, err := websocket.Upgrade(nc, &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Handshake: timeout}})
		if err == nil {
			_, m, _ := c.Read(context.Background())
			_ = c.Write(context.Background(), websocket.MessageText, m)
			_ = c.Close(websocket.StatusNormalClosure, "")
			return
		}
		if refused, ok := errors.AsType[*websocket.AcceptError](err); !ok || refused.Status != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			wrong.Add(1)
		}
	}
	all := make(chan []net.Conn, 1)
	go func() {
		var first []net.Conn
		for n := 0; ; n++ {
			nc, err := l.Accept()
			switch {
			case err != nil:
				return
			case n >= halfOpen: // the genuine client
				go upgrade(nc, time.Minute)
				continue
			}
			if first = append(first, nc); n == halfOpen-1 {
				all <- first
				first = nil
			}
		}
	}()
	before, goroutines := held(), runtime.NumGoroutine()
	began := time.Now()
	attacker := exec.Command(os.Args[0], "-test.run=^TestHalfOpenProcess$")
	attacker.Env = append(os.Environ(), halfOpenTarget+"="+l.Addr().String(), fmt.Sprint(halfOpenCount, "=", halfOpen))
	enough, err := attacker.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := attacker.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := attacker.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = enough.Close()
		_ = attacker.Wait()
	}()
	if line, err := bufio.NewReader(said).ReadString('\n'); !strings.HasPrefix(line, "opened") {
		t.Fatalf("the attacker said %q, %v", line, err)
	}
	accepted := <-all
	// What has to be done before they end is less work than dialling was, whatever the
	// machine.
	timeout := max(2*time.Since(began), 2*time.Second)
	for _, nc := range accepted {
		go upgrade(nc, timeout)
	}
	// Until each has read what has come and waits for the rest, it holds more.
	var each int
	for each = halfOpenBytes + 1; each > halfOpenBytes && ended.Load() == 0; {
		for runtime.NumGoroutine() < goroutines+2*halfOpen && ended.Load() == 0 {
			runtime.Gosched()
		}
		each = (int(held()) - int(before)) / halfOpen
	}
	if ended.Load() > 0 {
		t.Errorf("some have ended within %v, before they could be measured", timeout)
	}
	t.Logf("%d half-open handshakes hold %d bytes each, with %d goroutines; they have %v", halfOpen, each, runtime.NumGoroutine()-goroutines, timeout)
	if each > halfOpenBytes {
		t.Errorf("%d bytes for each half-open handshake, want at most %d", each, halfOpenBytes)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatalf("a genuine client beside %d others: %v", halfOpen, err)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("genuine")); err != nil {
		t.Fatal(err)
	}
	if _, m, err := c.Read(ctx); string(m) != "genuine" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	_, _, _ = c.Read(ctx)
	_ = c.CloseNow()
	for int(ended.Load()) < halfOpen+1 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	if n := int(ended.Load()); n != halfOpen+1 || wrong.Load() != 0 {
		t.Errorf("%d have ended, %d of them otherwise than by the timeout", n, wrong.Load())
	}
	for runtime.NumGoroutine() > goroutines+10 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines+10 {
		t.Errorf("%d goroutines are left, %d before", n, goroutines)
	}
}

// held is the memory that the program holds: the heap as it lives, and stacks.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

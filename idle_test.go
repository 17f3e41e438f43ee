//go:build linux && !race

package websocket_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

const (
	idleConns = 10000
	idleLimit = 6 << 10
	idleRole  = "HAWSER_IDLE_SERVER"
)

// TestIdleServerProcess is the server of TestIdleMemory, in a process of its own so
// that its memory is nothing but the server's. Run by itself it does nothing.
func TestIdleServerProcess(t *testing.T) {
	how := os.Getenv(idleRole)
	if how == "" {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go serveIdle(how, l)
	fmt.Println("listening", l.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() { // a line asks for the resident memory
		debug.FreeOSMemory() // twice: a pool gives up its memory in two steps
		debug.FreeOSMemory()
		fmt.Println("resident", residentBytes(t))
	}
}

func serveIdle(how string, l net.Listener) {
	echo := func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}
	if how == "Handler" {
		_ = http.Serve(l, websocket.Handler(echo, nil))
		return
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			c, err := websocket.Upgrade(nc, nil)
			if err != nil {
				return
			}
			defer c.CloseNow()
			_ = echo(context.Background(), c)
		}()
	}
}

func residentBytes(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// TestIdleMemory measures what an idle connection costs a server that has a
// goroutine for each, after one message each.
func TestIdleMemory(t *testing.T) {
	for _, how := range []string{"Handler", "Upgrade"} {
		t.Run(how, func(t *testing.T) { measureIdle(t, how) })
	}
}

func measureIdle(t *testing.T, how string) {
	server := exec.Command(os.Args[0], "-test.run=^TestIdleServerProcess$")
	server.Env = append(os.Environ(), idleRole+"="+how)
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Wait()
	})
	lines := bufio.NewScanner(stdout)
	answer := func(want string) string {
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), want+" "); ok {
				return rest
			}
		}
		t.Fatalf("the server ended before it said %q", want)
		return ""
	}
	resident := func() int {
		_, _ = io.WriteString(stdin, "\n")
		n, err := strconv.Atoi(answer("resident"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	addr := answer("listening")
	openIdle(t, addr, 100) // whatever the first connections make for all
	before := resident()
	openIdle(t, addr, idleConns)
	each := (resident() - before) / idleConns
	t.Logf("%d bytes for each of %d idle connections", each, idleConns)
	if each > idleLimit {
		t.Errorf("%d bytes for each idle connection, want at most %d", each, idleLimit)
	}
}

// openIdle opens connections and exchanges a message on each. They stay open until
// the test ends.
func openIdle(t *testing.T, addr string, n int) {
	const request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for range n {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(time.Minute))
		message := frame.AppendHeader([]byte(request), frame.Header{FIN: true, Opcode: frame.Text, Masked: true, Length: 64})
		if _, err := nc.Write(append(message, make([]byte, 64)...)); err != nil { // NUL is text, too
			t.Fatal(err)
		}
		r := bufio.NewReader(nc)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(resp, err)
		}
		if _, err := r.Discard(2 + 64); err != nil {
			t.Fatal(err)
		}
	}
}

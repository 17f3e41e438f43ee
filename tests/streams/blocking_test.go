//go:build unix

package streams_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

const blockingRole = "HAWSER_TEST_BLOCKING"

// A descriptor may become blocking behind our back: File of a net.Conn shares its open
// socket, and Fd of that file makes it blocking, as does exec.Cmd.ExtraFiles. No call
// that reads or writes waits in the system then, where no context could end it and, on
// one processor, no other goroutine could run.
//
// What would freeze is a process of its own.
func TestBlockingSocket(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestBlockingSocketProcess$", "-test.v")
			child.Env = append(os.Environ(), blockingRole+"="+network, "GOMAXPROCS=1")
			out, err := child.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("reached the end")) {
				t.Errorf("%v, after\n%s", err, out)
			}
		})
	}
}

// TestBlockingSocketProcess is the process of TestBlockingSocket. Run by itself it does
// nothing.
func TestBlockingSocketProcess(t *testing.T) {
	network := os.Getenv(blockingRole)
	if network == "" {
		return
	}
	pair := wsplay.TCP
	if network == "unix" {
		pair = wsplay.Unix
	}
	blocking := func() (*websocket.Conn, *wsplay.Peer) {
		a, b := pair(t)
		shareBlocking(t, a)
		c := websocket.NewConn(a, websocket.RoleServer, nil)
		t.Cleanup(func() {
			_ = c.CloseNow()
			_ = b.Close()
		})
		return c, wsplay.NewPeer(t, websocket.RoleServer, b)
	}

	fmt.Println("a read waits, and is cancelled")
	c, p := blocking()
	for _, read := range wsplay.ReadWays {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err := read(ctx, c)
		cancel()
		wsplay.WantIs(t, "a read", err, context.DeadlineExceeded)
		p.Send(wsplay.Frame(wsplay.OpText, "hello"))
		if got, err := read(wsplay.Quickly(t), c); got != "hello" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}

	fmt.Println("a busy loop lives in its socket, and is left")
	ctx, cancel := context.WithCancel(context.Background())
	done := wsplay.Echo(ctx, c, func(string) {})
	p.Busy()
	cancel()
	wsplay.WantIs(t, "the loop", wsplay.Returned(t, "the loop", done), context.Canceled)

	fmt.Println("a large message is read by a peer that takes its time, and is written in two parts")
	large := bytes.Repeat([]byte("x"), 16<<20)
	written := wsplay.Go(func() error { return c.Write(wsplay.Quickly(t), websocket.MessageBinary, large) })
	p.Want("the large message", wsplay.OpBinary, string(large))
	if err := wsplay.Returned(t, "Write", written); err != nil {
		t.Fatal(err)
	}

	for name, size := range map[string]int{"small": 1000, "large": 16 << 20} {
		fmt.Println(name, "writes fill the socket, and are cancelled")
		c, _ := blocking()
		err := error(nil)
		for err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			err = c.Write(ctx, websocket.MessageBinary, large[:size])
			cancel()
		}
		wsplay.WantIs(t, "a write", err, context.DeadlineExceeded)
	}

	fmt.Println("a write waits, and CloseNow ends it")
	c, p = blocking()
	written = wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageBinary, large) })
	_ = p.ReadBytes(2) // it has begun
	_ = c.CloseNow()
	wsplay.WantIs(t, "a write", wsplay.Returned(t, "Write", written), net.ErrClosed)

	fmt.Println("a read over TLS waits, and CloseNow ends it")
	a, b := pair(t)
	near, _ := wsplay.TLSPair(t, a, b)
	shareBlocking(t, a)
	c = websocket.NewConn(near, websocket.RoleServer, nil)
	read := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
	time.Sleep(10 * time.Millisecond) // for the read to be in the system
	closed := wsplay.Go(c.CloseNow)
	if err := wsplay.Returned(t, "CloseNow", closed); err != nil {
		t.Fatal(err)
	}
	wsplay.WantIs(t, "a read", wsplay.Returned(t, "Read", read), net.ErrClosed)
	fmt.Println("reached the end")
}

// shareBlocking makes a socket blocking, as the use of a duplicate does.
func shareBlocking(t *testing.T, nc net.Conn) {
	t.Helper()
	f, err := nc.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	fd := f.Fd()
	if err := syscall.SetNonblock(int(fd), false); err != nil { // should Fd ever leave it alone
		t.Fatal(err)
	}
}

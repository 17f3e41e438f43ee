//go:build linux

package loop_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

const childEnv = "LOOP_TEST_CHILD"

// A server that runs out of descriptors while it accepts goes on with those it has, and
// accepts again when some are free. It runs in a process of its own.
func TestOutOfDescriptors(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// child is main of that process.
func child() int {
	if err := outOfDescriptors(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func outOfDescriptors() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	loop := echoes()
	served := make(chan error, 1)
	go func() { served <- loop.Serve(l) }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dial := func() (*websocket.Conn, error) {
		c, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String(), nil)
		return c, err
	}
	first, err := dial()
	if err == nil {
		err = ask(ctx, first, "before")
	}
	if err != nil {
		return err
	}
	// Nothing is left but what clients need: one descriptor each.
	var rest []*os.File
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
		return err
	}
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		rest = append(rest, f)
	}
	_ = rest[0].Close()
	nc, err := net.Dial("tcp", l.Addr().String()) // takes it: Accept fails from now on
	if err != nil {
		return fmt.Errorf("dialling with the last descriptor: %w", err)
	}
	for i := range 20 {
		if err := ask(ctx, first, fmt.Sprint("while there are none ", i)); err != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	select {
	case err := <-served:
		return fmt.Errorf("Serve returned %w", err)
	default:
	}
	for _, f := range rest[1:] {
		_ = f.Close()
	}
	c, _, err := websocket.Dial(ctx, "ws://example.com/", dialOver(nc)) // it was waiting to be accepted
	if err == nil {
		err = ask(ctx, c, "after")
	}
	if err != nil {
		return fmt.Errorf("the connection that came meanwhile: %w", err)
	}
	if c, err = dial(); err == nil {
		err = ask(ctx, c, "and a new one")
	}
	return err
}

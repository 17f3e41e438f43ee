package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// An audience is a set of receiving clients. Go's poller does not know their sockets, so
// nothing wakes us while the server sends: that would be at the server's expense.
type audience struct {
	fds  []int
	want []byte // what each receives per turn
	buf  []byte
}

// hearTimeout is for a server that stops sending.
const hearTimeout = 10 // seconds

func openAudience(ctx context.Context, address string, n int, text []byte, times int) (*audience, error) {
	client, err := newPlainClient(address)
	if err != nil {
		return nil, err
	}
	want := bytes.Repeat(serverFrame(text), times)
	a := &audience{want: want, buf: make([]byte, len(want))}
	for i := range n {
		err := ctx.Err()
		var c plainConn
		if err == nil {
			c, err = client.dial(i)
		}
		if err == nil {
			err = a.take(c)
		}
		if err != nil {
			a.drop()
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	return a, nil
}

// take takes over the socket of a connection.
func (a *audience) take(c plainConn) error {
	defer c.Close() // the socket stays open under another number
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var fd int
	controlErr := raw.Control(func(s uintptr) { fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(controlErr, err); err != nil {
		return err
	}
	a.fds = append(a.fds, fd)
	return errors.Join(unix.SetNonblock(fd, false),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: hearTimeout}))
}

// hear makes every client receive its message.
func (a *audience) hear() error {
	for i, fd := range a.fds {
		for got := 0; got < len(a.want); {
			n, err := unix.Read(fd, a.buf[got:])
			switch {
			case err == unix.EINTR:
				continue
			case err != nil:
				return fmt.Errorf("connection %d: %w after %d bytes", i, err, got)
			case n == 0:
				return fmt.Errorf("connection %d: closed after %d bytes", i, got)
			}
			got += n
		}
		if !bytes.Equal(a.buf, a.want) {
			return fmt.Errorf("connection %d: % x … instead of % x …", i, a.buf[:8], a.want[:8])
		}
	}
	return nil
}

func (a *audience) drop() {
	for _, fd := range a.fds {
		_ = unix.Close(fd)
	}
	a.fds = nil
}

// serverFrame returns a whole text as a server sends it.
func serverFrame(text []byte) []byte {
	n := len(text)
	if n < 126 {
		return append([]byte{0x81, byte(n)}, text...)
	}
	return append([]byte{0x81, 126, byte(n >> 8), byte(n)}, text...)
}

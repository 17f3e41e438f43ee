package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hawser-ws/websocket"
)

// console is a terminal that a program runs on, and what it has shown.
type console struct {
	keys  *os.File // the other side of the terminal
	shown bytes.Buffer
	cmd   *exec.Cmd
}

// onConsole starts ws with a terminal of its own.
func onConsole(t *testing.T, args ...string) *console {
	t.Helper()
	return withConsole(t, true, args...)
}

// withConsole starts ws with a terminal of its own to show things on, and perhaps to type on.
func withConsole(t *testing.T, typing bool, args ...string) *console {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	control, err := keys.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number uint32
	var failed error
	err = control.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			number, failed = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	s := &console{keys: keys, cmd: exec.CommandContext(t.Context(), program, args...)}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = terminal, terminal, terminal
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // so that Ctrl-C is a signal
	if !typing {
		s.cmd.Stdin, s.cmd.SysProcAttr = nil, nil
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// await reads until the terminal shows text.
func (s *console) await(t *testing.T, text string) {
	t.Helper()
	var buf [1024]byte
	for !strings.Contains(s.shown.String(), text) {
		n, err := s.keys.Read(buf[:])
		s.shown.Write(buf[:n])
		if err != nil { // the program has ended
			t.Fatalf("%q is not shown, but\n%s", text, &s.shown)
		}
	}
}

func (s *console) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(s.keys, keys); err != nil {
		t.Fatal(err)
	}
}

// end waits for the end of the program.
func (s *console) end(t *testing.T) syscall.WaitStatus {
	t.Helper()
	_, _ = io.Copy(&s.shown, s.keys) // which fails when the program has ended
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// hung is a server that does the handshake, and then nothing at all.
func hung(t *testing.T) (url string) {
	t.Helper()
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return afterHandshake(t, func(c *net.TCPConn) {
		<-over
		_ = c.Close()
	})
}

const again = "* closing; press Ctrl-C again to end at once"

// With a server that answers nothing the first Ctrl-C says what the second does, which
// ends the program by the signal: 130 to the shell.
func TestTerminalInterrupt(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"at once": "", "after Ctrl-D": "\x04", "behind a line": "typing"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onConsole(t, "dial", hung(t))
			s.await(t, "Ctrl-D closes")
			s.press(t, before)
			if before == "\x04" {
				s.await(t, "\x1b[K") // the terminal as it was, on which Ctrl-C is a signal
			}
			s.press(t, "\x03")
			s.await(t, again)
			s.press(t, "\x03")
			if status := s.end(t); !status.Signaled() || status.Signal() != syscall.SIGINT {
				t.Errorf("exit code %d, %v:\n%s", status.ExitStatus(), status, &s.shown)
			}
		})
	}
}

// With a server that answers, Ctrl-C is a good end.
func TestTerminalClose(t *testing.T) {
	t.Parallel()
	url, _ := start(t)
	for key, said := range map[string]string{"\x03": again, "\x04": ""} {
		s := onConsole(t, "dial", url)
		s.await(t, "Ctrl-D closes")
		s.press(t, "hello\r")
		s.await(t, "< hello")
		s.press(t, key)
		status := s.end(t)
		shown := s.shown.String()
		if status != 0 || !strings.Contains(shown, said) || !strings.HasSuffix(shown, "* ended: closed by us: 1000\r\n") {
			t.Errorf("after %q: exit code %d\n%s", key, status.ExitStatus(), shown)
		}
	}
}

// A terminal obeys no message that is shown on it, also if nobody types on it.
func TestTerminalForOutput(t *testing.T) {
	t.Parallel()
	url := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		if err := c.Write(ctx, websocket.MessageText, []byte("a\x1b[2Jb\nc")); err != nil {
			return err
		}
		return c.Write(ctx, websocket.MessageBinary, []byte("\x1b[2J\xff"))
	})
	s := withConsole(t, false, "dial", url)
	status := s.end(t)
	const want = `a\x1b[2Jb` + "\r\n  c\r\n5 bytes: 1b 5b 32 4a ff\r\n"
	if got := s.shown.String(); status != 0 || !strings.HasPrefix(got, want) {
		t.Errorf("exit code %d, %q, want %q", status.ExitStatus(), got, want)
	}
}

// Ctrl-C ends the program while a terminal is behind with a large message, and while it
// takes nothing at all.
func TestTerminalBehind(t *testing.T) {
	t.Parallel()
	large := func(t *testing.T) *console {
		url := serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
			_ = c.Write(ctx, websocket.MessageText, bytes.Repeat([]byte("0123456789"), 5<<20))
			<-ctx.Done()
			return nil
		})
		s := onConsole(t, "dial", "-t", "30s", url)
		s.await(t, "< 0123456789")
		return s
	}
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		s := large(t)
		s.press(t, "\x03")
		s.await(t, "closing; press")
		if n := s.shown.Len(); n > 1<<20 {
			t.Errorf("%d bytes have been shown", n)
		}
		s.press(t, "\x03")
		_ = s.end(t)
	})
	t.Run("stuck", func(t *testing.T) {
		t.Parallel()
		s := large(t)
		over := make(chan error, 1)
		go func() { over <- s.cmd.Wait() }()
		for {
			s.press(t, "\x03")
			select {
			case <-over:
				// By itself, or by the signal if the terminal makes one of Ctrl-C again.
				status := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
				bySignal := status.Signaled() && status.Signal() == syscall.SIGINT
				if !bySignal && status.ExitStatus() != exitInterrupted {
					t.Errorf("%v", s.cmd.ProcessState)
				}
				return
			case <-time.After(time.Second):
			}
		}
	})
}

// SIGTERM gives the terminal back before the server has answered: Ctrl-C is a signal.
func TestTerminalTerminated(t *testing.T) {
	t.Parallel()
	s := onConsole(t, "dial", hung(t))
	s.await(t, "Ctrl-D closes")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await(t, again)
	s.press(t, "\x03")
	if status := s.end(t); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("exit code %d, %v:\n%s", status.ExitStatus(), status, &s.shown)
	}
}

// In a pipe it is the same, with signals from the beginning.
func TestDialSecondSignal(t *testing.T) {
	t.Parallel()
	for _, second := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := exec.CommandContext(t.Context(), program, "dial", "-v", hung(t))
		stdin, err := cmd.StdinPipe() // stays open
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		awaitLine(t, stderr, "* connected")
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		awaitLine(t, stderr, again)
		if err := cmd.Process.Signal(second); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != second {
			t.Errorf("after a second %v: %v", second, cmd.ProcessState)
		}
	}
}

// A message that is being sent when Ctrl-C comes still goes out, and the Close frame
// behind it: a connection that breaks in the middle of a frame would be the server's to
// explain.
func TestDialInterruptedWriting(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 // more than the buffers of TCP hold
	interrupted := make(chan struct{})
	ended := make(chan error, 1)
	url := serving(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		<-interrupted
		_, p, err := c.Read(ctx)
		if len(p) != size {
			t.Errorf("a message of %d bytes, %v", len(p), err)
		}
		_, _, err = c.Read(ctx)
		ended <- err
		return nil
	}, &websocket.AcceptOptions{Limits: websocket.Limits{Message: -1}}))
	cmd := exec.CommandContext(t.Context(), program, "dial", "-v", url)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(stdin, strings.Repeat("a", size)+"\n") }()
	awaitLine(t, stderr, "* sent text")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, stderr, again)
	close(interrupted)
	awaitLine(t, stderr, "* ended: closed by us: 1000\n")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the server's read: %v", err)
	}
}

// awaitLine reads until r has given text.
func awaitLine(t *testing.T, r io.Reader, text string) {
	t.Helper()
	var said bytes.Buffer
	var buf [1]byte
	for !strings.Contains(said.String(), text) {
		if _, err := io.ReadFull(r, buf[:]); err != nil {
			t.Fatalf("%q is not said, but\n%s", text, &said)
		}
		said.WriteByte(buf[0])
	}
}

// -1 that is interrupted has no reply, and a handshake that is has no connection.
func TestDialInterrupted(t *testing.T) {
	t.Parallel()
	url, _ := start(t)
	cmd := exec.CommandContext(t.Context(), program, "dial", "-v", "-1", url)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, stderr, "* connected")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, stderr, "ws dial: no reply: interrupted\n")
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := onConsole(t, "dial", "ws://"+l.Addr().String()+"/path?token=a-long-secret")
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.press(t, "\x03")
	status := s.end(t)
	want := "ws dial: interrupted while connecting to ws://" + l.Addr().String() + "/path\r\n"
	if shown := s.shown.String(); status.ExitStatus() != exitFailed || !strings.Contains(shown, want) {
		t.Errorf("exit code %d\n%s", status.ExitStatus(), shown)
	}
}

// A message that cannot be printed is not lost in silence.
func TestDialOutputFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err) // there is one on Linux, FreeBSD and NetBSD
	}
	defer full.Close()
	url, _ := start(t)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "dial", url)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("x\n"), full, &stderr
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(stderr.String(), "no space left on device") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}

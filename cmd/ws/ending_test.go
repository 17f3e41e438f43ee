package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

// What is said of every way in which a connection may end, and which of them are good.
func TestOutcome(t *testing.T) {
	frameOf := func(code websocket.StatusCode, reason string) *websocket.CloseError {
		return &websocket.CloseError{Code: code, Reason: reason}
	}
	us, peer := websocket.SideLocal, websocket.SideRemote
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	for _, test := range []struct {
		closed websocket.ClosedError
		text   string
		good   bool
	}{
		{websocket.ClosedError{Began: us, Sent: frameOf(1000, ""), Received: frameOf(1000, "")}, "closed by us: 1000", true},
		{websocket.ClosedError{Began: us, Sent: frameOf(4001, "enough"), Received: frameOf(1001, "too")}, `closed by us: 4001 "enough"; the server answered: 1001 "too"`, true},
		{websocket.ClosedError{Began: us, Received: frameOf(1002, "")}, "closed by us; the server answered: 1002", false},
		{websocket.ClosedError{Began: peer, Sent: frameOf(1000, ""), Received: frameOf(1000, "bye")}, `closed by the server: 1000 "bye"`, true},
		{websocket.ClosedError{Began: peer, Sent: frameOf(1005, ""), Received: frameOf(1005, "")}, "closed by the server: no code", true},
		{websocket.ClosedError{Began: peer, Received: frameOf(1001, ""), Cause: reset}, "closed by the server: 1001; our answer could not be sent", true},
		{websocket.ClosedError{Began: peer, Sent: frameOf(1011, ""), Received: frameOf(1011, "")}, "closed by the server: 1011", false},
		{websocket.ClosedError{Began: us}, "closed by us without a closing handshake", false},
		{websocket.ClosedError{Began: us, Sent: frameOf(1000, ""), Cause: websocket.ErrCloseTimeout}, "closed by us: 1000, but the server did not answer within 7s (-t)", false},
		{websocket.ClosedError{Began: us, Cause: websocket.ErrCloseTimeout}, "our Close frame could not be sent within 7s (-t): the server does not read", false},
		{websocket.ClosedError{Began: us, Sent: frameOf(1000, ""), Cause: io.EOF}, "closed by us: 1000, but the server ended TCP without a Close frame", false},
		{websocket.ClosedError{Began: peer, Cause: io.EOF}, "the server ended TCP without a Close frame", false},
		{websocket.ClosedError{Began: peer, Cause: io.ErrUnexpectedEOF}, "the server ended TCP in the middle of a message, without a Close frame", false},
		{websocket.ClosedError{Began: peer, Cause: reset}, "the server reset TCP without a Close frame", false},
		{websocket.ClosedError{Began: peer, Cause: &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EHOSTUNREACH)}}, "connection lost: no route to host", false},
		{
			websocket.ClosedError{Began: peer, Sent: frameOf(1002, ""), Cause: &websocket.ProtocolError{Code: 1002, Violation: frame.ErrRSV2}},
			"the server broke the protocol: reserved bit RSV2 set (RFC 6455 §5.2); closed by us: 1002", false,
		},
		{
			websocket.ClosedError{Began: peer, Sent: frameOf(1009, ""), Cause: &websocket.LimitError{What: "message", Limit: 10, Size: 12}},
			"the server sent a message of 12 bytes or more; -max-message allows 10 (-1 for no limit); closed by us: 1009", false,
		},
		{
			websocket.ClosedError{Began: peer, Sent: frameOf(1009, ""), Cause: &websocket.LimitError{What: "fragments", Limit: 10, Size: 11}},
			"the server sent a message in more than 10 fragments; closed by us: 1009", false,
		},
	} {
		how := outcome{&test.closed, 7 * time.Second, byTCP}
		if how.Error() != test.text || how.good() != test.good {
			t.Errorf("%+v\nis told as %s, %v\nwant       %s, %v", test.closed, how.Error(), how.good(), test.text, test.good)
		}
	}
}

// afterHandshake runs a server that does what it likes with the socket once the
// handshake is done.
func afterHandshake(t *testing.T, do func(*net.TCPConn)) (url string) {
	t.Helper()
	return serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		do(c.NetConn().(*net.TCPConn))
	}))
}

// TCP that ends without a Close frame is named as such.
func TestDialNoClose(t *testing.T) {
	fin := afterHandshake(t, func(c *net.TCPConn) {
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	})
	ws(t, "", "dial", "-wait", "30s", fin).want(t, "", "ws dial: the server ended TCP without a Close frame\n", exitFailed)
	ws(t, "", "dial", "-1", fin).want(t, "", "ws dial: no reply: the server ended TCP without a Close frame\n", exitFailed)
	// Once the ping is here nothing of the client is under way that the reset could meet
	// in place of its read: the system tells of a reset only once.
	reset := afterHandshake(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 64))
		_ = c.SetLinger(0)
		_ = c.Close()
	})
	ws(t, "", "dial", "-wait", "30s", reset).want(t, "", "ws dial: the server reset TCP without a Close frame\n", exitFailed)
	cut := afterHandshake(t, func(c *net.TCPConn) {
		_, _ = c.Write([]byte{0x81, 5, 'c', 'u', 't'})
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	})
	ws(t, "", "dial", "-wait", "30s", cut).want(t, "", "ws dial: the server ended TCP in the middle of a message, without a Close frame\n", exitFailed)
	broken := afterHandshake(t, func(c *net.TCPConn) {
		_, _ = c.Write([]byte{0xa1, 0})
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	})
	ws(t, "", "dial", "-wait", "30s", broken).want(t, "", "ws dial: the server broke the protocol: reserved bit RSV2 set (RFC 6455 §5.2); closed by us: 1002\n", exitFailed)
}

// A server that breaks a rule, and then neither answers the ping nor ends TCP, keeps
// nobody waiting.
func TestDialBrokenAndHung(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	url := afterHandshake(t, func(c *net.TCPConn) {
		_, _ = c.Write([]byte{0xa1, 0})
		<-over
		_ = c.Close()
	})
	t.Cleanup(func() { close(over) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "dial", "-t", "1h", url)
	cmd.Stderr = &stderr
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(stderr.String(), "the server broke the protocol") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}

// A message that grows in memory beyond the limit is refused, and the limit is named.
func TestDialMaxMessage(t *testing.T) {
	const size = defaultMessageLimit + 1
	zeros := make([]byte, 1<<20)
	url := serving(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		w, err := c.Writer(ctx, websocket.MessageBinary)
		if err != nil {
			return err
		}
		for left := size; left > 0; left -= len(zeros) {
			if _, err := w.Write(zeros[:min(left, len(zeros))]); err != nil {
				return err
			}
		}
		return w.Close()
	}, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover}))
	for _, flags := range [][]string{{"-describe"}, {}, {"-1"}} {
		e := ws(t, "", append([]string{"dial", "-wait", "30s", url}, flags...)...)
		e.want(t, "", fmt.Sprintf("or more; -max-message allows %d (-1 for no limit); closed by us: 1009\n", defaultMessageLimit), exitFailed)
	}
	e := ws(t, "", "dial", "-wait", "30s", "-max-message", "-1", "-describe", url)
	e.want(t, fmt.Sprintf("binary, %d bytes: %s…\n", size, strings.Repeat("00 ", 24)), "closed by the server: 1000", exitFine)

	echo, _ := start(t)
	ws(t, "four\nfive!\n", "dial", "-max-message", "4", "-wait", "30s", echo).want(t, "four\n", "-max-message allows 4", exitFailed)
}

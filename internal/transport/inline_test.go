//go:build unix

package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
)

// loop is a loop over lines that runs inline, with a body for each.
type loop struct {
	s    *Socket
	b    Buffer
	body func(line string) (stay bool)
}

// run runs it until it ends, as a loop over messages is run: an end without an error is
// the end of one RunInline, unless the body wants no more.
func (l *loop) run() <-chan error {
	return background(func() error {
		defer l.b.Discard()
		for more := true; ; {
			err := l.s.RunInline(&l.b, func() (stay bool) {
				line := string(l.b.Bytes())
				l.b.Consume(len(line))
				if !l.s.Release() {
					return false
				}
				more = l.body(line)
				return l.s.Reacquire() && more
			})
			if err != nil || !more {
				return err
			}
		}
	})
}

// inlineOn starts a loop, and returns once its body has run.
func inlineOn(t *testing.T, s *Socket, far net.Conn) (inBody chan string, leave chan bool, ended <-chan error) {
	inBody, leave = make(chan string), make(chan bool)
	l := &loop{s: s, body: func(line string) bool { inBody <- line; return <-leave }}
	ended = l.run()
	send(t, far, "first")
	if got := <-inBody; got != "first" {
		t.Errorf("%q", got)
	}
	return inBody, leave, ended
}

// A loop stays inside one read, message for message, until its body wants no more.
func TestInline(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		inBody, leave, ended := inlineOn(t, s, far)
		for _, text := range []string{"second", "third"} {
			leave <- true
			send(t, far, text)
			if got := <-inBody; got != text {
				t.Errorf("%q, want %q", got, text)
			}
			if !s.inline.skipping.Load() {
				t.Error("it probes each time")
			}
		}
		leave <- false
		if err := <-ended; err != nil || s.state.Load() != socketFree {
			t.Errorf("%v, state %d", err, s.state.Load())
		}
		send(t, far, "to a read")
		wantFill(t, s, "to a read")
	})
}

// A loop that was told nothing for a while looks whether the stream has ended, and goes
// on if it has not.
func TestInlineProbes(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		inBody, leave, ended := inlineOn(t, s, far)
		leave <- true
		for !s.inline.skipping.Load() {
			runtime.Gosched()
		}
		_ = s.Conn.SetReadDeadline(past) // as after maxSkipProbe
		send(t, far, "goes on")
		if got := <-inBody; got != "goes on" {
			t.Errorf("%q", got)
		}
		leave <- true
		_ = far.Close()
		wantIs(t, "the loop", <-ended, io.EOF)
	})
}

// Interruptions and the end of the peer end a loop that waits, as they end a read.
func TestInlineEnds(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		_, leave, ended := inlineOn(t, s, far)
		leave <- true
		s.InterruptRead(true)
		wantIs(t, "the loop", <-ended, os.ErrDeadlineExceeded)
		// Interrupted while the body runs: it ends at once, without a deadline of its own.
		s.InterruptRead(false)
		_, leave, ended = inlineOn(t, s, far)
		s.InterruptRead(true)
		leave <- true
		wantIs(t, "the loop", <-ended, os.ErrDeadlineExceeded)
		s.InterruptRead(false)
		_, leave, ended = inlineOn(t, s, far)
		leave <- true
		_ = s.Close()
		wantIs(t, "the loop", <-ended, net.ErrClosed)
		if s.Release() || s.Reacquire() {
			t.Error("a socket that is closed is released or reacquired")
		}
	})
	near, far := pair(t, "tcp")
	s := new(Socket)
	New(near, s)
	defer s.Close()
	_, leave, ended := inlineOn(t, s, far)
	send(t, near, "unread")
	_ = far.(*net.TCPConn).SetLinger(0)
	_ = far.Close()
	leave <- true
	if err := <-ended; err == nil {
		t.Error("the loop does not see a reset")
	}
}

// While the body runs, others read by another descriptor; the loop then leaves.
func TestInlineBesideRead(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		inBody, leave, ended := inlineOn(t, s, far)
		send(t, far, "to another")
		wantFill(t, s, "to another")
		// A loop that comes meanwhile reads once.
		var b Buffer
		send(t, far, "to a loop")
		err := s.RunInline(&b, func() bool { t.Error("it runs inline"); return false })
		if string(b.Bytes()) != "to a loop" || err != nil {
			t.Errorf("%q, %v", b.Bytes(), err)
		}
		b.Discard()
		// It is interrupted as any other.
		got := fill(s)
		s.InterruptRead(true)
		wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
		s.InterruptRead(false)
		send(t, far, "again")
		wantFill(t, s, "again")
		leave <- true
		send(t, far, "to the loop")
		if got := <-inBody; got != "to the loop" || s.inline.dupFD.Load() != nil {
			t.Errorf("%q, other descriptor %v", got, s.inline.dupFD.Load())
		}
		leave <- false
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Once a loop has left, the next read needs no other descriptor, and closes it.
func TestInlineLeavesNoDescriptor(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		var b Buffer
		var got <-chan read
		send(t, far, "first")
		err := s.RunInline(&b, func() bool {
			b.Consume(b.Buffered())
			s.Release()
			got = fill(s) // by another descriptor
			for s.inline.dupFD.Load() == nil {
				runtime.Gosched()
			}
			return false // without Reacquire: the other read is inside the gate
		})
		b.Discard()
		if err != nil || s.state.Load() != socketDoubled {
			t.Errorf("%v, state %d", err, s.state.Load())
		}
		send(t, far, "to who has waited")
		if r := <-got; r.text != "to who has waited" || r.err != nil {
			t.Errorf("%q, %v", r.text, r.err)
		}
		send(t, far, "to the next")
		wantFill(t, s, "to the next")
		if s.inline.dupFD.Load() != nil || s.state.Load() != socketFree {
			t.Errorf("the other descriptor stays, state %d", s.state.Load())
		}
		_, leave, ended := inlineOn(t, s, far)
		leave <- false
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Close does not wait for the body of a loop, no matter how often it is called.
func TestInlineClosedTwice(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		_, leave, ended := inlineOn(t, s, far)
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		leave <- false
		<-ended
		if _, err := s.Conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("it is not closed: %v", err)
		}
	})
}

// Reads that stand interrupted are so by another descriptor, too.
func TestInlineBesideInterruptedRead(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		_, leave, ended := inlineOn(t, s, far)
		s.InterruptRead(true)
		wantIs(t, "Fill", (<-fill(s)).err, os.ErrDeadlineExceeded)
		s.InterruptRead(false)
		leave <- false
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// noFile is a socket when there are no descriptors left.
type noFile struct{ net.Conn }

func (noFile) File() (*os.File, error) { return nil, errors.New("too many open files") }
func (n noFile) CloseRead() error      { return n.Conn.(interface{ CloseRead() error }).CloseRead() }
func (n noFile) CloseWrite() error     { return closeOf(n.Conn) }

// Without descriptors others look from time to time.
func TestInlineWithoutDescriptors(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		s.Conn = noFile{s.Conn}
		_, leave, ended := inlineOn(t, s, far)
		got := fill(s)
		send(t, far, "polled")
		if r := <-got; r.text != "polled" || r.err != nil {
			t.Errorf("%q, %v", r.text, r.err)
		}
		got = fill(s)
		s.InterruptRead(true)
		wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
		s.InterruptRead(false)
		got = fill(s)
		_ = s.Close()
		if r := <-got; r.err == nil {
			t.Errorf("it has read %q", r.text)
		}
		leave <- true
		if err := <-ended; err == nil && s.state.Load() != socketClosed {
			t.Error("the loop goes on")
		}
	})
}

// Close in the body shuts the socket down, and the loop closes it.
func TestInlineCloses(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		inBody := make(chan error)
		l := &loop{s: s}
		l.body = func(string) bool {
			got := fill(s) // by another descriptor
			for s.inline.dupFD.Load() == nil {
				runtime.Gosched()
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			inBody <- (<-got).err
			return false
		}
		ended := l.run()
		send(t, far, "first")
		if err := <-inBody; err == nil {
			t.Error("the other read goes on")
		}
		if rest, err := io.ReadAll(far); len(rest) > 0 || err != nil {
			t.Errorf("%q, %v", rest, err)
		}
		<-ended
		if _, err := s.Conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("it is not closed: %v", err)
		}
		wantIs(t, "Fill", (<-fill(s)).err, net.ErrClosed)
		wantIs(t, "a loop", <-l.run(), net.ErrClosed)
	})
}

// A body that panics leaves a socket that can be used and closed.
func TestInlinePanics(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		send(t, far, "first")
		var b Buffer
		func() {
			defer func() {
				if p := recover(); p != "by the body" {
					t.Errorf("panic: %v", p)
				}
			}()
			_ = s.RunInline(&b, func() bool {
				b.Consume(b.Buffered())
				s.Release()
				panic("by the body")
			})
		}()
		b.Discard()
		if s.state.Load() != socketFree || s.inline.into != nil {
			t.Error("the loop has not left")
		}
		_ = s.Close()
	})
}

// What fills the buffer is dealt with before the loop waits: there may be more.
func TestInlineOfMuch(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		text := strings.Repeat("m", 5*readSize)
		sent := background(func() error { _, err := io.WriteString(far, text); return err })
		var got strings.Builder
		l := &loop{s: s, body: func(part string) bool { got.WriteString(part); return got.Len() < len(text) }}
		if err := errors.Join(<-l.run(), <-sent); err != nil || got.String() != text {
			t.Errorf("%d bytes, %v", got.Len(), err)
		}
	})
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket"
)

// session is one conversation of ws dial. Lines go out and messages come in; it ends when
// either ends.
type session struct {
	conn    *websocket.Conn
	flags   *dialFlags
	out     *display
	carrier carrier

	lastHeard atomic.Pointer[time.Time] // from when silence counts; nil while a message is being printed
}

// heard records that the server's silence counts from then on.
func (s *session) heard(from time.Time) { s.lastHeard.Store(&from) }

// lastWords is how long to wait for the server to end TCP after the closing handshake. Some
// servers never do.
const lastWords = time.Second

// lastPacket is how long the last Close frame may take over HTTP/3. Over TCP the system sends it;
// with QUIC that is up to this program, which must not end before.
const lastPacket = 200 * time.Millisecond

// run returns nil if the conversation ended well. ctx ends by a signal, or by Ctrl-C on a
// terminal.
func (s *session) run(ctx context.Context) error {
	s.heard(time.Now())
	sent := make(chan error, 1)
	go func() { sent <- s.send() }()
	received := make(chan error, 1)
	go func() { received <- s.receive() }()

	var inputErr error
	select {
	case err := <-received:
		return s.over(err)
	case inputErr = <-sent:
	case <-ctx.Done():
	}
	if inputErr == nil && ctx.Err() == nil {
		err, over := s.afterInput(ctx, received)
		if over {
			return err
		}
		inputErr = err
	}
	if ctx.Err() != nil {
		s.interrupted()
		if s.flags.one {
			inputErr = errors.Join(inputErr, errors.New("no reply: interrupted"))
		}
	}
	closeErr := s.close()
	err := <-received // it has printed the last message
	if _, ended := errors.AsType[*websocket.ClosedError](err); ended {
		err = nil // closeErr says the same
	}
	return errors.Join(inputErr, err, closeErr)
}

// interrupted lets the next signal end the program, and says so.
func (s *session) interrupted() {
	s.out.screen.cut.Store(true)                // otherwise restore would wait for the message being printed
	s.out.restore()                             // from here on Ctrl-C is a signal
	signal.Reset(os.Interrupt, syscall.SIGTERM) // main does the same, a moment later
	s.out.closing()
}

// over ends a conversation after receive has returned err. It returns how the connection ended,
// why the output cannot be written, or nil after the reply that -1 waits for.
func (s *session) over(err error) error {
	closed, ended := errors.AsType[*websocket.ClosedError](err)
	switch {
	case !ended:
		return errors.Join(err, s.close())
	case s.flags.one:
		err = fmt.Errorf("no reply: %w", outcome{closed, s.flags.timeout, s.carrier})
	default:
		err = s.told(closed)
	}
	// RFC 6455 §7.1.1: the server ends TCP first. If we did so while it still sends, our last
	// data could be lost.
	bounded, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	_ = s.conn.CloseContext(bounded, websocket.StatusNormalClosure, "")
	if s.carrier == byHTTP3 {
		time.Sleep(lastPacket)
	}
	return err
}

// afterInput waits for messages after the last line was sent. over reports whether the
// connection was closed.
func (s *session) afterInput(ctx context.Context, received <-chan error) (err error, over bool) {
	if s.flags.one {
		select {
		case err := <-received:
			return s.over(err), true
		case <-time.After(s.flags.timeout):
			return errors.Join(fmt.Errorf("no reply within %v", s.flags.timeout), s.close()), true
		case <-ctx.Done():
		}
		return nil, false
	}
	asked, cancel := context.WithCancel(ctx)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- s.conn.Ping(asked) }()
	if last, now := s.lastHeard.Load(), time.Now(); last != nil && last.Before(now) {
		s.lastHeard.CompareAndSwap(last, &now) // the time begins now
	}
	for waiting := true; waiting; {
		left := s.flags.timeout
		if last := s.lastHeard.Load(); last != nil {
			left -= time.Since(*last)
		}
		if left <= 0 {
			if s.flags.waitAfterInput > 0 {
				break
			}
			return fmt.Errorf("no answer to the ping at the end of the input, and no message within %v (-t): some may be missing", s.flags.timeout), false
		}
		select {
		case err := <-received:
			return s.over(err), true
		case <-time.After(left):
		case err := <-answered:
			waiting = false
			if _, ended := errors.AsType[*websocket.ClosedError](err); ended {
				select {
				case err := <-received: // it says how the connection ended
					return s.over(err), true
				case <-ctx.Done():
					return nil, false
				}
			}
		}
	}
	select {
	case err := <-received:
		return s.over(err), true
	case <-time.After(s.flags.waitAfterInput):
	case <-ctx.Done():
	}
	return nil, false
}

// send sends the lines of the input until the input ends or the connection is closed. A message
// in progress is completed before the Close frame.
func (s *session) send() error {
	in := bufio.NewReader(os.Stdin)
	for n := 1; ; n++ {
		line, err := s.out.readLine(in)
		if err != nil && len(line) == 0 {
			if err == io.EOF {
				return nil
			}
			return fmt.Errorf("reading the input: %w", err)
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		typ := websocket.MessageBinary
		if !s.flags.binary {
			typ = websocket.MessageText
			line = bytes.TrimSuffix(line, []byte("\r"))
			if !utf8.Valid(line) {
				return fmt.Errorf("line %d of the input is not UTF-8: -b sends it as binary", n)
			}
		}
		s.out.sending.Store(int64(len(line)))
		if err := s.conn.Write(context.Background(), typ, line); err != nil {
			return nil // receive returns how the connection ended
		}
	}
}

// receive prints received messages. It returns how the connection ended, why it cannot print,
// or nil after the reply that -1 waits for.
func (s *session) receive() error {
	var buf []byte
	var patience time.Time
	for {
		typ, p, err := s.conn.ReadInto(context.Background(), buf[:0])
		if err != nil {
			return err
		}
		s.lastHeard.Store(nil) // the reader of our output may take its time
		began := time.Now()
		if err := s.out.message(typ, p); err != nil {
			return fmt.Errorf("printing a message: %w", err)
		}
		if s.flags.one {
			return nil
		}
		// While we did not read, the server's TCP may have found no room here. It tries again after
		// a time that doubles (RFC 6298 §5.5), so it may be silent for as long once more.
		now := time.Now()
		if until := now.Add(now.Sub(began)); until.After(patience) {
			patience = until
		}
		s.heard(patience)
		buf = p
	}
}

// close closes the connection as the flags say.
func (s *session) close() error {
	_ = s.conn.Close(websocket.StatusCode(s.flags.closeCode), s.flags.closeReason)
	closed, _ := errors.AsType[*websocket.ClosedError](s.conn.CloseNow()) // it has ended, so this says how
	return s.told(closed)
}

// told prints how the connection ended. It returns nil if it ended well.
func (s *session) told(closed *websocket.ClosedError) error {
	how := outcome{closed, s.flags.timeout, s.carrier}
	if !how.good() {
		return how
	}
	s.out.ended(how, s.flags.one)
	return nil
}

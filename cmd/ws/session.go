package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket"
)

// session is one conversation of ws dial: lines go out, messages come in, and
// whichever ends first ends it.
type session struct {
	conn  *websocket.Conn
	flags *dialFlags
	out   *display
}

// run returns nil if the conversation ended well. ctx is ended by a signal.
func (s *session) run(ctx context.Context) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- s.send(sending) }()
	received := make(chan error, 1)
	go func() { received <- s.receive() }()

	var inputErr error
	select {
	case err := <-received: // the peer ended it, or it was the reply that -1 waits for
		switch {
		case err == nil:
			return s.close()
		case s.flags.one:
			return noReply(err)
		}
		return verdict(err)
	case inputErr = <-sent:
	case <-ctx.Done():
	}
	if inputErr == nil && ctx.Err() == nil {
		if err, ended := s.afterInput(ctx, received); ended {
			return err
		}
	}
	closeErr := s.close()
	<-received // it has printed the last message
	return errors.Join(inputErr, closeErr)
}

// afterInput waits for what may still come after the last line was sent. ended
// tells that there is nothing left to close.
func (s *session) afterInput(ctx context.Context, received <-chan error) (err error, ended bool) {
	if s.flags.one {
		select {
		case err := <-received:
			if err != nil {
				return noReply(err), true
			}
			return s.close(), true
		case <-time.After(s.flags.timeout):
			return errors.Join(fmt.Errorf("no reply within %v", s.flags.timeout), s.close()), true
		case <-ctx.Done():
		}
		return nil, false
	}
	bounded, cancel := context.WithTimeout(ctx, s.flags.timeout)
	defer cancel()
	_ = s.conn.Ping(bounded) // in vain if the connection has ended: the read tells
	select {
	case err := <-received:
		return verdict(err), true
	case <-time.After(s.flags.waitAfterInput):
	case <-ctx.Done():
	}
	return nil, false
}

// send sends the lines of the input until it ends.
func (s *session) send(ctx context.Context) error {
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
		if err := s.conn.Write(ctx, typ, line); err != nil {
			return nil // the read tells how it ended
		}
	}
}

// receive prints what comes in. It returns how the connection ended, or nil after
// the reply that -1 waits for.
func (s *session) receive() error {
	var buf []byte
	for {
		typ, p, err := s.conn.ReadInto(context.Background(), buf[:0])
		if err != nil {
			return err
		}
		s.out.message(typ, p)
		if s.flags.one {
			return nil
		}
		buf = p
	}
}

// close closes the connection as the flags say.
func (s *session) close() error {
	return verdict(s.conn.Close(websocket.StatusCode(s.flags.closeCode), s.flags.closeReason))
}

// noReply is the error of -1 when the connection ended before a reply.
func noReply(err error) error {
	return errors.New("no reply: " + withoutPrefix(err))
}

// verdict tells whether an ending was a good one: err is nil then.
func verdict(err error) error {
	ended, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok {
		return err
	}
	if ended.Clean() && ended.Began == websocket.Us {
		return nil // by the code of our choice
	}
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return nil
	}
	return err
}

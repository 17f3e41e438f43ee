package wstest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"

	"github.com/hawser-ws/websocket"
)

// What the ends of a random conversation do.

const (
	randomWriters  = 3
	randomMessages = 12
	readPause      = 50 // ticks
)

// write sends messages as the writer of this number.
func (e *talker) write(writer int) {
	for n := range randomMessages {
		p := bytes.Repeat([]byte{byte(n)}, 2+[]int{0, 100, 5_000, 20_000}[e.roll(4)])
		p[0] = byte(writer)
		ctx, cancel := e.patience(e.cuts)
		if e.roll(5) == 0 {
			cancel() // before anything is sent: costs nothing, ever
		}
		err := e.writeOne(ctx, p)
		if e.goesOn("write", err) && err == nil {
			e.sent[writer] = append(e.sent[writer], n)
		}
		if e.roll(3) == 0 {
			e.goesOn("Flush", e.Batch().Flush(ctx))
		}
		cancel()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		e.pause(20)
	}
}

// goesOn reports whether the connection goes on after a call that returned err.
func (e *talker) goesOn(what string, err error) bool {
	switch {
	case errors.Is(err, net.ErrClosed):
		return false
	case err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
		e.t.Errorf("%s: %v", what, err)
	}
	return true
}

func (e *talker) writeOne(ctx context.Context, p []byte) error {
	const typ = websocket.MessageBinary
	switch e.roll(6) {
	case 0:
		return e.writeInFragments(ctx, typ, p)
	case 1:
		return e.WritePrepared(ctx, websocket.Prepare(typ, p))
	case 2:
		return e.Batch().WritePrepared(ctx, websocket.Prepare(typ, p))
	case 3, 4:
		return e.Batch().Write(ctx, typ, p)
	}
	return e.Write(ctx, typ, p)
}

func (e *talker) writeInFragments(ctx context.Context, typ websocket.MessageType, p []byte) error {
	w, err := e.Writer(ctx, typ)
	if err != nil {
		return err
	}
	for len(p) > 0 && err == nil {
		n := min(len(p), 1+e.roll(9_000))
		if _, err = w.Write(p[:n]); err == nil && e.roll(3) == 0 {
			err = w.(interface{ Flush() error }).Flush()
		}
		p = p[n:]
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (e *talker) ping() {
	for range 10 {
		ctx, cancel := e.patience(e.cuts)
		err := e.Ping(ctx)
		cancel()
		if !e.goesOn("Ping", err) {
			return
		}
		e.pause(100)
	}
}

func (e *talker) flush() {
	for range 30 {
		ctx, cancel := e.patience(e.cuts)
		err := e.Batch().Flush(ctx)
		cancel()
		if !e.goesOn("Flush", err) {
			return
		}
		e.pause(20)
	}
}

// read reads to the end of the connection, giving up all the time.
func (e *talker) read() {
	var begun []byte // of a message that a Reader was given up in
	var buf []byte
	for {
		ctx, cancel := e.patience(true)
		var p []byte
		var err error
		switch how := e.roll(3); {
		case begun != nil || how == 0:
			var r io.Reader
			if _, r, err = e.Reader(ctx); err == nil {
				p, err = io.ReadAll(r)
				begun = append(begun, p...)
				if p = begun; err == nil {
					begun = nil
				} else if begun == nil {
					begun = []byte{}
				}
			}
		case how == 1:
			_, p, err = e.ReadInto(ctx, buf[:0])
			buf = p
		default:
			_, p, err = e.Read(ctx)
		}
		cancel()
		if !e.goesOn("Read", err) {
			return
		}
		if err == nil {
			e.take(p)
		}
		if e.roll(3) == 0 {
			e.pause(readPause)
		}
	}
}

func (e *talker) take(p []byte) {
	if len(p) < 2 || !bytes.Equal(p[1:], bytes.Repeat(p[1:2], len(p)-1)) {
		e.t.Errorf("a message of %d bytes has come mixed", len(p))
		return
	}
	e.received[p[0]] = append(e.received[p[0]], int(p[1]))
}

package main

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

const ctrlC = 0x03

// keyboard reads from a terminal in raw mode, where Ctrl-C is a character and not a signal. It
// reads ahead, so that it sees Ctrl-C even while the previous line is being sent and nobody
// reads the next.
type keyboard struct {
	interrupt func() // called at the first Ctrl-C, before Read returns it
	abort     func() // called at the second, if Ctrl-C is not a signal by then

	mu    sync.Mutex
	more  sync.Cond
	typed []byte
	err   error
}

// newKeyboard starts to read from in, up to Ctrl-C. If quiet has not ended a moment after that,
// because the terminal blocks the output, it waits for a second Ctrl-C.
func newKeyboard(in io.Reader, quiet context.Context, interrupt, abort func()) *keyboard {
	k := &keyboard{interrupt: interrupt, abort: abort}
	k.more.L = &k.mu
	go k.listen(in, quiet)
	return k
}

func (k *keyboard) listen(in io.Reader, quiet context.Context) {
	var buf [256]byte
	pressed := 0
	for {
		n, err := in.Read(buf[:])
		before := pressed
		pressed += bytes.Count(buf[:n], []byte{ctrlC})
		if before == 0 && pressed > 0 {
			k.interrupt()
		}
		k.mu.Lock()
		k.typed = append(k.typed, buf[:n]...)
		k.err = err
		k.more.Signal()
		k.mu.Unlock()
		if err != nil || pressed > 0 && endsSoon(quiet) {
			return
		}
		if pressed > 1 {
			k.abort()
			return
		}
	}
}

// endsSoon reports whether ctx ends within a moment.
func endsSoon(ctx context.Context) bool {
	const moment = 200 * time.Millisecond
	select {
	case <-ctx.Done():
		return true
	case <-time.After(moment):
		return false
	}
}

// Read returns what was typed.
func (k *keyboard) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.typed) == 0 && k.err == nil {
		k.more.Wait()
	}
	if len(k.typed) == 0 {
		return 0, k.err
	}
	n := copy(p, k.typed)
	k.typed = k.typed[n:]
	return n, nil
}

package main

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

const ctrlC = 0x03

// keyboard reads what is typed on a terminal in raw mode, where Ctrl-C is a character and
// not a signal. It reads ahead, so that Ctrl-C is seen also while the last line is still
// being sent and nobody waits for the next.
type keyboard struct {
	interrupt func() // called at the first Ctrl-C, before it can be read
	abort     func() // called at the second, if it is not a signal by then

	mu    sync.Mutex
	more  sync.Cond
	typed []byte
	err   error
}

// newKeyboard begins to read from in, and stops at Ctrl-C. But if quiet has not ended a
// moment later, because the terminal does not take what is being printed, it waits for
// another one.
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

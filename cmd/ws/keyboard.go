package main

import (
	"bytes"
	"io"
	"sync"
)

const ctrlC = 0x03

// keyboard reads what is typed on a terminal in raw mode, where Ctrl-C is a character and
// not a signal. It reads ahead, so that Ctrl-C is seen also while the last line is still
// being sent and nobody waits for the next.
type keyboard struct {
	interrupt func() // called at the first Ctrl-C, before it can be read

	mu    sync.Mutex
	more  sync.Cond
	typed []byte
	err   error
}

// newKeyboard begins to read from in, and stops at Ctrl-C.
func newKeyboard(in io.Reader, interrupt func()) *keyboard {
	k := &keyboard{interrupt: interrupt}
	k.more.L = &k.mu
	go k.listen(in)
	return k
}

func (k *keyboard) listen(in io.Reader) {
	var buf [256]byte
	for {
		n, err := in.Read(buf[:])
		interrupted := bytes.IndexByte(buf[:n], ctrlC) >= 0
		if interrupted {
			k.interrupt()
		}
		k.mu.Lock()
		k.typed = append(k.typed, buf[:n]...)
		k.err = err
		k.more.Signal()
		k.mu.Unlock()
		if err != nil || interrupted {
			return
		}
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

package main

import (
	"io"
	"sync"
	"testing"
)

// output takes what a program under test logs. The goroutine of a connection may log
// its end a moment after the program has returned, which t.Output would not have.
func output(t *testing.T) io.Writer {
	o := &lateOutput{to: t.Output()}
	t.Cleanup(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.to = io.Discard
	})
	return o
}

type lateOutput struct {
	mu sync.Mutex
	to io.Writer
}

func (o *lateOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to.Write(p)
}

package websocket

import (
	"context"
	"reflect"
	"runtime"
	"sync/atomic"

	"github.com/hawser-ws/websocket/frame"
)

// callbacks are functions of the application. Whoever reads runs them, inside the read
// gate, so only one runs at a time.
type callbacks struct {
	onPing  func(context.Context, []byte) bool
	onPong  func(context.Context, []byte)
	running atomic.Bool
}

// ping reports whether the ping is to be answered.
func (b *callbacks) ping(ctx context.Context, payload []byte) (answer bool) {
	return b == nil || b.onPing == nil || runCallback(ctx, b, frame.Ping, payload)
}

func (b *callbacks) pong(ctx context.Context, payload []byte) {
	if b != nil && b.onPong != nil {
		runCallback(ctx, b, frame.Pong, payload)
	}
}

// runCallback runs a callback. onStack looks for it on the stack, so it must not be
// inlined.
//
//go:noinline
func runCallback(ctx context.Context, b *callbacks, op frame.Opcode, payload []byte) (answer bool) {
	b.running.Store(true)
	defer b.running.Store(false) // also if it panics
	if op == frame.Ping {
		return b.onPing(ctx, payload)
	}
	b.onPong(ctx, payload)
	return false
}

// onStack reports whether it is called from one of them, which would deadlock if it waited
// for the read that runs it. A callback of another connection is mistaken for one of this,
// in the rare case that both run.
//
// Go gives a goroutine no identity to compare, so the stack is searched; that is slow, and
// done only while a callback runs.
func (b *callbacks) onStack() bool {
	if b == nil || !b.running.Load() {
		return false
	}
	callers := make([]uintptr, 64)
	n := runtime.Callers(2, callers)
	for n == len(callers) {
		callers = make([]uintptr, 2*n)
		n = runtime.Callers(2, callers)
	}
	entry := reflect.ValueOf(runCallback).Pointer()
	frames := runtime.CallersFrames(callers[:n])
	for {
		f, more := frames.Next()
		if f.Entry == entry {
			return true
		}
		if !more {
			return false
		}
	}
}

// inCallbackError is the error of a method that would deadlock in a callback.
func inCallbackError(method string) error {
	return &UsageError{method, "called in OnPingReceived or OnPongReceived, for which the read has to wait; call it on another goroutine"}
}

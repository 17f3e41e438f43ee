package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/transport"
)

// A sender alone: its connection is a fakeHost, the stream is scripted.

// fakeHost is a connection that knows what became of its sender.
type fakeHost struct {
	standing
	ended   chan struct{}
	mu      sync.Mutex
	failed  conn.Event
	cause   error
	written bool  // of the Close frame
	gone    error // what givenUp says of a context that has ended; nil: its own error
}

func (h *fakeHost) inLoop() bool { return false }

func (h *fakeHost) beginClose(*outFrame) (conn.Action, bool) {
	return conn.AwaitClose, h.state.CompareAndSwap(uint32(conn.Open), uint32(conn.ClosedByUs))
}

func (h *fakeHost) closeWritten() { h.written = true }

func (h *fakeHost) frameWritten(frame.Header) {}

func (h *fakeHost) sendFailed(e conn.Event, cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cause == nil {
		h.failed, h.cause = e, cause
	}
	h.state.Store(uint32(conn.Cut))
}

func (h *fakeHost) closedError() *ClosedError {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &ClosedError{Cause: h.cause}
}

func (h *fakeHost) givenUp(ctx context.Context) error              { return insteadOf(ctx.Err(), h.gone) }
func (h *fakeHost) mayPong() bool                                  { return conn.State(h.state.Load()).CanSend() }
func (h *fakeHost) interrupts(ctx context.Context) <-chan struct{} { return ctx.Done() }
func (h *fakeHost) done() <-chan struct{}                          { return h.ended }

// scriptedStream takes as many bytes as there is room for, and waits for more.
type scriptedStream struct {
	transport.Transport // none: what is not below is not called
	mu                  sync.Mutex
	changed             *sync.Cond
	room                int
	stopped             bool // as a deadline in the past does
	cuts                bool // it cannot go on after that
	limit               *time.Timer
	err                 error
	wire                []byte
	writes              int // calls of Write and TryWrite that took something
}

func newScripted(room int) *scriptedStream {
	s := &scriptedStream{room: room}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *scriptedStream) take(p []byte) int {
	n := min(len(p), s.room)
	s.room -= n
	s.wire = append(s.wire, p[:n]...)
	return n
}

func (s *scriptedStream) Write(head, tail []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Concat(head, tail)
	defer func() { s.writes += min(n, 1) }()
	for {
		n += s.take(all[n:])
		switch {
		case s.err != nil:
			return n, s.err
		case n == len(all):
			return n, nil
		case s.stopped && s.cuts:
			return n, transport.ErrWriteCut
		case s.stopped:
			return n, os.ErrDeadlineExceeded
		}
		s.changed.Wait()
	}
}

func (s *scriptedStream) TryWrite(p []byte) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.take(p)
	s.writes += min(n, 1)
	return n
}

func (s *scriptedStream) InterruptWrite(on bool) { s.set(func() { s.stopped = on }) }
func (s *scriptedStream) Traits() transport.Traits {
	return transport.CountsPartialWrites | transport.RetainsBuffers | transport.TriesWrites
}

func (s *scriptedStream) LimitWrite(t time.Time) {
	if s.limit != nil {
		s.limit.Stop()
	}
	s.InterruptWrite(false)
	if !t.IsZero() {
		s.limit = time.AfterFunc(time.Until(t), func() { s.InterruptWrite(true) })
	}
}

func (s *scriptedStream) onWire() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wire
}

// forget forgets what was written.
func (s *scriptedStream) forget() { s.set(func() { s.wire, s.writes = nil, 0 }) }

// give makes room for n bytes.
func (s *scriptedStream) give(n int) { s.set(func() { s.room += n }) }

func (s *scriptedStream) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.changed.Broadcast()
}

const plenty = 1 << 30

// alone is a sender with nothing but its host and a stream.
type alone struct {
	sender
	t      *testing.T
	host   *fakeHost
	script *scriptedStream
	calls  sync.WaitGroup
}

// eachAlone runs a test for both roles, with a stream that has room for some bytes.
func eachAlone(t *testing.T, room int, test func(t *testing.T, a *alone)) {
	t.Helper()
	for _, role := range []Role{RoleServer, RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &alone{t: t, host: &fakeHost{ended: make(chan struct{})}, script: newScripted(room)}
				var stream transport.Transport = a.script
				a.standing, a.sender.host = &a.host.standing, a.host
				a.traits, a.role = stream.Traits(), role
				a.canceler.Init(&stream, transport.Writing)
				test(t, a)
				a.script.give(plenty)
				a.calls.Wait()
				synctest.Wait()
				if a.loan != nil {
					t.Error("it keeps what it has borrowed")
				}
			})
		})
	}
}

// call is a write under way.
type call struct {
	err  error
	done bool
}

// start starts a call and waits until it waits.
func (a *alone) start(send func() error) *call {
	c := &call{}
	a.calls.Go(func() { c.err = send(); c.done = true })
	synctest.Wait()
	return c
}

func (a *alone) write(ctx context.Context, text string) *call {
	return a.start(func() error { return a.sender.write(ctx, &message{[]byte(text), frame.Text, asReply}) })
}

func (a *alone) control(ctx context.Context, op frame.Opcode, payload string) *call {
	return a.start(func() error {
		f := outFrame{OutFrame: conn.OutFrame{Header: frame.Header{Opcode: op, FIN: true}, Payload: []byte(payload)}}
		_, err := a.submit(ctx, &f)
		return err
	})
}

// want compares what is on the wire: a text message by what it says, other frames by
// their opcode as well. The last frame may be there in part.
func (a *alone) want(why string, want ...string) {
	a.t.Helper()
	synctest.Wait()
	var got []string
	for rest := a.script.onWire(); len(rest) > 0; {
		f, n := naive.Decode(rest)
		if n == 0 {
			got = append(got, "half")
			break
		}
		said := strings.TrimRight(string(f.Payload), ".")
		switch {
		case f.Opcode != 1 || !f.FIN:
			got = append(got, fmt.Sprintf("%x%t:%s", f.Opcode, f.FIN, said))
		default:
			got = append(got, said)
		}
		rest = rest[n:]
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("%s: on the wire is %q, want %q", why, got, want)
	}
}

func (a *alone) wantDone(why string, c *call, want error) {
	a.t.Helper()
	synctest.Wait()
	if !c.done || !errors.Is(c.err, want) {
		a.t.Errorf("%s: done %t with %v, want %v", why, c.done, c.err, want)
	}
}

func long(name string) string { return name + strings.Repeat(".", 500) }

// Writers that meet leave together, in the order in which they came.
func TestSenderTogether(t *testing.T) {
	eachAlone(t, 10, func(t *testing.T, a *alone) {
		ctx := t.Context()
		first := a.write(ctx, long("first"))
		for i := range 5 {
			a.write(ctx, fmt.Sprint("w", i))
		}
		a.control(ctx, frame.Ping, "ping") // before all that wait
		a.want("the first is half on the wire", "half")
		a.script.set(func() { a.script.writes = 0 })
		a.script.give(plenty)
		a.want("then", "first", "9true:ping", "w0", "w1", "w2", "w3", "w4")
		a.wantDone("the first", first, nil)
		if a.script.writes > 3 {
			t.Errorf("%d writes for six frames", a.script.writes)
		}
	})
}

// Every caller may give up, wherever the stream has stopped: its frame is not sent and
// the others are, unless half of it is on the wire.
func TestSenderCancel(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	for _, room := range []int{0, 1, 100, 503, 505, 515, 530, 1010, 1050, 1600} {
		for who := range names {
			t.Run(fmt.Sprint("room ", room, ", caller ", who), func(t *testing.T) {
				eachAlone(t, 0, func(t *testing.T, a *alone) {
					var calls []*call
					var cancels []context.CancelFunc
					for _, name := range names {
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						calls, cancels = append(calls, a.write(ctx, long(name))), append(cancels, cancel)
					}
					a.script.give(room)
					synctest.Wait()
					sent, half := 0, a.script.onWire()
					for {
						_, n := naive.Decode(half)
						if n == 0 {
							break
						}
						sent, half = sent+1, half[n:]
					}
					cancels[who]()
					switch {
					case who < sent:
						a.wantDone("sent before", calls[who], nil)
					case who == sent && len(half) > 0:
						a.wantDone("half on the wire", calls[who], context.Canceled)
						if a.host.failed != conn.GiveUp {
							t.Errorf("the connection goes on: %v", a.host.failed)
						}
						return
					default:
						a.wantDone("not begun", calls[who], context.Canceled)
						names := slices.Delete(slices.Clone(names), who, who+1)
						a.script.give(plenty)
						a.want("the others", names...)
						return
					}
					a.script.give(plenty)
					a.want("all", names...)
				})
			})
		}
	}
}

// A stream that cannot go on after an interruption is lost. The error is that of the
// context, and the memory is not lent again.
func TestSenderCut(t *testing.T) {
	eachAlone(t, 0, func(t *testing.T, a *alone) {
		a.script.cuts = true
		ctx, cancel := context.WithCancel(t.Context())
		first := a.write(t.Context(), "first")
		queued := a.write(ctx, "queued")
		cancel()
		a.wantDone("queued", queued, context.Canceled)
		if first.done {
			t.Error("the first is done")
		}
		a.script.give(plenty)
		a.wantDone("first", first, nil)
		ctx, cancel = context.WithCancel(t.Context())
		a.script.set(func() { a.script.room = 0 })
		inline := a.write(ctx, "cancelled")
		cancel()
		if synctest.Wait(); !inline.done || !errors.Is(a.host.cause, context.Canceled) || a.host.failed != conn.CutWrite {
			t.Errorf("done %t, %v because of %v", inline.done, a.host.failed, a.host.cause)
		}
	})
}

// The write that is cut may have sent all of the frame whose caller gave up, and half of the
// next. Even so it was cut by this end.
func TestSenderCutBehind(t *testing.T) {
	for who := range 3 {
		eachAlone(t, 0, func(t *testing.T, a *alone) {
			a.script.cuts = true
			var calls []*call
			var cancels []context.CancelFunc
			inside := a.write(t.Context(), "inside")
			for _, text := range []string{"a", "b", "c", long("last")} {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				calls, cancels = append(calls, a.write(ctx, text)), append(cancels, cancel)
			}
			a.script.give(100)
			a.want("up to half of the last", "inside", "a", "b", "c", "half")
			cancels[who]()
			a.wantDone("inside", inside, nil)
			for i, c := range calls[:3] {
				a.wantDone(fmt.Sprint("call ", i), c, nil)
			}
			a.wantDone("the last", calls[3], context.Canceled)
			if a.host.failed != conn.CutWrite {
				t.Errorf("cancelled is call %d: %v because of %v", who, a.host.failed, a.host.cause)
			}
		})
	}
}

// RFC 6455 §5.4: between the fragments of a message go control frames and nothing else.
func TestSenderFragments(t *testing.T) {
	eachAlone(t, plenty, func(t *testing.T, a *alone) {
		ctx := t.Context()
		w, err := a.open(ctx, frame.Text)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte("one"))
		_ = w.Flush()
		other := a.start(func() error {
			w, err := a.open(ctx, frame.Text)
			if err == nil {
				_, _ = w.Write([]byte("another"))
				err = w.Close()
			}
			return err
		})
		waits := a.write(ctx, "waits")
		gone, cancel := context.WithCancel(ctx)
		gives := a.write(gone, "gives up")
		cancel()
		a.wantDone("gave up", gives, context.Canceled)
		a.control(ctx, frame.Ping, "")
		a.queuePong([]byte("pong"))
		a.want("in the message", "1false:one", "9true:", "atrue:pong")
		if waits.done || other.done {
			t.Error("another message is done")
		}
		_, _ = w.Write([]byte("two"))
		_ = w.Close()
		a.wantDone("behind it", waits, nil)
		a.wantDone("behind it", other, nil)
		a.want("behind it", "1false:one", "9true:", "atrue:pong", "0true:two", "waits", "another")
	})
}

// A message that is given up when its first fragment is on the wire costs the connection.
func TestSenderAbandons(t *testing.T) {
	eachAlone(t, plenty, func(t *testing.T, a *alone) {
		ctx, cancel := context.WithCancel(t.Context())
		w, _ := a.open(ctx, frame.Text)
		_, _ = w.Write([]byte("one"))
		cancel()
		if err := w.Flush(); !errors.Is(err, context.Canceled) || a.host.failed != 0 {
			t.Error("nothing is on the wire:", err, a.host.failed)
		}
		ctx, cancel = context.WithCancel(t.Context())
		w, _ = a.open(ctx, frame.Text)
		_, _ = w.Write([]byte("two"))
		_ = w.Flush()
		waits := a.write(t.Context(), "waits")
		cancel()
		if err := w.Close(); !errors.Is(err, context.Canceled) || a.host.failed != conn.GiveUp {
			t.Error("half is on the wire:", err, a.host.failed)
		}
		a.retire()
		if synctest.Wait(); !waits.done || waits.err == nil {
			t.Error("one that waits for the end of the message:", waits.err)
		}
		a.want("", "1false:two")
	})
}

// RFC 6455 §5.5.1: nothing follows our Close frame. What waits before it is sent, pongs
// too, also if the callers give up.
func TestSenderClose(t *testing.T) {
	eachAlone(t, 0, func(t *testing.T, a *alone) {
		ctx, cancel := context.WithCancel(t.Context())
		first := a.write(ctx, "first")
		a.queuePong([]byte("pong"))
		closing := a.control(t.Context(), frame.Close, "\x03\xe8")
		behind := a.write(t.Context(), "behind")
		if behind.done {
			t.Error("done behind a Close frame that is not sent")
		}
		a.script.give(3)
		synctest.Wait()
		a.script.give(plenty)
		a.wantDone("the first", first, nil)
		a.wantDone("Close", closing, nil)
		cancel()
		if synctest.Wait(); !behind.done || behind.err == nil || !a.host.written {
			t.Errorf("behind it: %v; Close frame written: %t", behind.err, a.host.written)
		}
		a.want("", "first", "atrue:pong", "8true:\x03\xe8")
		if after := a.write(t.Context(), "after"); after.err == nil {
			t.Error("a message was sent after it")
		}
	})
}

// While a loop has more at hand small messages are held; not for long, and no pong waits
// for them.
func TestSenderHolds(t *testing.T) {
	eachAlone(t, plenty, func(t *testing.T, a *alone) {
		ctx := t.Context()
		a.expectReplies(true)
		a.wantDone("held", a.write(ctx, "one"), nil)
		a.write(ctx, "two")
		a.want("held")
		time.Sleep(replyWait)
		a.want("the timer", "one", "two")
		a.write(ctx, "three")
		a.want("the body takes its time", "one", "two", "three")

		a.script.forget()
		a.expectReplies(true)
		a.write(ctx, "four")
		a.queuePong(nil)
		a.want("a pong", "four", "atrue:")
		a.write(ctx, "five")
		a.beforeWait()
		a.want("a wait", "four", "atrue:", "five")
		if a.script.writes != 2 {
			t.Errorf("%d writes", a.script.writes)
		}
		a.write(ctx, "six")
		a.endReplies(ctx)
		a.want("the end", "four", "atrue:", "five", "six")
		time.Sleep(2 * replyWait)

		a.script.forget()
		batch := &message{[]byte("batch"), frame.Text, inBatch}
		_ = a.sender.write(ctx, batch)
		time.Sleep(time.Hour)
		a.want("a batch is held until it is flushed")
		a.write(ctx, "behind")
		a.want("it leaves with what comes behind it", "batch", "behind")
		_ = a.sender.write(ctx, batch)
		if a.coalesce.on(peerEnded); a.coalesce.state().anyHeld() {
			t.Error("it is held when the stream has ended")
		}
		if err := a.flushHeld(ctx); err != nil {
			t.Error(err)
		}
		_ = a.sender.write(ctx, batch)
		a.want("then", "batch", "behind", "batch", "batch")
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if a.host.gone = io.EOF; a.flushHeld(ended) != io.EOF {
			t.Error("Flush does not ask the host why its context has ended")
		}
	})
}

// A peer that takes nothing within the limit ends the connection; one that takes a little
// all the time does not.
func TestSenderPace(t *testing.T) {
	eachAlone(t, 0, func(t *testing.T, a *alone) {
		a.setPace(&pace{aliveTimeout: time.Minute})
		a.setPace(&pace{limit: time.Second})
		slow := a.write(t.Context(), strings.Repeat("x", 3*streamPart))
		for range 16 {
			time.Sleep(900 * time.Millisecond)
			a.script.give(streamPart)
		}
		a.wantDone("slow", slow, nil)
		if written, waited := a.pace.written.Load(), a.pace.waited.Load(); written == 0 || written < waited {
			t.Errorf("%d writes, %d of them waited", written, waited)
		}
		a.script.set(func() { a.script.room, a.script.wire = 0, nil })
		stuck := a.write(t.Context(), "stuck")
		time.Sleep(1100 * time.Millisecond)
		a.wantDone("stuck", stuck, ErrWriteTimeout)
		if a.host.failed != conn.Expire {
			t.Error(a.host.failed)
		}
	})
}

// A write that fails is the end for all that wait.
func TestSenderFails(t *testing.T) {
	eachAlone(t, 5, func(t *testing.T, a *alone) {
		calls := []*call{a.write(t.Context(), "first"), a.write(t.Context(), "second")}
		a.script.set(func() { a.script.err = io.ErrClosedPipe })
		for _, c := range calls {
			if synctest.Wait(); !c.done || !errors.Is(c.err, net.ErrClosed) {
				t.Errorf("done %t with %v", c.done, c.err)
			}
		}
		if a.host.failed != conn.BreakWrite || a.host.cause != io.ErrClosedPipe {
			t.Error(a.host.failed, a.host.cause)
		}
	})
}

package websocket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/transport"
)

// A receiver alone: its connection is a readingHost, the stream is scripted.

// readingHost is a connection that writes down what its receiver tells it.
type readingHost struct {
	stream transport.Transport
	standing
	in      conn.Inflater
	events  []string
	waits   int
	cause   error
	drivers int   // calls of driveAgain
	gone    error // what givenUp says of a context that has ended; nil: its own error
}

func (h *readingHost) note(format string, args ...any) {
	h.events = append(h.events, fmt.Sprintf(format, args...))
}

func (h *readingHost) interrupts(ctx context.Context) <-chan struct{} { return ctx.Done() }
func (h *readingHost) isOnLoop() bool                                 { return false }
func (h *readingHost) mayGoOn(uint8) bool                             { return true }
func (h *readingHost) wakeLoop()                                      { h.note("wakes the loop") }
func (h *readingHost) beforeWait()                                    { h.waits++ }
func (h *readingHost) frameRead(f frame.Header)                       { h.note("%v", f) }
func (h *readingHost) closedError() error                             { return &ClosedError{Cause: h.cause} }
func (h *readingHost) givenUp(ctx context.Context) error              { return insteadOf(ctx.Err(), h.gone) }
func (h *readingHost) inCallback() bool                               { return false }
func (h *readingHost) driveAgain()                                    { h.drivers++ }
func (h *readingHost) inflater() *conn.Inflater                       { return &h.in }

// insteadOf returns better in place of err, if there is any.
func insteadOf(err, better error) error {
	if err != nil && better != nil {
		return better
	}
	return err
}

func (h *readingHost) control(_ context.Context, op frame.Opcode, payload []byte) error {
	h.note("%v %q", op, payload)
	if op == frame.Close {
		h.state.Store(uint32(conn.ClosedByPeer))
		return h.closedError()
	}
	return nil
}

func (h *readingHost) end(s conn.State, cause error) error {
	h.state.Store(uint32(s))
	h.cause = cause
	return h.closedError()
}

func (h *readingHost) refused(_ context.Context, err error) error { return h.end(conn.Failed, err) }
func (h *readingHost) streamEnded(_ context.Context, err error) error {
	return h.end(conn.Terminated, err)
}
func (h *readingHost) streamBroke(err error) error { return h.end(conn.Terminated, err) }

// script is a stream that gives its pieces one by one, and then waits for more.
type script struct {
	transport.Transport // none: what is not below is not called
	pieces              chan []byte
	rest                []byte
	interrupted         chan struct{} // closed while it stands interrupted
	err                 error         // at the end of pieces
	reads               []int         // the room that each Read was given
}

func newScript(pieces ...[]byte) *script {
	s := &script{pieces: make(chan []byte, len(pieces)+1), interrupted: make(chan struct{}), err: io.EOF}
	for _, p := range pieces {
		s.pieces <- p
	}
	return s
}

func (s *script) InterruptRead(on bool) {
	select {
	case <-s.interrupted:
		if !on {
			s.interrupted = make(chan struct{})
		}
	default:
		if on {
			close(s.interrupted)
		}
	}
}

func (s *script) next(p []byte) (int, error) {
	if len(s.rest) == 0 {
		select {
		case piece, ok := <-s.pieces:
			if !ok {
				return 0, s.err
			}
			s.rest = piece
		case <-s.interrupted:
			return 0, os.ErrDeadlineExceeded
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *script) Fill(b *transport.Buffer) (int, error) {
	n, err := s.next(b.Room())
	b.Extend(n)
	return n, err
}

func (s *script) Read(p []byte) (int, error) {
	s.reads = append(s.reads, len(p))
	return s.next(p)
}

// newReceiver returns the receiver of a server that reads s.
func newReceiver(s *script) (*receiver, *readingHost) {
	h := &readingHost{stream: s, in: conn.NewInflater(conn.Terms{WindowBits: 15})}
	h.coalesce.on(holdBatch) // what leaves before a wait
	r := &receiver{standing: &h.standing, host: h, terms: &terms{fragments: 10}}
	r.decoder.Init(conn.Server.Expects(true))
	r.canceler.Init(&h.stream, transport.Reading)
	return r, h
}

func clientFrame(first byte, payload string) []byte {
	return naive.Encode(naive.Frame{FIN: first>>7 == 1, RSV1: first>>6&1 == 1, Opcode: first & 15, Masked: true, Key: [4]byte{1, 2, 3, 4}, Payload: []byte(payload)})
}

// hello is "Hello" compressed (RFC 7692 §7.2.3.1).
const helloDeflated = "\xf2\x48\xcd\xc9\xc9\x07\x00"

func (r *receiver) read(ctx context.Context) (string, error) {
	if err := r.await(ctx); err != nil {
		return "", err
	}
	typ, p, err := take(r, ctx, nil)
	return fmt.Sprintf("%v %.20s", typ, p), err
}

// Whatever pieces the stream comes in, the same messages are read, and control frames
// go to the host in their place.
func TestReceiverReads(t *testing.T) {
	stream := slices.Concat(clientFrame(0x81, "one"), clientFrame(0x01, "in "), clientFrame(0x89, "p"), clientFrame(0x80, "two"),
		clientFrame(0xC1, helloDeflated), clientFrame(0x82, strings.Repeat("x", 100_000)), clientFrame(0x88, "\x03\xe8"))
	for _, size := range []int{1, 7, 100, 5000, len(stream)} {
		r, h := newReceiver(newScript(slices.Collect(slices.Chunk(stream, size))...))
		for _, want := range []string{"MessageText one", "MessageText in two", "MessageText Hello", "MessageBinary " + strings.Repeat("x", 20)} {
			if got, err := r.read(t.Context()); err != nil || got != want {
				t.Fatalf("in pieces of %d: %q, %v, want %q", size, got, err, want)
			}
		}
		if _, err := r.read(t.Context()); err == nil || h.waits == 0 {
			t.Errorf("after the Close frame: %v, after %d waits", err, h.waits)
		}
		if want := []string{`ping "p"`, `close "\x03\xe8"`}; !slices.Equal(h.events, want) {
			t.Errorf("%q, want %q", h.events, want)
		}
		if _, err := r.read(t.Context()); err == nil {
			t.Error("it reads on")
		}
	}
}

// A Reader that was read to its last byte is done with, also if nobody has asked it for
// io.EOF: a json.Decoder does not.
func TestReaderReadToItsLastByte(t *testing.T) {
	for name, test := range map[string]struct {
		message []byte
		take    int // bytes of the message that are read
		ok      bool
	}{
		"text":                  {clientFrame(0x81, "Hello"), 5, true},
		"but for a byte":        {clientFrame(0x81, "Hello"), 4, false},
		"compressed":            {clientFrame(0xC1, helloDeflated), 5, true},
		"compressed, in part":   {clientFrame(0xC1, helloDeflated), 2, false},
		"nothing":               {clientFrame(0x82, ""), 0, true},
		"the last fragment":     {slices.Concat(clientFrame(0x01, "Hel"), clientFrame(0x80, "lo")), 5, true},
		"a fragment":            {slices.Concat(clientFrame(0x01, "Hello"), clientFrame(0x80, "")), 5, false},
		"text that is not over": {clientFrame(0x81, "Hell\xc3"), 5, false},
	} {
		stream := slices.Concat(test.message, clientFrame(0x82, "next"))
		for _, size := range []int{1, len(stream)} {
			r, h := newReceiver(newScript(slices.Collect(slices.Chunk(stream, size))...))
			if err := r.nextFrame(t.Context()); err != nil {
				t.Fatal(name, err)
			}
			r.stream = &messageReader{r: r, ctx: t.Context()}
			first := r.stream
			if n, err := io.ReadFull(first, make([]byte, test.take)); err != nil {
				t.Fatal(name, n, err)
			}
			got, err := r.read(t.Context())
			if test.ok != (err == nil && got == "MessageBinary next") {
				t.Errorf("%s, in pieces of %d: then %q, %v; %q", name, size, got, err, h.events)
			}
			if n, err := first.Read(make([]byte, 9)); test.ok && (n != 0 || err != io.EOF) {
				t.Errorf("%s: the Reader goes on with %d bytes, %v", name, n, err)
			}
		}
	}
}

// A read that is cancelled leaves all in its place: the next one has the whole message,
// by a Reader too, and nothing stays in the caller's memory.
func TestReceiverCancelled(t *testing.T) {
	long := strings.Repeat("0123456789", 5_000)
	for name, first := range map[string]byte{"text": 0x81, "compressed": 0xC1} {
		payload := long
		if first == 0xC1 {
			d := conn.NewDeflater(conn.Terms{WindowBits: 15}, 1)
			payload = string(d.Message(new(conn.DeflateEngine), nil, []byte(long)))
		}
		whole := clientFrame(first, payload)
		for _, cut := range []int{1, 5, 14, len(whole) / 2, len(whole) - 1} {
			for _, how := range []string{"read", "reader"} {
				t.Run(fmt.Sprint(name, cut, how), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newScript(whole[:cut])
						r, _ := newReceiver(s)
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						defer cancel()
						buf := make([]byte, 0, 10)
						err := r.await(ctx)
						if err == nil {
							_, _, err = take(r, ctx, buf)
						}
						if !errors.Is(err, context.DeadlineExceeded) {
							t.Fatal(err)
						}
						s.pieces <- whole[cut:]
						close(s.pieces)
						var got []byte
						if how == "read" {
							if err = r.await(t.Context()); err == nil {
								_, got, err = take(r, t.Context(), nil)
							}
						} else {
							if err = r.enter(t.Context(), "a test"); err == nil && !r.atData() {
								err = r.nextFrame(t.Context())
							}
							if r.inflating != nil && r.partial != nil {
								r.inflating.output.Adopt(*r.partial)
							}
							r.stream = &messageReader{r: r, ctx: t.Context()}
							m := r.stream
							r.leave()
							if err == nil {
								got, err = io.ReadAll(m)
							}
						}
						if err != nil || string(got) != long {
							t.Errorf("%d bytes, %v", len(got), err)
						}
					})
				})
			}
		}
	}
}

// How much the next read may bring depends on the size of messages, wherever in the
// caller's memory they come to stand.
func TestReceiverBorrowsBySize(t *testing.T) {
	fragments := func(text string) []byte { return append(clientFrame(0x01, ""), clientFrame(0x80, text)...) }
	for name, frames := range map[string]func(text string) []byte{
		"one frame": func(text string) []byte { return clientFrame(0x81, text) },
		"fragments": fragments,
		"compressed": func(text string) []byte {
			d := conn.NewDeflater(conn.Terms{WindowBits: 15}, 1)
			return clientFrame(0xC1, string(d.Message(new(conn.DeflateEngine), nil, []byte(text))))
		},
	} {
		for size, large := range map[int]bool{10: false, 16 << 10: false, 64 << 10: true} {
			for _, before := range []int{0, 20 << 10, 128 << 10} {
				r, _ := newReceiver(newScript(frames(strings.Repeat("x", size))))
				if err := r.await(t.Context()); err != nil {
					t.Fatal(err)
				}
				_, _, err := take(r, t.Context(), make([]byte, before))
				if room := len(r.buf.Room()); err != nil || room > 64<<10 != large {
					t.Errorf("%s, a message of %d bytes behind %d: %v, the next read may bring %d", name, size, before, err, room)
				}
				r.buf.Discard()
			}
		}
	}
}

// A context that has ended is the connection's own, perhaps, or made of it. The host knows
// what to say then.
func TestReceiverGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := &ClosedError{Cause: io.EOF}
		r, h := newReceiver(newScript())
		h.gone = over
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.read(ended); err != over {
			t.Errorf("before it waits: %v", err)
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.read(soon); err != over {
			t.Errorf("while it waits: %v", err)
		}
	})
}

// What ends a read, and what the host is told.
func TestReceiverEnds(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name   string
		pieces [][]byte
		err    error // of the stream
		want   error
		state  conn.State
	}{
		{"end", nil, io.EOF, io.EOF, conn.Terminated},
		{"end in a header", [][]byte{{0x81}}, io.EOF, io.ErrUnexpectedEOF, conn.Terminated},
		{"end in a payload", [][]byte{clientFrame(0x81, "cut")[:7]}, io.EOF, io.ErrUnexpectedEOF, conn.Terminated},
		{"end between fragments", [][]byte{clientFrame(0x01, "a")}, io.EOF, io.ErrUnexpectedEOF, conn.Terminated},
		{"broken", nil, broken, broken, conn.Terminated},
		{"a timeout that is not ours", nil, os.ErrDeadlineExceeded, os.ErrDeadlineExceeded, conn.Terminated},
		{"violation", [][]byte{{0x83, 0x80}}, io.EOF, frame.ErrReservedOpcode, conn.Failed},
		{"text of one frame", [][]byte{clientFrame(0x81, "\xff")}, io.EOF, frame.ErrText, conn.Failed},
		{"text in fragments", [][]byte{clientFrame(0x01, "\xff")}, io.EOF, frame.ErrText, conn.Failed},
		{"half a character", [][]byte{clientFrame(0x01, "\xe2"), clientFrame(0x80, "")}, io.EOF, frame.ErrText, conn.Failed},
		{"compressed", [][]byte{clientFrame(0xC1, "")}, io.EOF, deflateEnd(t), conn.Failed},
	} {
		s := newScript(test.pieces...)
		s.err = test.err
		close(s.pieces)
		r, h := newReceiver(s)
		if _, err := r.read(t.Context()); err == nil || !errors.Is(h.cause, test.want) || conn.State(h.state.Load()) != test.state {
			t.Errorf("%s: %v, %v, %v", test.name, err, h.cause, conn.State(h.state.Load()))
		}
		if r.buf.Buffered() > 0 && test.state == conn.Terminated {
			t.Errorf("%s: %d bytes are still held", test.name, r.buf.Buffered())
		}
	}
}

// deflateEnd is the violation of a compressed message that ends too early.
func deflateEnd(t *testing.T) error {
	t.Helper()
	var d conn.Decoder
	var e conn.InflateEngine
	in := conn.NewInflater(conn.Terms{WindowBits: 15})
	d.Init(conn.Server.Expects(true))
	if _, n, err := d.Next(clientFrame(0xC1, ""), conn.Limits{Fragments: 1}); n == 0 || err != nil {
		t.Fatal(n, err)
	}
	d.Lend(&e, &in)
	_, _, _, err := d.Inflate(make([]byte, 0, 10), 0, nil, conn.Limits{})
	return err
}

// Waiting for the gate ends with the context, or when there is nothing to read any more.
func TestReceiverGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := newReceiver(newScript())
		if err := r.enter(t.Context(), "a test"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.enter(ctx, "a test"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- r.enter(t.Context(), "a test") }()
		synctest.Wait()
		h.state.Store(uint32(conn.Terminated))
		r.drivers.Store(1)
		r.leave()
		if _, ok := errors.AsType[*ClosedError](<-ended); !ok || h.drivers != 1 {
			t.Errorf("%d times told to drive", h.drivers)
		}
	})
}

// A long payload is read straight into its destination, and nothing is allocated on the
// word of its header.
func TestReceiverReadsIntoItsDestination(t *testing.T) {
	whole := clientFrame(0x82, strings.Repeat("x", 1<<20))
	s := newScript(slices.Collect(slices.Chunk(whole, 32<<10))...)
	r, _ := newReceiver(s)
	if err := r.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, p, err := take(r, t.Context(), make([]byte, 0, 1<<20))
	if err != nil || !bytes.Equal(p, bytes.Repeat([]byte("x"), 1<<20)) {
		t.Fatal(len(p), err)
	}
	if len(s.reads) == 0 || s.reads[0] < 1<<19 {
		t.Errorf("it was read with room for %d", s.reads)
	}
	s = newScript(whole[:100])
	close(s.pieces)
	r, _ = newReceiver(s)
	if _, err := r.read(t.Context()); err == nil || len(s.reads) == 0 || s.reads[0] > conn.MaxPrealloc {
		t.Errorf("%v; it was read with room for %d", err, s.reads)
	}
}

// For the closing handshake messages of any size are dropped, and control frames are not.
func TestReceiverDrains(t *testing.T) {
	s := newScript(clientFrame(0x01, "beginning"), clientFrame(0x89, "p"), clientFrame(0x80, "\xff"), clientFrame(0x82, strings.Repeat("x", 70_000)), clientFrame(0x88, ""))
	r, h := newReceiver(s)
	r.terms.frameLimit, r.traced = 10, true
	r.limit.Store(10)
	r.state.Store(uint32(conn.ClosedByUs))
	if err := r.enter(t.Context(), "a test"); err != nil {
		t.Fatal(err)
	}
	err := r.drain(t.Context())
	r.leave()
	want := []string{"text 9", "FIN ping 1", `ping "p"`, "FIN continuation 1", "FIN binary 70000", "FIN close 0", `close ""`}
	if _, ok := errors.AsType[*ClosedError](err); !ok || !slices.EqualFunc(h.events, want, strings.HasPrefix) {
		t.Errorf("%v, %q, want %q", err, h.events, want)
	}
}

// A loop that cannot enter again leaves what its body holds of the buffer to the next, or
// to the end.
func TestReceiverOrphan(t *testing.T) {
	for _, ended := range []bool{false, true} {
		r, h := newReceiver(newScript(clientFrame(0x81, "one")))
		if err := r.await(t.Context()); err != nil {
			t.Fatal(err)
		}
		op, p, ok := r.nextSingle()
		if !ok || r.openSingle(t.Context(), op, p) != nil || string(p) != "one" {
			t.Fatalf("%q", p)
		}
		pinned := r.buf.Pin()
		r.leave()
		if ended {
			h.state.Store(uint32(conn.Terminated))
			r.retire()
		}
		if r.abandonBuffer(pinned); (r.orphan.Load() == nil) != ended {
			t.Errorf("ended %v: an orphan %v", ended, r.orphan.Load() != nil)
		}
		if err := r.enter(t.Context(), "a test"); !ended && err == nil {
			r.takeOrphan()
			r.leave()
		}
		if r.orphan.Load() != nil {
			t.Error("nobody takes it")
		}
	}
}

// take is what ReadInto does once await has returned.
func take(r *receiver, ctx context.Context, buf []byte) (MessageType, []byte, error) {
	defer r.leave()
	return r.receive(ctx, buf)
}

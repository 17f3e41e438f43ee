//go:build linux

package transport

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
)

// turn runs a loop until there is nothing left, and returns what has come.
func turn(d Driven, b *Buffer) (got []string, err error) {
	err = eachArrival(d, b, func() bool {
		got = append(got, string(b.Bytes()))
		b.Consume(b.Buffered())
		return d.Release() && d.Reacquire()
	})
	return got, err
}

// eachArrival reads as a turn of a loop does: until nothing is left, arrived wants no more, or
// nothing can be sent.
func eachArrival(d Driven, b *Buffer, arrived func() bool) error {
	for {
		if _, err := d.TryFill(b); err != nil {
			return err
		}
		if !arrived() {
			return nil
		}
		if d.Full() {
			b.Release()
			return ErrAgain
		}
	}
}

// eachUndriven runs a test of a stream of each kind whose events the test reports.
func eachUndriven(t *testing.T, test func(t *testing.T, d *driven, far net.Conn)) {
	t.Helper()
	t.Run("tcp", func(t *testing.T) {
		near, far := pair(t, "tcp")
		test(t, undriven(t, near), far)
	})
	t.Run("TLS", func(t *testing.T) {
		near, far, _ := tlsPair(t)
		test(t, undriven(t, near), far)
	})
}

// wantTurn takes turns until all of want has come.
func wantTurn(t *testing.T, d *driven, b *Buffer, want string) error {
	t.Helper()
	var all strings.Builder
	for {
		d.Ready(Readable)
		got, err := turn(d, b)
		for _, text := range got {
			all.WriteString(text)
		}
		if b.data != nil {
			t.Fatal("it holds memory after a turn")
		}
		if err != ErrAgain || all.Len() >= len(want) {
			if all.String() != want {
				t.Fatalf("%d bytes %.40q, want %d %.40q", all.Len(), all.String(), len(want), want)
			}
			return err
		}
	}
}

// A turn reads what is there, once, and does not ask whether there is more until an event says so.
func TestPolledTurn(t *testing.T) {
	eachUndriven(t, func(t *testing.T, d *driven, far net.Conn) {
		var b Buffer
		for _, text := range []string{"x", "second", strings.Repeat("much", 100_000)} {
			sent := background(func() error { _, err := io.WriteString(far, text); return err })
			wantIs(t, "the turn", wantTurn(t, d, &b, text), ErrAgain)
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}
		send(t, far, "unseen")
		if got, err := turn(d, &b); len(got) > 0 || err != ErrAgain {
			t.Errorf("%q, %v without an event", got, err)
		}
		d.Ready(Writable)
		if got, err := turn(d, &b); len(got) > 0 || err != ErrAgain {
			t.Errorf("%q, %v after an event of the other direction", got, err)
		}
		wantIs(t, "the turn", wantTurn(t, d, &b, "unseen"), ErrAgain)
	})
}

// The end of the stream that came together with the last bytes is seen in the same turn.
func TestPolledTurnToTheEnd(t *testing.T) {
	eachUndriven(t, func(t *testing.T, d *driven, far net.Conn) {
		send(t, far, "last")
		_ = far.Close()
		var b Buffer
		var got []string
		err := ErrAgain
		for err == ErrAgain && len(got) == 0 {
			d.Ready(Readable | Ended)
			got, err = turn(d, &b)
		}
		for err == ErrAgain { // the end comes a little later
			d.Ready(Readable | Ended)
			_, err = turn(d, &b)
		}
		if len(got) != 1 || got[0] != "last" || err != io.EOF {
			t.Errorf("%q, %v", got, err)
		}
		b.Discard()
	})
}

// A turn ends when the body wants no more, when nothing can be answered, when reads stand
// interrupted, and when the connection is closed.
func TestPolledTurnEnds(t *testing.T) {
	eachUndriven(t, func(t *testing.T, d *driven, far net.Conn) {
		var b Buffer
		defer b.Discard()
		arrived := 0
		body := func() bool {
			arrived++
			b.Consume(b.Buffered())
			return false
		}
		send(t, far, "text")
		for err := ErrAgain; err == ErrAgain; err = eachArrival(d, &b, body) {
			d.Ready(Readable)
		}
		if arrived != 1 {
			t.Errorf("%d arrivals", arrived)
		}
		fillUp(t, d)
		send(t, far, "asks")
		arrived = 0
		for arrived == 0 {
			d.Ready(Readable)
			err := eachArrival(d, &b, func() bool { body(); return true })
			wantIs(t, "while it is full", err, ErrAgain)
		}
		d.InterruptRead(true)
		_, err := turn(d, &b)
		wantIs(t, "interrupted", err, os.ErrDeadlineExceeded)
		_, err = d.TryRead(make([]byte, 1))
		wantIs(t, "interrupted", err, os.ErrDeadlineExceeded)
		d.InterruptRead(false)
		_, err = turn(d, &b)
		wantIs(t, "not interrupted", err, ErrAgain)
		_ = d.Close()
		_, err = turn(d, &b)
		wantIs(t, "closed", err, net.ErrClosed)
		if d.Release() || d.Reacquire() {
			t.Error("what is closed is released or reacquired")
		}
	})
}

// A context that ends stops a read or a write that waits, and nothing is lost.
func TestPolledIsCancelled(t *testing.T) {
	eachDriven(t, func(t *testing.T, d *driven, far net.Conn) {
		of := Transport(d)
		for name, test := range map[string]struct {
			direction Direction
			call      func() error
		}{
			"reading": {Reading, func() error { _, err := d.Read(make([]byte, 1)); return err }},
			"writing": {Writing, func() error { _, err := d.Write(make([]byte, 1<<20), nil); return err }},
		} {
			if test.direction == Writing {
				fillUp(t, d)
			}
			var c Canceler
			c.Init(&of, test.direction)
			ctx, cancel := context.WithCancel(context.Background())
			if err := c.Arm(ctx, ctx.Done()); err != nil {
				t.Fatal(err)
			}
			waits := d.waited.Load()
			ended := background(test.call)
			for d.waited.Load() == waits {
				runtime.Gosched()
			}
			cancel()
			err := <-ended
			if wantIs(t, name, err, os.ErrDeadlineExceeded); !c.ResumeAfter(err) {
				t.Errorf("%s: the Canceler did not cause it", name)
			}
			c.Reset()
		}
		total := background(func() int64 { n, _ := io.Copy(io.Discard, far); return n })
		if _, err := d.Write(make([]byte, 1<<20), nil); err != nil {
			t.Error(err)
		}
		_ = d.CloseWrite()
		if n := <-total; n < 1<<20 {
			t.Errorf("%d bytes have arrived", n)
		}
	})
}

// No event is missed between a call in vain and the wait after it: the test would hang.
func TestPolledMissesNoEvent(t *testing.T) {
	rounds := 4000
	if testing.Short() {
		rounds = 500
	}
	eachDriven(t, func(t *testing.T, d *driven, far net.Conn) {
		echoed := background(func() error { _, err := io.Copy(far, far); return err })
		r := rand.New(rand.NewPCG(1, 2))
		for range rounds {
			text := strings.Repeat("x", 1+r.IntN(300))
			if _, err := d.Write([]byte(text[:1]), []byte(text[1:])); err != nil {
				t.Fatal(err)
			}
			var b Buffer
			if r.IntN(2) == 0 {
				_, _ = d.TryFill(&b)
			}
			for b.Buffered() < len(text) {
				if _, err := d.Fill(&b); err != nil {
					t.Fatal(err)
				}
			}
			b.Discard()
		}
		d.CloseWrite()
		if err := <-echoed; err != nil {
			t.Error(err)
		}
	})
}

// Close ends a read and a write that wait.
func TestPolledCloses(t *testing.T) {
	eachDriven(t, func(t *testing.T, d *driven, _ net.Conn) {
		fillUp(t, d)
		reads := fill(d)
		writes := background(func() error { _, err := d.Write([]byte("x"), nil); return err })
		for d.waited.Load() < 2 {
			runtime.Gosched()
		}
		_ = d.Close()
		wantIs(t, "Fill", (<-reads).err, net.ErrClosed)
		wantIs(t, "Write", <-writes, net.ErrClosed)
	})
}

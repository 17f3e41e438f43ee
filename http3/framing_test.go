package http3

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/quic-go/quic-go/quicvarint"
)

var errInterrupted = errors.New("interrupted")

// cuts is a stream that is interrupted at each of some places, once.
type cuts struct {
	bytes.Buffer
	room int // until the next interruption
	step int
}

func (c *cuts) Read(p []byte) (int, error) {
	if c.room == 0 {
		c.room = c.step
		return 0, errInterrupted
	}
	n, err := c.Buffer.Read(p[:min(len(p), c.room)])
	c.room -= n
	return n, err
}

func (c *cuts) Write(p []byte) (n int, err error) {
	if len(p) > c.room {
		p, err = p[:c.room], errInterrupted
	}
	n, _ = c.Buffer.Write(p)
	if c.room -= n; err != nil {
		c.room = c.step
	}
	return n, err
}

// A reader that is interrupted anywhere goes on as if it had not been.
func TestDeframerInterrupted(t *testing.T) {
	var wire []byte
	for _, f := range []struct {
		kind uint64
		size int
	}{{frameData, 5}, {0x21, 3}, {frameData, 0}, {1 << 40, 70}, {frameData, 70}, {frameData, 20_000}} {
		wire = quicvarint.Append(wire, f.kind)
		wire = quicvarint.Append(wire, uint64(f.size))
		wire = append(wire, bytes.Repeat([]byte{'a' + byte(f.size%26)}, f.size)...)
	}
	for step := 1; step < 40; step++ {
		r := &cuts{step: step}
		r.Buffer.Write(wire)
		var (
			d   deframer
			got []byte
			p   [64]byte
		)
		for {
			var n int
			var err error
			if d.left == 0 {
				err = d.next(r)
			} else if n, err = d.read(r, p[:]); d.kind == frameData {
				got = append(got, p[:n]...)
			}
			if err == io.EOF {
				break
			}
			if err != nil && err != errInterrupted {
				t.Fatal(err)
			}
		}
		if !d.between() || len(got) != 5+70+20_000 || bytes.Count(got, []byte{'a' + 5}) != 5 || bytes.Count(got, []byte{'a' + 70%26}) != 70 {
			t.Fatalf("step %d: %d bytes, %+v", step, len(got), d)
		}
	}
}

// A writer that is interrupted anywhere has told how much was taken; what follows makes whole
// frames of it.
func TestFramerInterrupted(t *testing.T) {
	for step := 1; step < 40; step++ {
		for _, sizes := range [][]int{{1, 2, 3}, {63, 64, 65}, {1200, 1201}, {5000, 1, 5000}} {
			w := &cuts{step: step}
			var f framer
			var want []byte
			for i, size := range sizes {
				p := bytes.Repeat([]byte{byte('a' + i)}, size)
				want = append(want, p...)
				for len(p) > 0 {
					n, err := f.write(w, p)
					if err != nil && err != errInterrupted || err == nil && n < len(p) {
						t.Fatal(n, err)
					}
					p = p[n:]
				}
			}
			if f.left != 0 || len(f.head) != 0 {
				t.Fatalf("step %d: %d bytes and %d of a head are missing", step, f.left, len(f.head))
			}
			var d deframer
			var got []byte
			for d.next(&w.Buffer) == nil {
				if d.kind != frameData {
					t.Fatalf("step %d, %v: frame %#x", step, sizes, d.kind)
				}
				part := make([]byte, d.left)
				if _, err := io.ReadFull(&w.Buffer, part); err != nil {
					t.Fatal(err)
				}
				got, d.left = append(got, part...), 0
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("step %d, %v: %d bytes, want %d", step, sizes, len(got), len(want))
			}
		}
	}
}

// A frame of which nothing has gone is forgotten: another may take its place.
func TestFramerForgets(t *testing.T) {
	for _, size := range []int{5, 5000} {
		var f framer
		w := &cuts{step: 1 << 20}
		if n, err := f.write(w, make([]byte, size)); n != 0 || err != errInterrupted || f.left != 0 {
			t.Errorf("%d, %v, %d left", n, err, f.left)
		}
		if n, err := f.write(w, []byte("xyz")); n != 3 || err != nil || w.String() != "\x00\x03xyz" {
			t.Errorf("%d, %v, %q", n, err, w.String())
		}
	}
}

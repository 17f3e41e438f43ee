package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"testing"
)

// fixedly returns n every time.
func fixedly(n int) func() int { return func() int { return n } }

// feed gives a stream to d in pieces of cut() bytes and with room() bytes of
// room at a time. Every call gets the output at another address and with
// another base, between bytes that must not change.
func feed(t *testing.T, d *Decoder, stream []byte, cut, room func() int) ([]byte, error) {
	t.Helper()
	return feedSliding(t, d, 1<<30, stream, cut, room)
}

// feedSliding is feed with no more of the output in sight than the last keep
// bytes, once there are as many.
func feedSliding(t *testing.T, d *Decoder, keep int, stream []byte, cut, room func() int) ([]byte, error) {
	t.Helper()
	const border = 0xa5
	var all []byte
	for calls := 0; ; calls++ {
		seen := all
		if len(all) >= keep {
			seen = all[len(all)-keep:]
			d.history = nil // it is out of reach
		}
		base, n := calls%3, room()
		fenced := bytes.Repeat([]byte{border}, base+len(seen)+n+20)
		copy(fenced[base:], seen)
		out := fenced[: base+len(seen) : base+len(seen)+n]
		in := stream[:min(len(stream), cut())]
		got, used, err := d.Inflate(out, base, in)
		if &got[:1][0] != &out[:1][0] || len(got) < len(out) {
			t.Fatal("the result is not an extension of out")
		}
		for i, b := range fenced {
			if (i < base || i >= base+len(seen)+n) && b != border {
				t.Fatalf("byte %d outside of out has changed", i)
			}
		}
		if !bytes.Equal(got[base:len(out)], seen) {
			t.Fatal("what was produced before has changed")
		}
		if err == nil && used < len(in) && len(got) < cap(got) {
			t.Fatalf("%d of %d bytes used and room left", used, len(in))
		}
		all = append(all, got[len(out):]...)
		stream = stream[used:]
		if err != nil {
			again, _, still := d.Inflate(got, base, stream)
			if still != err || len(again) != len(got) {
				t.Fatalf("after %v came %v", err, still)
			}
			return all, err
		}
		if len(stream) == 0 && len(got) < cap(got) {
			return all, nil
		}
		if calls > 1<<22 {
			t.Fatal("no end")
		}
	}
}

// oracle is what compress/flate makes of a stream. As it stops after a final
// block, it is begun again there; ends has the lengths of the output at those
// points. The error is io.ErrUnexpectedEOF or a flate.CorruptInputError.
func oracle(stream, history []byte) (out []byte, ends []int, err error) {
	in := bytes.NewReader(stream)
	for {
		before := append(bytes.Clone(history), out...)
		r := flate.NewReaderDict(in, before[max(0, len(before)-MaxWindow):])
		got, err := io.ReadAll(r)
		out = append(out, got...)
		if err != nil {
			return out, ends, err
		}
		ends = append(ends, len(out))
	}
}

// agree reports a difference between the decoder and compress/flate that is
// not among those in doc.go.
func agree(t *testing.T, stream, history, got []byte, err error) {
	t.Helper()
	want, ends, wantErr := oracle(stream, history)
	n := min(len(want), len(got))
	if !bytes.Equal(got[:n], want[:n]) {
		t.Fatalf("different output; errors %v and %v", err, wantErr)
	}
	switch {
	case err == ErrNoEndOfBlock:
		// compress/flate goes on until something else is wrong.
		if len(got) > len(want) {
			t.Fatalf("%v after %d bytes, want at most %d", err, len(got), len(want))
		}
	case err == ErrPadding:
		for _, end := range ends {
			if end == len(got) {
				return
			}
		}
		t.Fatalf("%v after %d bytes, final blocks end at %d", err, len(got), ends)
	case wantErr == io.ErrUnexpectedEOF:
		// compress/flate does not look at a code before it has as many bits as
		// the end-of-block symbol has, up to 15.
		if len(got) < len(want) {
			t.Fatalf("%d bytes, want %d; error %v", len(got), len(want), err)
		}
		if len(got) == len(want) && err == nil {
			return
		}
		short, err := feedSliding(t, fresh(MaxWindow, history), MaxWindow, stream[:max(0, len(stream)-2)], fixedly(1<<30), fixedly(1<<16))
		if err != nil || len(short) > len(want) {
			t.Fatalf("two bytes earlier: %d bytes, want at most %d; error %v", len(short), len(want), err)
		}
	default:
		var corrupt flate.CorruptInputError
		if !errors.As(wantErr, &corrupt) {
			t.Fatal(wantErr)
		}
		if err == nil || len(got) != len(want) {
			t.Fatalf("%d bytes and %v, want %d and %v", len(got), err, len(want), wantErr)
		}
	}
}

func fresh(window int, history []byte) *Decoder {
	d := new(Decoder)
	d.Reset(window, history)
	return d
}

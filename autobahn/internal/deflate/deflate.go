package deflate

import "github.com/klauspost/compress/flate"

// A Deflater compresses the messages of one direction of a connection (RFC 7692 §7.2.1).
type Deflater struct {
	window   int // bytes
	takeover bool
	writer   *flate.Writer
	out      appender

	// With takeover: what precedes the message, and whether the writer has lost it.
	history []byte
	lost    bool
}

// NewDeflater returns a Deflater with a window of 1<<windowBits bytes, 8 to 15. Without
// takeover every message starts with an empty window.
//
// The level is the cheapest one for a run. For JSON messages of 8 and 128 KiB with takeover,
// level 1 compresses 690 and 1480 MB/s (to 5.1 %), level 3 620 and 740 (4.7 %), level 6 330 and
// 280 (3.8 %). Level 1 reaches as far back as the others. A window below 15 bits has only one
// level: 360 and 490 MB/s with 9 bits.
func NewDeflater(windowBits int, takeover bool) *Deflater {
	d := &Deflater{window: 1 << windowBits, takeover: takeover}
	var err error
	if windowBits == 15 {
		d.writer, err = flate.NewWriter(&d.out, flate.BestSpeed)
	} else {
		d.writer, err = flate.NewWriterWindow(&d.out, d.window)
	}
	if err != nil {
		panic(err) // windowBits is not 8 to 15
	}
	return d
}

// An appender is a writer that cannot fail.
type appender struct{ p []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.p = append(a.p, p...)
	return len(p), nil
}

const (
	// fewest is how many bytes flate needs to look for back-references. When less is flushed,
	// it uses only Huffman codes and forgets its history.
	fewest = 128
	// indexed is how many bytes of history are indexed again for each message shorter than
	// fewest. The maximum of flate, 8 KiB, would cost four times as much.
	indexed = 2 << 10
	// chunk is how many bytes flate compresses at a time.
	chunk = 65535
)

// Message appends the compressed p to dst, as the payload of a message: flushed, without the
// final 00 00 FF FF.
func (d *Deflater) Message(dst, p []byte) []byte {
	if len(p) == 0 {
		return append(dst, 0x00) // RFC 7692 §7.2.3.6
	}
	d.out.p = dst
	switch {
	case !d.takeover:
		d.writer.Reset(&d.out)
		d.write(p)
	case len(p) < fewest:
		// Only the history that the end of the message can reach as well.
		past := min(len(d.history), d.window-len(p), indexed)
		_ = flate.StatelessDeflate(&d.out, p, false, d.history[len(d.history)-past:])
		d.lost = true
	default:
		if d.lost {
			d.writer.ResetDict(&d.out, d.history[max(0, len(d.history)-d.window):])
		}
		d.write(p)
		d.lost = len(p)%chunk != 0 && len(p)%chunk < fewest
	}
	if d.takeover {
		d.history = slide(d.history, p, d.window)
	}
	out := d.out.p
	d.out.p = nil
	return out[:len(out)-4]
}

func (d *Deflater) write(p []byte) {
	// A writer fails only if its destination does, and an appender does not.
	_, _ = d.writer.Write(p)
	_ = d.writer.Flush()
}

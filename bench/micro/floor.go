package micro

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/hawser-ws/websocket/frame"
)

// floor echoes text by hand: the minimum when everything but the frames is known in advance. It
// has one buffer, as large as the largest frame. The kernels of package frame unmask and
// validate the payload in place, and its header is written before it, so nothing is copied. It
// handles no fragments, control frames, limits or deadlines, and only one goroutine.
type floor struct {
	rw        io.ReadWriter
	buf       []byte
	from, end int
}

var errFloor = errors.New("not a whole text of a client")

func (f *floor) run(n int) error {
	for range n {
		if err := f.one(); err != nil {
			return err
		}
	}
	return nil
}

func (f *floor) one() error {
	length, header := 0, 0
	for {
		have := f.buf[f.from:f.end]
		if len(have) >= 6 {
			if have[0] != 0x81 || have[1] < 0x80 {
				return errFloor
			}
			switch length, header = int(have[1]&0x7F), 6; length {
			case 126:
				length, header = int(binary.BigEndian.Uint16(have[2:])), 8
			case 127:
				if header = 14; len(have) >= 10 {
					length = int(binary.BigEndian.Uint64(have[2:]))
				}
			}
			if len(have) >= header+length {
				break
			}
		}
		if err := f.fill(); err != nil {
			return err
		}
	}
	start := f.from + header
	p := f.buf[start : start+length]
	key := frame.Key(binary.LittleEndian.Uint32(f.buf[start-4:]))
	var text frame.Validator
	if _, ok := frame.UnmaskValid(p, key, &text); !ok || !text.Complete() {
		return errFloor
	}
	f.from = start + length
	// The header without the key fits in front of the payload.
	out := f.buf[start-header+4 : start+length]
	out[0] = 0x81
	switch header {
	case 6:
		out[1] = byte(length)
	case 8:
		out[1] = 126
		binary.BigEndian.PutUint16(out[2:], uint16(length))
	default:
		out[1] = 127
		binary.BigEndian.PutUint64(out[2:], uint64(length))
	}
	_, err := f.rw.Write(out)
	return err
}

// fill reads more data after the present data.
func (f *floor) fill() error {
	f.end = copy(f.buf, f.buf[f.from:f.end])
	f.from = 0
	n, err := f.rw.Read(f.buf[f.end:])
	f.end += n
	return err
}

package crowd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hawser-ws/websocket/bench/raw"
)

// Receive waits until every connection has received a text, once. It returns how many have.
func (c *Crowd) Receive(ctx context.Context, text []byte) (received int, err error) {
	got := make([]bool, len(c.conns))
	hear := func(i int, f frame) error {
		switch {
		case f.opcode == end:
			return errors.New("the server has ended the connection")
		case f.opcode != raw.Text || !bytes.Equal(f.payload, text):
			return fmt.Errorf("the server sends opcode %d and % x", f.opcode, f.payload[:min(len(f.payload), 16)])
		case got[i]:
			return errUnasked
		}
		got[i] = true
		received++
		return nil
	}
	err = c.run(ctx, hear, func() (bool, time.Duration, error) {
		return received == len(c.conns), 100 * time.Millisecond, nil
	})
	return received, err
}

// Farewell is how connections have ended.
type Farewell struct {
	Codes   map[int]int // of the server's Close frames
	Without int         // connections that ended without one
}

// Farewell answers the Close frame of every connection, and waits for its end.
func (c *Crowd) Farewell(ctx context.Context) (Farewell, error) {
	f := Farewell{Codes: make(map[int]int)}
	left := len(c.conns)
	hear := func(i int, frame frame) error {
		one := &c.conns[i]
		switch {
		case frame.opcode == end:
			left--
			if one.code == 0 {
				f.Without++
			}
			return nil
		case frame.opcode != raw.Close || one.code != 0:
			return fmt.Errorf("the server sends opcode %d while it shuts down", frame.opcode)
		}
		one.code = noCode
		if len(frame.payload) >= 2 {
			one.code = int32(binary.BigEndian.Uint16(frame.payload))
		}
		f.Codes[int(one.code)]++
		err := one.send(raw.AppendFrame(nil, raw.Close, false, mask, frame.payload))
		if err == unix.EPIPE || err == unix.ECONNRESET {
			return nil // the end comes next
		}
		return err
	}
	err := c.run(ctx, hear, func() (bool, time.Duration, error) { return left == 0, 100 * time.Millisecond, nil })
	return f, err
}

// noCode is that of a Close frame without one (RFC 6455 §7.1.5).
const noCode = 1005

package transport

import (
	"io"
	"net"
	"time"
)

// pump drives a stream that has no deadlines, such as the body of an HTTP response or a
// channel of SSH. It reads ahead, so that a read can stop waiting without losing anything.
// Writes run on goroutines as well, and have a copy of what they write: Close does not end a
// write on every stream. That of a channel of SSH waits for an answer of the peer. A write
// that is interrupted while it is under way is left to itself, and the stream cannot be
// written to any more.
type pump struct {
	readAhead
	writeTurn
	rwc   io.ReadWriteCloser
	under Transport     // what closes rwc, if that is a net.Conn; nil otherwise
	cut   chan struct{} // closed when a write was cut
}

func newPump(rwc io.ReadWriteCloser, under Transport) *pump {
	t := &pump{rwc: rwc, under: under, cut: make(chan struct{})}
	t.readAhead.init(rwc)
	t.writeTurn.cutter = t
	return t
}

func (t *pump) cutWrite() { close(t.cut) }

func (t *pump) CloseWrite() bool { return t.under != nil && t.under.CloseWrite() }

// closePatience limits how long Close waits for the Close of the stream.
const closePatience = 5 * time.Millisecond

// Close waits at most closePatience: the Close of some streams blocks until the peer reads.
func (t *pump) Close() error {
	if !t.readAhead.close() {
		return nil
	}
	closed := make(chan error, 1)
	go func() {
		if t.under != nil {
			closed <- t.under.Close()
		} else {
			closed <- t.rwc.Close()
		}
	}()
	late := time.NewTimer(closePatience)
	defer late.Stop()
	select {
	case err := <-closed:
		return err
	case <-late.C:
		return nil
	}
}

func (t *pump) NetConn() net.Conn {
	if t.under != nil {
		return t.under.NetConn()
	}
	return nil
}

func (t *pump) Traits() Traits { return 0 }

//go:build linux

package soak

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/hawser-ws/websocket"
)

// writer is one goroutine that sends, on a lane of its own.
type writer struct {
	end  *end
	conn *websocket.Conn
	lane int
	out  *stream
	in   *stream
	r    *rand.Rand
	buf  []byte
}

// window is how many messages may wait for their acknowledgement.
const window = 64

// ackAfter is how many messages are acknowledged together.
const ackAfter = 16

func newWriter(e *end, c *websocket.Conn, lane int) *writer {
	return &writer{
		end: e, conn: c, lane: lane, out: e.link.streams[e.side], in: e.link.streams[e.side.other()],
		r: randomFor(e.link.run.seed, e.link.id, 2+10*int(e.side)+lane),
	}
}

// write sends until the link is to end or has ended.
func (w *writer) write() {
	l := w.end.link
	err := w.untilFinish()
	if err == nil && w.lane == 0 && !l.front.echoes() {
		err = w.acknowledge(1)
	}
	l.busyNow.Add(-1)
	if err != nil {
		w.judge(err)
	}
}

// judge looks at why it could not go on.
func (w *writer) judge(err error) {
	if _, ok := errors.AsType[*websocket.ClosedError](err); !ok {
		w.end.link.fail("the %v's write returned %T: %v", w.end.side, err, err)
	}
}

// finished reports whether to stop. Where the ending is to come amid traffic that is
// when it has come.
func (w *writer) finished() bool {
	return w.end.link.ending == orderly && w.end.link.finish.Err() != nil
}

func (w *writer) untilFinish() error {
	l := w.end.link
	each := pause(w.r, l.run.pause(l)*time.Duration(l.burst))
	timer := time.NewTimer(pause(w.r, each))
	defer timer.Stop()
	finish := l.finish.Done()
	for !w.finished() {
		select {
		case <-w.out.lanes[w.lane].wake:
			continue
		case <-finish:
			finish = nil
			timer.Reset(0) // traffic, for an ending that comes amid it
			continue
		case <-w.end.over:
			return nil // the reader has said why
		case <-timer.C:
			timer.Reset(pause(w.r, each))
		}
		if w.lane == 0 && !l.front.echoes() {
			if err := w.acknowledge(ackAfter); err != nil {
				return err
			}
		}
		for range l.burst {
			if waiting, _ := w.out.waiting(w.lane); waiting >= window || w.finished() {
				break
			}
			if err := w.one(); err != nil {
				return err
			}
		}
	}
	return nil
}

// acknowledge tells the other end what has come, in a message of its own.
func (w *writer) acknowledge(least int) error {
	counts := w.in.toAcknowledge(least)
	if counts == nil {
		return nil
	}
	w.buf = appendAck(w.buf[:0], w.out.next(w.lane, kindAck), counts)
	return w.sent(w.conn.Write(context.Background(), websocket.MessageText, w.buf))
}

// sent notes how a message fared that could be sent.
func (w *writer) sent(err error) error {
	if err == nil {
		w.out.isSent(w.lane)
	}
	return err
}

// message makes the next message.
func (w *writer) message() []byte {
	w.buf = appendMessage(keep(w.buf)[:0], w.out.next(w.lane, kindData), w.size())
	return w.buf
}

func (w *writer) typ() websocket.MessageType {
	if w.end.link.text {
		return websocket.MessageText
	}
	return websocket.MessageBinary
}

// size is small mostly.
func (w *writer) size() int {
	switch n := w.r.IntN(1000); {
	case n < 700:
		return headerSize + w.r.IntN(200)
	case n < 950:
		return headerSize + w.r.IntN(1<<10)
	case n < 990:
		return headerSize + w.r.IntN(8<<10)
	case n < 998:
		return headerSize + w.r.IntN(40<<10)
	}
	return headerSize + w.r.IntN(maxMessage-headerSize)
}

// one sends one message, or some, in one of the ways there are. It returns an error if
// the connection is no more.
func (w *writer) one() error {
	ctx := context.Background()
	if w.r.IntN(100) < w.end.link.wanderers {
		return w.cancelled()
	}
	switch w.r.IntN(12) {
	case 0:
		return w.inFragments()
	case 1, 2:
		return w.batch()
	case 3:
		return w.sent(w.conn.WritePrepared(ctx, websocket.Prepare(w.typ(), w.message())))
	case 4:
		return w.sent(w.conn.WritePrepared(ctx, websocket.PrepareUncompressed(w.typ(), w.message())))
	case 5:
		return w.sent(w.conn.Uncompressed().Write(ctx, w.typ(), w.message()))
	case 6:
		return w.mark()
	case 7:
		if w.r.IntN(10) == 0 {
			return w.ping()
		}
	}
	return w.sent(w.conn.Write(ctx, w.typ(), w.message()))
}

// cancelled writes with a context that has ended, or will before long. What was not
// sent is sent with the next message, which has the same number: if it was sent all the
// same it comes twice.
func (w *writer) cancelled() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(w.r.IntN(1000))*time.Microsecond)
	defer cancel()
	if w.r.IntN(3) == 0 {
		cancel()
	}
	var err error
	if w.r.IntN(4) == 0 {
		err = w.conn.Batch().Write(ctx, w.typ(), w.message())
		if err == nil {
			w.out.isSent(w.lane)
			err = w.conn.Batch().Flush(context.Background())
		}
	} else {
		err = w.sent(w.conn.Write(ctx, w.typ(), w.message()))
	}
	if err == ctx.Err() {
		return nil
	}
	return err
}

// inFragments sends a message through a Writer, in pieces.
func (w *writer) inFragments() error {
	m, err := w.conn.Writer(context.Background(), w.typ())
	if err != nil {
		return err
	}
	p := w.message()
	for len(p) > 0 && err == nil {
		n := min(len(p), 1+w.r.IntN(max(1, len(p)/2)))
		_, err = m.Write(p[:n])
		p = p[n:]
		if err == nil && w.r.IntN(3) == 0 {
			err = m.(interface{ Flush() error }).Flush()
		}
		if err == nil && w.r.IntN(20) == 0 {
			time.Sleep(time.Duration(w.r.IntN(2000)) * time.Microsecond)
		}
	}
	if err == nil {
		err = m.Close()
	}
	if err == io.ErrShortWrite {
		w.end.link.fail("a Writer wrote short")
	}
	return w.sent(err)
}

// batch sends some messages that leave together.
func (w *writer) batch() error {
	b := w.conn.Batch()
	for range 1 + w.r.IntN(8) {
		if err := w.sent(b.Write(context.Background(), w.typ(), w.message())); err != nil {
			return err
		}
	}
	return b.Flush(context.Background())
}

// mark sends a message that is too short for a header.
func (w *writer) mark() error {
	if _, marks := w.out.waiting(w.lane); marks >= 3 || w.end.link.unordered {
		return nil
	}
	p := []byte{'0' + byte(w.lane), 'x', 'y'}[:w.r.IntN(4)]
	if w.lane > 0 && len(p) == 0 {
		p = append(p, '0'+byte(w.lane))
	}
	err := w.conn.Write(context.Background(), w.typ(), p)
	if err == nil {
		w.out.markSent(w.lane)
	}
	return err
}

// ping waits for a pong, not for long.
func (w *writer) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(w.r.IntN(200))*time.Millisecond)
	defer cancel()
	if err := w.conn.Ping(ctx); err != ctx.Err() {
		return err
	}
	return nil
}

package crowd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/bench/raw"
)

// Plan says who talks, how often and how long.
type Plan struct {
	Talkers int           // connections, evenly among all
	Every   time.Duration // between two messages of a connection, whether or not the first is answered; 0: at once after the answer
	For     time.Duration
	// Spin keeps the thread awake, so that it sends in time.
	Spin bool
	// Block is what the first of all connections sends besides: one message, and BlockAfter its
	// answer the next.
	Block      string
	BlockAfter time.Duration
}

// Talk is what came of a plan.
type Talk struct {
	Sent, Received int
	Elapsed        time.Duration
	Latencies      Latencies // from the write to the answer; without those of Block
	Blocked        int       // answers to Block
}

// size of a message. It has the numbers of the connection and of the message, and when it was
// sent.
const size = 32

// talk is a Plan under way.
type talk struct {
	*Crowd
	Plan
	Talk
	start   time.Time
	talkers []int         // in the order in which their next message is due
	first   int           // of them, the next one
	blocker *conn         // or nil
	block   time.Duration // when it sends again
}

var errUnasked = errors.New("the server sends what nobody asked for")

// Talk has connections send messages, and waits for all answers.
func (c *Crowd) Talk(ctx context.Context, p Plan) (Talk, error) {
	t := &talk{Crowd: c, Plan: p}
	t.Latencies = make(Latencies)
	t.start = time.Now()
	skip := 0
	if p.Block != "" {
		t.blocker, skip = &c.conns[0], 1
	}
	for i := range p.Talkers {
		n := skip + i*(len(c.conns)-skip)/p.Talkers
		one := &c.conns[n]
		// Each begins at another time.
		one.next = p.Every * time.Duration(i) / time.Duration(p.Talkers)
		t.talkers = append(t.talkers, n)
	}
	err := t.begin()
	if err == nil {
		err = c.run(ctx, t.hear, t.step)
	}
	t.Elapsed = time.Since(t.start)
	return t.Talk, err
}

// begin sends what does not wait for its time.
func (t *talk) begin() error {
	if t.Every > 0 {
		return nil
	}
	for _, i := range t.talkers {
		if err := t.say(i); err != nil {
			return err
		}
	}
	return nil
}

// message is number n of connection i, sent so long after the start.
func message(i int, n uint32, at time.Duration) []byte {
	p := make([]byte, size)
	le := binary.LittleEndian
	le.PutUint32(p, uint32(i))
	le.PutUint32(p[4:], n)
	le.PutUint64(p[8:], uint64(at))
	le.PutUint64(p[16:], ^uint64(at))
	copy(p[24:], "crowded.")
	return p
}

// sentAt returns when a message was sent.
func sentAt(message []byte) time.Duration {
	if len(message) != size {
		return 0
	}
	return time.Duration(binary.LittleEndian.Uint64(message[8:]))
}

var mask = [4]byte{0x51, 0xA2, 0x13, 0xF4}

func (t *talk) say(i int) error {
	one := &t.conns[i]
	p := raw.AppendFrame(nil, raw.Binary, false, mask, message(i, one.sent, time.Since(t.start)))
	one.sent++
	t.Sent++
	return one.send(p)
}

// step sends what is due. It is done when everything that is due in time has been sent, also
// late, and all answers are here.
func (t *talk) step() (done bool, wait time.Duration, err error) {
	now := time.Since(t.start)
	wait = max(t.For-now, time.Millisecond)
	if err := t.blockAgain(now, &wait); err != nil {
		return false, 0, err
	}
	for t.Every > 0 && len(t.talkers) > 0 {
		i := t.talkers[t.first]
		due := t.conns[i].next
		if due >= t.For {
			break
		}
		if due > now {
			return false, t.patience(min(wait, due-now)), nil
		}
		t.conns[i].next += t.Every
		t.first = (t.first + 1) % len(t.talkers)
		if err := t.say(i); err != nil {
			return false, 0, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	waiting := now < t.For || t.Received < t.Sent || t.blocker != nil && t.blocker.got < t.blocker.sent
	return !waiting, t.patience(wait), nil
}

// blockAgain sends Block if it is due, or shortens the wait to the time when it is.
func (t *talk) blockAgain(now time.Duration, wait *time.Duration) error {
	b := t.blocker
	if b == nil || b.got < b.sent || now >= t.For {
		return nil
	}
	if due := t.block - now; due > 0 {
		*wait = min(*wait, due)
		return nil
	}
	b.sent++
	return b.send(raw.AppendFrame(nil, raw.Binary, false, mask, []byte(t.Block)))
}

func (t *talk) patience(most time.Duration) time.Duration {
	if t.Spin {
		return 0
	}
	return min(most, 100*time.Millisecond)
}

// hear compares an answer.
func (t *talk) hear(i int, f frame) error {
	one := &t.conns[i]
	switch {
	case f.opcode == end:
		return errors.New("the server has ended the connection")
	case f.opcode == raw.Close:
		return fmt.Errorf("the server closes the connection: % x", f.payload)
	case one.got == one.sent:
		return errUnasked
	}
	if one == t.blocker {
		if string(f.payload) != t.Block {
			return fmt.Errorf("the server answers %q to %q", f.payload, t.Block)
		}
		one.got++
		t.block = time.Since(t.start) + t.BlockAfter
		t.Blocked++
		return nil
	}
	now, at := time.Since(t.start), sentAt(f.payload)
	if want := message(i, one.got, at); !bytes.Equal(f.payload, want) {
		return fmt.Errorf("answer %d is % x instead of % x", one.got, f.payload, want)
	}
	one.got++
	t.Received++
	t.Latencies.add(now - at)
	if t.Every == 0 && now < t.For {
		return t.say(i)
	}
	return nil
}

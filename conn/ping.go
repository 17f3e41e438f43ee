package conn

import (
	"encoding/binary"
	"time"
)

// Pings matches pongs to the pings sent. The payload of a ping is its number in
// eight bytes, so an unsolicited pong matches nothing and costs nothing. The zero
// value is ready. It is not safe for concurrent use.
type Pings struct {
	last    uint64
	waiting []sentPing // in the order sent
}

type sentPing struct {
	number uint64
	at     time.Time
}

// PingSize is the length of a ping's payload in bytes.
const PingSize = 8

// Send notes a ping sent now and returns its number and payload.
func (p *Pings) Send(now time.Time) (number uint64, payload [PingSize]byte) {
	p.last++
	p.waiting = append(p.waiting, sentPing{p.last, now})
	binary.BigEndian.PutUint64(payload[:], p.last)
	return p.last, payload
}

// Forget drops a ping whose sender no longer waits.
func (p *Pings) Forget(number uint64) {
	for i, w := range p.waiting {
		if w.number == number {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return
		}
	}
}

// Waiting is the number of pings not yet answered.
func (p *Pings) Waiting() int { return len(p.waiting) }

// Pong takes a pong's payload. If it answers waiting pings, upTo is the number of
// the latest of them and rtt the time since that one was sent. A pong also answers
// all earlier pings: RFC 6455 §5.5.3 lets a peer answer only the most recent one,
// even if that one has been forgotten here.
func (p *Pings) Pong(payload []byte, now time.Time) (upTo uint64, rtt time.Duration, ok bool) {
	if len(payload) != PingSize {
		return 0, 0, false
	}
	number := binary.BigEndian.Uint64(payload)
	if number > p.last { // not sent yet
		return 0, 0, false
	}
	answered := 0
	for answered < len(p.waiting) && p.waiting[answered].number <= number {
		answered++
	}
	if answered == 0 {
		return 0, 0, false
	}
	latest := p.waiting[answered-1]
	p.waiting = append(p.waiting[:0], p.waiting[answered:]...)
	return latest.number, now.Sub(latest.at), true
}

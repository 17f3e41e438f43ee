package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// pings knows the pings that are under way.
type pings struct {
	way atomic.Pointer[pingsUnderWay]
}

// pingsUnderWay are those that were sent and not answered. Most connections never
// send one.
type pingsUnderWay struct {
	latency atomic.Int64 // of the last answered, in nanoseconds

	mu      sync.Mutex
	sent    conn.Pings
	waiting []*pingCall
}

// underWay returns p.way, and makes it first if there is none.
func (p *pings) underWay() *pingsUnderWay {
	if p.way.Load() == nil {
		p.way.CompareAndSwap(nil, &pingsUnderWay{})
	}
	return p.way.Load()
}

// pingCall is a call of Ping that waits.
type pingCall struct {
	number   uint64
	payload  [conn.PingSize]byte
	answered chan struct{} // one token
	drive    chan struct{} // one token: try to drive the reading again
}

// begin makes a call that waits for a pong, until it is forgotten.
func (all *pings) begin() *pingCall {
	p := all.underWay()
	call := &pingCall{answered: make(chan struct{}, 1), drive: make(chan struct{}, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	call.number, call.payload = p.sent.Send(time.Now())
	p.waiting = append(p.waiting, call)
	return call
}

// pingHost is a connection as a call that waits for a pong sees it.
type pingHost interface {
	// driveReading reads until the call is answered or data for the application is next.
	// It does nothing while somebody else reads.
	driveReading(context.Context, *pingCall) error
	done() <-chan struct{}
	closedError() *ClosedError
}

// await waits for the pong, and drives the reading while nobody else does.
func (all *pings) await(ctx context.Context, call *pingCall, host pingHost) error {
	ended := host.done()
	for {
		if err := host.driveReading(ctx, call); err != nil {
			return err
		}
		select {
		case <-call.answered:
			return nil
		case <-call.drive: // a read has ended: maybe it is our turn
		case <-ended:
			return host.closedError()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pong takes a pong that arrived.
func (all *pings) pong(payload []byte) {
	p := all.way.Load()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent.Waiting() == 0 {
		return
	}
	upTo, rtt, ok := p.sent.Pong(payload, time.Now())
	if !ok {
		return
	}
	p.latency.Store(int64(rtt))
	for _, call := range p.waiting {
		if call.number <= upTo {
			select {
			case call.answered <- struct{}{}:
			default:
			}
		}
	}
}

func (all *pings) forget(call *pingCall) {
	p := all.underWay()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent.Forget(call.number)
	for i, w := range p.waiting {
		if w == call {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return
		}
	}
}

// driveAgain tells the callers that wait for pongs that nobody is reading now.
func (all *pings) driveAgain() {
	p := all.underWay()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, call := range p.waiting {
		select {
		case call.drive <- struct{}{}:
		default:
		}
	}
}

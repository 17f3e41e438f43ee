package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// Ping sends a ping, in front of messages that are waiting to be sent, and waits for
// its pong (RFC 6455 §5.5.2). [Conn.Latency] has the time that took. If the application
// is not reading, Ping does, up to the next data message; the pong behind one is seen
// when the application reads on. As with any write, a ctx that ends when half the ping
// is on the wire costs the connection.
func (c *Conn) Ping(ctx context.Context) error {
	if err := c.life.givenUp(ctx); err != nil {
		return err
	}
	if c.calls().onStack() {
		return inCallbackError("Conn.Ping")
	}
	call := c.pings.begin()
	defer c.pings.forget(call)
	h := (*forPings)(c)
	if err := h.send(ctx, call); err != nil {
		return err
	}
	return h.await(ctx, call)
}

// Latency returns the round-trip time of the last ping that was answered, from [Conn.Ping]
// or keepalive. It is zero before the first.
func (c *Conn) Latency() time.Duration {
	if p := c.pings.way.Load(); p != nil {
		return time.Duration(p.latency.Load())
	}
	return 0
}

// pings holds the pings that are under way.
type pings struct {
	way atomic.Pointer[pingsUnderWay]
}

// pingsUnderWay holds the pings that were sent and not answered. Most connections never
// send one.
type pingsUnderWay struct {
	latency atomic.Int64 // of the last ping that was answered, in nanoseconds

	mu      sync.Mutex
	sent    conn.Pings
	waiting []*pingCall
}

// underWay returns p.way, which it makes on first use.
func (p *pings) underWay() *pingsUnderWay {
	if p.way.Load() == nil {
		p.way.CompareAndSwap(nil, &pingsUnderWay{})
	}
	return p.way.Load()
}

// pingCall is a call of Ping that waits for its pong.
type pingCall struct {
	number   uint64
	payload  [conn.PingSize]byte
	answered chan struct{} // one token
	drive    chan struct{} // one token: try to drive the reading again
}

// begin adds a call that waits for a pong. The caller must forget it in the end.
func (p *pings) begin() *pingCall {
	u := p.underWay()
	call := &pingCall{answered: make(chan struct{}, 1), drive: make(chan struct{}, 1)}
	u.mu.Lock()
	defer u.mu.Unlock()
	call.number, call.payload = u.sent.Send(time.Now())
	u.waiting = append(u.waiting, call)
	return call
}

// pingHost is the connection as a call sees it that waits for a pong.
type pingHost interface {
	// driveReading reads until the call is answered or data for the application is next.
	// It does nothing while somebody else reads.
	driveReading(context.Context, *pingCall) error
	done() <-chan struct{}
	closedError() *ClosedError
	givenUp(ctx context.Context) error
}

// await waits for the pong, and reads while nobody else does.
func (p *pings) await(ctx context.Context, call *pingCall, host pingHost) error {
	ended := host.done()
	for {
		if err := host.driveReading(ctx, call); err != nil {
			return err
		}
		select {
		case <-call.answered:
			return nil
		case <-call.drive: // a read has ended: maybe it is our turn to read
		case <-ended:
			return host.closedError()
		case <-ctx.Done():
			return host.givenUp(ctx)
		}
	}
}

// sendAlone notes a ping for which nobody waits, in place of the one with the number last.
func (p *pings) sendAlone(last uint64) (number uint64, payload [conn.PingSize]byte) {
	u := p.underWay()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent.Forget(last)
	return u.sent.Send(time.Now())
}

// pong handles a pong that arrived. It returns the number of the last ping that is answered by
// it, 0 if none is.
func (p *pings) pong(payload []byte) (upTo uint64) {
	u := p.way.Load()
	if u == nil {
		return 0
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sent.Waiting() == 0 {
		return 0
	}
	upTo, rtt, ok := u.sent.Pong(payload, time.Now())
	if !ok {
		return 0
	}
	u.latency.Store(int64(rtt))
	for _, call := range u.waiting {
		if call.number <= upTo {
			select {
			case call.answered <- struct{}{}:
			default:
			}
		}
	}
	return upTo
}

func (p *pings) forget(call *pingCall) {
	u := p.underWay()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent.Forget(call.number)
	for i, w := range u.waiting {
		if w == call {
			u.waiting = append(u.waiting[:i], u.waiting[i+1:]...)
			return
		}
	}
}

// driveAgain tells the calls that wait for pongs that nobody is reading now.
func (p *pings) driveAgain() {
	u := p.underWay()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, call := range u.waiting {
		select {
		case call.drive <- struct{}{}:
		default:
		}
	}
}

// forPings is a Conn as its pings see it.
type forPings Conn

// send returns when the ping is on the wire, or cannot be sent.
func (h *forPings) send(ctx context.Context, call *pingCall) error {
	_, err := h.out.submit(ctx, &outFrame{OutFrame: conn.OutFrame{Header: frame.Header{Opcode: frame.Ping, FIN: true}, Payload: call.payload[:]}})
	return err
}

// await waits for the pong. While it does, it is told when a read ends.
func (h *forPings) await(ctx context.Context, call *pingCall) error {
	h.in.drivers.Add(1)
	defer h.in.drivers.Add(-1)
	return h.pings.await(ctx, call, h)
}

func (h *forPings) driveReading(ctx context.Context, call *pingCall) error {
	c := (*Conn)(h)
	if !c.in.tryLock() {
		return nil
	}
	defer c.in.leave()
	for len(call.answered) == 0 && !c.in.atData() {
		if !c.state().CanReceive() {
			return c.closedError()
		}
		if err := c.in.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (h *forPings) done() <-chan struct{}             { return h.life.done() }
func (h *forPings) closedError() *ClosedError         { return h.life.closedError() }
func (h *forPings) givenUp(ctx context.Context) error { return h.life.givenUp(ctx) }

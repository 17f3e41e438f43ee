// Package load keeps connections busy and counts what comes back.
package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/bench/traffic"
)

// A Load is a number of connections that echo the same script, each with one message in flight.
type Load struct {
	Terms raw.Terms // terms agreed with the server, the same for all

	conns  []*raw.Conn
	script *traffic.Script
	next   []int // index of each connection's next message
}

// Count is what was received.
type Count struct {
	Messages   int
	Received   int64 // bytes on the wire
	Sent       int64 // bytes on the wire
	Compressed int   // answers
	Frames     int   // of the answers
	Checked    int   // answers
	Elapsed    time.Duration
}

// Open connects n times, and asks for the terms of offer.
func Open(ctx context.Context, address string, n int, offer raw.Terms) (*Load, error) {
	l := &Load{next: make([]int, n)}
	for i := range n {
		c, err := raw.Dial(ctx, address, offer)
		if err != nil {
			l.Drop()
			return nil, err
		}
		l.conns = append(l.conns, c)
		if i == 0 {
			l.Terms = c.Terms
		}
		if c.Terms != l.Terms {
			l.Drop()
			return nil, fmt.Errorf("the server agrees on %v first and on %v later", l.Terms, c.Terms)
		}
	}
	return l, nil
}

// Say sets what the connections send. The script must be for the terms of the load.
func (l *Load) Say(script *traffic.Script) { l.script = script }

// Drop ends all connections.
func (l *Load) Drop() {
	for _, c := range l.conns {
		_ = c.Drop()
	}
}

// Plan says how long a run is.
type Plan struct {
	Each    int           // messages for each connection
	AtOnce  int           // connections that are busy at a time; 0: all
	Check   int           // one of so many answers is compared with its message
	Timeout time.Duration // for the whole run
}

// Run sends messages and receives the answers.
func (l *Load) Run(p Plan) (Count, error) {
	if p.AtOnce == 0 {
		p.AtOnce = len(l.conns)
	}
	var (
		all     Count
		failure error
		mu      sync.Mutex
		group   sync.WaitGroup
		queue   = make(chan int)
	)
	start := time.Now()
	for range p.AtOnce {
		group.Go(func() {
			for i := range queue {
				one, err := l.converse(i, p, start)
				mu.Lock()
				all.add(one)
				if err != nil {
					failure = errors.Join(failure, fmt.Errorf("connection %d: %w", i, err))
				}
				mu.Unlock()
			}
		})
	}
	for i := range l.conns {
		queue <- i
	}
	close(queue)
	group.Wait()
	all.Elapsed = time.Since(start)
	return all, failure
}

// converse is one connection's part in a run.
func (l *Load) converse(i int, p Plan, start time.Time) (n Count, err error) {
	c := l.conns[i]
	if err := c.SetDeadline(start.Add(p.Timeout)); err != nil {
		return n, err
	}
	var checker *traffic.Checker
	for range p.Each {
		k := l.next[i]
		frame := l.script.Frame(k)
		if err := c.Send(frame); err != nil {
			return n, err
		}
		check := p.Check > 0 && (k+i)%p.Check == 0
		m, err := c.Receive(check)
		if err != nil {
			return n, err
		}
		if check {
			if checker == nil {
				checker = traffic.NewChecker(l.script)
			}
			if err := checker.Check(k, m); err != nil {
				return n, err
			}
			n.Checked++
		}
		l.next[i]++
		n.Messages++
		n.Sent += int64(len(frame))
		n.Received += int64(m.Size)
		n.Frames += m.Frames
		if m.Compressed {
			n.Compressed++
		}
	}
	return n, nil
}

func (n *Count) add(m Count) {
	n.Messages += m.Messages
	n.Received += m.Received
	n.Sent += m.Sent
	n.Compressed += m.Compressed
	n.Frames += m.Frames
	n.Checked += m.Checked
}

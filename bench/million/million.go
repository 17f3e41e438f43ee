// Package million holds very many connections on loopback: processes of servers, each a
// websocket.Loop, and as many processes of clients. All connections are idle but some that
// talk.
//
//	million.go   the plan, and the report
//	run.go       what is asked of the processes, in which order
//	fleet.go     the processes, and the memory that must be left
//	server.go    a server's process
//	client.go    a client's process
package million

import (
	"errors"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/bench/crowd"
)

// Plan says how many and how long.
type Plan struct {
	Connections int
	Per         int     // connections of one process at most
	Talkers     float64 // the share of connections that talk
	Every       time.Duration
	For         time.Duration // of each of the two talks
	Opening     int           // clients that connect at a time
	Reserve     int64         // bytes of the machine's memory that must stay free
}

// Default is the plan of make million.
func Default() Plan {
	return Plan{
		Connections: 1_000_000,
		// 20,000 descriptors are usual as a hard limit for a process. It needs some for itself.
		Per:     19_000,
		Talkers: 0.01,
		Every:   time.Second,
		For:     10 * time.Second,
		Opening: 4,
		Reserve: 2 << 30,
	}
}

// Check finds plans that mean nothing.
func (p Plan) Check() error {
	switch {
	case p.Connections < 1 || p.Per < 1 || p.Opening < 1:
		return errors.New("there must be at least one connection, one for each process, and one process that connects at a time")
	case p.Talkers <= 0 || p.Talkers > 1:
		return fmt.Errorf("a share of %v cannot talk: it must be above 0, and 1 at most", p.Talkers)
	case p.Every <= 0 || p.For <= 0:
		return errors.New("the times must be above 0")
	}
	return nil
}

// sizes are the numbers of connections of the processes, as even as can be.
func (p Plan) sizes() (all []int) {
	n := (p.Connections + p.Per - 1) / p.Per
	for i := range n {
		all = append(all, p.Connections*(i+1)/n-p.Connections*i/n)
	}
	return all
}

// Report has the figures.
type Report struct {
	Connections, Processes int // processes of servers; there are as many of clients
	Opened                 time.Duration
	Before                 int64   // bytes of RAM of all servers without a connection
	AtOnce, Collected      float64 // bytes of RAM of the servers for each connection, above that
	Clients                float64 // bytes of RAM of the clients for each
	PairMemory             float64 // bytes of the machine's memory for each: both ends, their kernel's part too
	LeastFree              int64   // bytes of the machine's memory that were left
	Paced, Flat            Talk
	Broadcast              Broadcast
	Shutdown               Shutdown
}

// Talk is what came of the connections that talk.
type Talk struct {
	Talkers        int
	Sent, Received int
	Elapsed        time.Duration
	CPU            float64 // µs of the servers for each message
	Median, P99    time.Duration
	Worst          time.Duration
	Latencies      crowd.Latencies `json:"-"`
}

// Broadcast is one message to all.
type Broadcast struct {
	Bytes    int
	Received int
	Member   float64       // bytes of RAM of the servers for each member of a hub
	Sent     time.Duration // until the servers had offered it to all
	Elapsed  time.Duration // until all had received it
	CPU      float64       // µs of the servers for each
}

// Shutdown is the end of all connections.
type Shutdown struct {
	GoingAway int            // connections closed with 1001
	Others    map[string]int // with something else
	Told      int            // calls of Loop.Closed
	Elapsed   time.Duration  // until the last server and the last client were done
	CPU       float64        // µs of the servers for each
}

// Failure says what was lost.
func (r *Report) Failure() (all error) {
	for _, t := range []Talk{r.Paced, r.Flat} {
		if t.Received != t.Sent {
			all = errors.Join(all, fmt.Errorf("%d of %d answers are missing", t.Sent-t.Received, t.Sent))
		}
	}
	if n := r.Broadcast.Received; n != r.Connections {
		all = errors.Join(all, fmt.Errorf("the broadcast has reached %d of %d", n, r.Connections))
	}
	if n := r.Shutdown.GoingAway; n != r.Connections {
		all = errors.Join(all, fmt.Errorf("%d of %d were closed with 1001; %v", n, r.Connections, r.Shutdown.Others))
	}
	if n := r.Shutdown.Told; n != r.Connections {
		all = errors.Join(all, fmt.Errorf("Loop.Closed was called %d times for %d connections", n, r.Connections))
	}
	return all
}

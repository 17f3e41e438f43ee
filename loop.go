package websocket

import (
	"net"
	"runtime"
	"sync"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/eventloop"
)

// Loop serves connections that have no goroutine of their own: very many of them, of which
// most are idle. A few goroutines wait for all connections and call the [Receiver] of the
// one that has a message.
//
//	loop := &websocket.Loop{Open: func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
//		return websocket.ReceiverFunc(echo), nil
//	}}
//	err := loop.Serve(listener)
//
// Use [Handler] for some thousand connections, or for code that reads in a for loop. Use a
// Loop where the goroutines would take more memory than the connections: an idle connection
// costs less than 1 KB here and 4 KB there.
//
// A connection on a loop is a [*Conn] like any other, but the loop reads it: Read, ReadInto,
// Reader and Messages return a [*UsageError]. Every other method works, from any goroutine.
//
// A Receiver may block: the loop goes on with the other connections, on another goroutine,
// after some milliseconds. One that always blocks for long costs what a goroutine for each
// connection costs.
//
// On such a loop the times of [KeepAlive] and [Timeouts.Close] are whole seconds, rounded up, and
// may take up to a second longer: one timer serves all connections.
//
// Connections go without goroutines on Linux, if they are TCP or Unix sockets, or TLS over a
// [Loop.Listener]. Any other connection, and every connection on another system, has a
// goroutine behind the same Receiver.
//
// The fields must not be changed once a connection is served. Every method may be called
// from any goroutine.
type Loop struct {
	// Open is called for each connection that Serve and ServeHTTP have accepted, before its
	// first message. An error closes the connection as one of a [ServeFunc] does. ctx is
	// [Conn.Context].
	Open OpenFunc
	// Prepare lets Serve look at the request, for its path, a cookie or a token. r.Target is
	// the path with the query, as sent; r.Values finds header fields. Prepare is called after
	// the request was found valid and before it is answered. The OpenFunc that it returns is
	// called in place of Open. An error refuses the request, as one of
	// [AcceptOptions.OnRequest] does, which is not called then. The request's strings are
	// valid during the call. ServeHTTP does not call Prepare: see there.
	Prepare func(r *handshake.Request) (OpenFunc, error)
	// Closed is called for each connection that has a Receiver, when it has ended: once, and
	// after the last call of the Receiver, which is r. err is a [*ClosedError]. Nil: nobody is
	// told.
	Closed func(c *Conn, r Receiver, err error)
	// Loops is how many loops share the connections; each keeps one CPU core busy at most.
	// Default: [runtime.GOMAXPROCS].
	Loops int

	// AcceptOptions are those of [Upgrade] for Serve, and those of [Accept] for ServeHTTP.
	AcceptOptions

	mu         sync.Mutex
	listeners  map[net.Listener]struct{}
	loops      []*eventloop.Loop // nil before the first connection, and where there are none
	goroutines Registry          // the connections that have a goroutine
	arriving   arrivals          // those that are about to be served
	served     int               // connections that Closed was not called for yet
	idle       chan struct{}     // made by Shutdown, closed when served is 0
}

// arrivals are the connections that a Loop must find when it is shut down, and that are
// neither in an event loop nor in its Registry: under mu.
type arrivals struct {
	shaking map[*shaking]struct{} // a goroutine performs the opening handshake, and has not accepted the request yet
	joining map[*Conn]struct{}    // Open is called, or was just now; or it came too late
}

// shaking is a connection whose opening handshake is performed by a goroutine.
type shaking struct{ nc net.Conn }

func (l *Loop) isShutDown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle != nil
}

// listen notes a listener for Shutdown. It fails after that.
func (l *Loop) listen(listener net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return false
	}
	if l.listeners == nil {
		l.listeners = make(map[net.Listener]struct{})
	}
	l.listeners[listener] = struct{}{}
	return true
}

func (l *Loop) unlisten(listener net.Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.listeners, listener)
}

// lightest returns the event loop with the fewest connections, nil if there are none on this
// system.
func (l *Loop) lightest() *eventloop.Loop {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return nil
	}
	n := l.Loops
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	for len(l.loops) < n {
		loop, err := eventloop.New()
		if err != nil { // maybe there is a descriptor for it next time
			break
		}
		l.loops = append(l.loops, loop)
	}
	var best *eventloop.Loop
	for _, loop := range l.loops {
		if best == nil || loop.Len() < best.Len() {
			best = loop
		}
	}
	return best
}

func (l *Loop) eventLoops() []*eventloop.Loop {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loops
}

// beginShaking counts a connection whose handshake a goroutine performs. It fails after
// Shutdown.
func (l *Loop) beginShaking(nc net.Conn) (*shaking, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return nil, false
	}
	s := &shaking{nc}
	if l.arriving.shaking == nil {
		l.arriving.shaking = make(map[*shaking]struct{})
	}
	l.arriving.shaking[s] = struct{}{}
	l.served++
	return s, true
}

// commit is called before the request is accepted: from then on Shutdown does not close the
// socket, but lets the connection join, and closes that.
func (l *Loop) commit(s *shaking) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return refusedByShutdown
	}
	delete(l.arriving.shaking, s)
	return nil
}

// endShaking ends what beginShaking began.
func (l *Loop) endShaking(s *shaking) {
	l.mu.Lock()
	delete(l.arriving.shaking, s)
	l.mu.Unlock()
	l.end()
}

// beginJoining counts a connection that is about to be served. After Shutdown it returns
// false, and the connection is to be closed. s is its handshake, if a goroutine performed that.
func (l *Loop) beginJoining(c *Conn, s *shaking) (welcome bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.arriving.shaking, s)
	if l.arriving.joining == nil {
		l.arriving.joining = make(map[*Conn]struct{})
	}
	l.arriving.joining[c] = struct{}{}
	if l.idle != nil {
		return false
	}
	l.served++
	return true
}

// endJoining is called when the connection can be found elsewhere, or is closing.
func (l *Loop) endJoining(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.arriving.joining, c)
}

// begin counts a connection whose handshake an event loop or a handler performs. It fails
// after Shutdown.
func (l *Loop) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return false
	}
	l.served++
	return true
}

// end is called when a connection that was counted has ended.
func (l *Loop) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.served--; l.served == 0 && l.idle != nil {
		l.becomeIdle()
	}
}

// becomeIdle is called once, after Shutdown, when nothing is served any more. The event loops
// go on until the last peer has closed TCP, which nobody waits for.
func (l *Loop) becomeIdle() {
	close(l.idle)
	for _, loop := range l.loops {
		loop.CloseWhenEmpty()
	}
}

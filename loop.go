package websocket

import (
	"net"
	"net/http"
	"sync"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
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
	// Prepare lets Serve look at the request, for its path, a cookie or a token. It is called
	// after the request was found valid and before it is answered. The OpenFunc that it
	// returns is called in place of Open. An error refuses the request, as one of
	// [AcceptOptions.OnRequest] does, which is not called then. The request's strings are
	// valid during the call. Requests of ServeHTTP are not asked about: see there.
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

// ServeHTTP accepts a request as [Accept] does and has the loop serve the connection. The
// goroutine and the buffers of net/http are released. Over HTTP/2 and HTTP/3 they are not:
// the handler returns when the connection has ended.
//
// Open does not see the request. If the Receiver needs a cookie or a route parameter, call
// Accept in a handler of your own, and then [Loop.Add].
func (l *Loop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.isShutDown() {
		reportRefusal(r, respond(w, refusedByShutdown, refusedByShutdown), &l.AcceptOptions)
		return
	}
	c, err := Accept(w, r, &l.AcceptOptions)
	if err != nil {
		reportRefusal(r, err, &l.AcceptOptions)
		return
	}
	if stream, ok := c.transport.(*transport.ResponseStream); ok {
		defer func() { <-stream.Released() }() // the stream ends when the handler returns
	}
	if err := l.add(&loopConn{c: c, loop: l}, l.Open, nil); err != nil {
		reportRefusal(r, &AcceptError{Err: refusedByShutdown}, &l.AcceptOptions)
	}
}

// Add has the loop serve c, which was dialled, or accepted by a handler of yours. From then
// on r gets its messages. Open is not called, but Closed is. Data that was read and not
// consumed is not lost. No read may be under way on c.
//
// Add returns a [*UsageError] if r is nil or c is on a loop already, and
// [http.ErrServerClosed] after Shutdown; c is then closed with StatusGoingAway.
func (l *Loop) Add(c *Conn, r Receiver) error {
	if r == nil {
		return &UsageError{"Loop.Add", "the Receiver is nil"}
	}
	return l.add(&loopConn{c: c, loop: l, receiver: r}, nil, nil)
}

// Listener returns a listener whose connections can leave their goroutines although they are
// beneath TLS. Serve TLS over it, and everything else as before:
//
//	server := &http.Server{Handler: loop, TLSConfig: config}
//	err := server.ServeTLS(loop.Listener(listener), "", "")
//
// For [Loop.Serve] use tls.NewListener(loop.Listener(listener), config).
func (l *Loop) Listener(listener net.Listener) net.Listener { return movableListener{listener} }

// movableListener returns connections that can be moved to an event loop, also beneath TLS.
type movableListener struct{ net.Listener }

func (l movableListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return transport.Movable(nc), nil
}

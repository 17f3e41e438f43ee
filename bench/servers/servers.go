// Package servers has one echo server for each library, written as its own documentation shows,
// and with the fastest of the options it offers.
package servers

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/hawser-ws/websocket/bench/raw"
)

// A Library is a measured library.
type Library interface {
	// Module returns its module path.
	Module() string
	// Echo echoes every message on every connection that l accepts. It returns when l is
	// closed.
	Echo(l net.Listener, s Settings) error
}

// A Kind is the kind of a table row.
type Kind int

const (
	Own   Kind = iota + 1 // ours
	Peer                  // a Go library
	Other                 // a library in another language
	Floor                 // not a library: the cost of the system calls
)

// A server is an entry in the table of all servers.
type server struct {
	name string
	kind Kind
	lib  Library
	// compresses says whether the server can compress.
	compresses bool
}

var all = []server{
	{"hawser", Own, hawserLib{}, true},
	{Upgrade, Own, hawserUpgrade{}, false},
	{Loop, Own, hawserLoop{receive: echoReceived}, false},
	{"hawser-as-gorilla", Own, asGorilla, true},
	{"gorilla", Peer, gorillaItself, true},
	{"coder", Peer, coderLib{}, true},
	{"gws", Peer, gwsLib{}, true},
	{"gobwas", Peer, gobwasLib{}, false},
	{"gobwas-simple", Peer, gobwasSimple{}, false},
	{"nbio", Peer, nbioLib{}, false},
	{"nbio-blocking", Peer, nbioLib{blocking: true}, false},
	{"xnet", Peer, xnetLib{}, false},
	{"ws", Other, nodeLib{}, true},
	{"tcp", Floor, tcpFloor{}, false},
	{"rawconn", Floor, rawConnFloor{}, false},
	{Epoll, Floor, epollFloor{}, false},
}

// Ours without net/http, and the limit of the machine.
const (
	Upgrade = "hawser-upgrade" // a goroutine for each connection
	Loop    = "hawser-loop"    // none
	Epoll   = "epoll"
)

// For connections that are idle: beneath TLS, and the least that a connection can take.
const (
	LoopTLS   = "hawser-loop-tls"
	EpollIdle = "epoll-idle"
)

var forIdle = []server{
	{LoopTLS, Own, hawserLoopTLS{hawserLoop{receive: echoReceived}}, false},
	{EpollIdle, Floor, idleFloor{}, false},
}

// Ours over HTTP/2, where the load is another.
const (
	HTTP2    = "hawser-http2"          // ServeHTTP2
	NetHTTP2 = "hawser-http2-net-http" // Handler
)

var overHTTP2 = []server{
	{HTTP2, Own, hawserHTTP2{}, true},
	{NetHTTP2, Own, hawserNetHTTP2{}, true},
}

// SpeaksHTTP2 reports whether the clients of a server need HTTP/2.
func SpeaksHTTP2(name string) bool { return name == HTTP2 || name == NetHTTP2 }

// Names returns the libraries that compress and need only Go, ours first.
func Names() (names []string) {
	for _, s := range all {
		if _, program := s.lib.(Program); s.compresses && !program {
			names = append(names, s.name)
		}
	}
	return names
}

// EchoNames returns all that echo without compression, ours first and the floors last. Some
// need Node or a C compiler.
func EchoNames() (names []string) {
	for _, s := range all {
		names = append(names, s.name)
	}
	return names
}

// Ours is the library that the others are compared with. BareGo is the floor in ordinary Go.
const (
	Ours   = "hawser"
	BareGo = "tcp"
)

// Get returns a library by name.
func Get(name string) (Library, error) {
	s, ok := find(name)
	if !ok {
		return nil, fmt.Errorf("no library %q; there are %q", name, EchoNames())
	}
	return s.lib, nil
}

// KindOf returns the kind of a server, or 0 if there is none of that name.
func KindOf(name string) Kind {
	s, _ := find(name)
	return s.kind
}

func find(name string) (server, bool) {
	for _, s := range slices.Concat(all, overHTTP2, forIdle, blocking) {
		if s.name == name {
			return s, true
		}
	}
	return server{}, false
}

// Mode says how messages are compressed.
type Mode string

const (
	None       Mode = "none"
	NoTakeover Mode = "no-takeover"
	Takeover   Mode = "takeover"
)

// Settings are what a server is asked to do. A library that lacks one of them
// does without; the handshake shows it.
type Settings struct {
	Mode  Mode
	Bits  int // of both windows, 8 to 15
	Level int // of compression; 0: the library's default
}

// Check finds settings that mean nothing.
func (s Settings) Check() error {
	switch {
	case !slices.Contains([]Mode{None, NoTakeover, Takeover}, s.Mode):
		return fmt.Errorf("no mode %q; there are %s, %s and %s", s.Mode, None, NoTakeover, Takeover)
	case s.Bits < 8 || s.Bits > 15:
		return fmt.Errorf("a window of %d bits is not between 8 and 15", s.Bits)
	case s.Level < 0 || s.Level > 9:
		return fmt.Errorf("a level of %d is not between 0 and 9", s.Level)
	}
	return nil
}

// Terms are what a client has to ask for, and a server to agree on.
func (s Settings) Terms() raw.Terms {
	if s.Mode == None {
		return raw.Terms{}
	}
	side := raw.Side{NoTakeover: s.Mode == NoTakeover, Bits: s.Bits}
	return raw.Terms{Deflate: true, Server: side, Client: side}
}

// serveHTTP serves handshakes, as every library's examples do.
func serveHTTP(l net.Listener, h http.Handler) error {
	return (&http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

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

// A Library is what is measured.
type Library interface {
	// Module is its path.
	Module() string
	// Echo answers every message on every connection that l accepts with the
	// same message. It returns when l is closed.
	Echo(l net.Listener, s Settings) error
}

// A Kind says what a row of a table is.
type Kind int

const (
	Own   Kind = iota + 1 // ours
	Peer                  // a library of Go
	Other                 // a library of another language
	Floor                 // no library: what the system calls alone cost
)

// A server is an entry in the table of all.
type server struct {
	name string
	kind Kind
	lib  Library
	// A server compresses, or is for echoes without only.
	compresses bool
}

var all = []server{
	{"hawser", Own, hawserLib{}, true},
	{"hawser-upgrade", Own, hawserUpgrade{}, false},
	{"gorilla", Peer, gorillaLib{}, true},
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
	{"epoll", Floor, epollFloor{}, false},
}

// Names are those of the libraries that compress and need nothing besides Go, ours
// first.
func Names() (names []string) {
	for _, s := range all {
		if _, program := s.lib.(Program); s.compresses && !program {
			names = append(names, s.name)
		}
	}
	return names
}

// EchoNames are those of all that echo without compression, ours first and the
// floors last. Some need Node or a C compiler.
func EchoNames() (names []string) {
	for _, s := range all {
		names = append(names, s.name)
	}
	return names
}

// Ours is the name of the library that the others are compared with, and BareGo
// that of the floor which is written in Go as one writes it.
const (
	Ours   = "hawser"
	BareGo = "tcp"
)

// Get returns a library by its name.
func Get(name string) (Library, error) {
	for _, s := range all {
		if s.name == name {
			return s.lib, nil
		}
	}
	return nil, fmt.Errorf("no library %q; there are %q", name, EchoNames())
}

// KindOf is the kind of the server of a name, 0 if there is none.
func KindOf(name string) Kind {
	for _, s := range all {
		if s.name == name {
			return s.kind
		}
	}
	return 0
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

// Package servers has one echo server for each library, written the way its own
// documentation shows, and with the choices it gives taken for speed.
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

// Names are those of the libraries that need nothing besides Go, ours first.
func Names() []string { return []string{"hawser", "gorilla", "coder", "gws"} }

// Ours is the name of the library that the others are compared with.
const Ours = "hawser"

// Get returns a library by its name.
func Get(name string) (Library, error) {
	switch name {
	case "hawser":
		return hawserLib{}, nil
	case "gorilla":
		return gorillaLib{}, nil
	case "coder":
		return coderLib{}, nil
	case "gws":
		return gwsLib{}, nil
	case "ws":
		return nodeLib{}, nil
	}
	return nil, fmt.Errorf("no library %q; there are %q and ws, which needs Node", name, Names())
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

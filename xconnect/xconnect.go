// Package xconnect lets the HTTP/2 servers of net/http accept WebSockets: extended CONNECT
// (RFC 8441), which browsers use on the connection that has carried the page. Import it in
// the main package, for its effect alone:
//
//	import _ "github.com/hawser-ws/websocket/xconnect"
//
// It adds http2xconnect=1 to the environment variable GODEBUG before net/http reads it. In
// Go 1.26 there is no other way from inside the program. Setting GODEBUG=http2xconnect=1 outside
// of it has the same effect. If GODEBUG mentions http2xconnect already, xconnect changes nothing.
//
// # Reach
//
// The effect is on the whole process, and on the programs that it starts, which inherit the
// variable. Every http.Server of the process that speaks HTTP/2 announces
// SETTINGS_ENABLE_CONNECT_PROTOCOL. From then on a browser opens WebSockets in this way only,
// and does not fall back to HTTP/1.1 when a request is refused. So every WebSocket handler of the
// process must understand such requests, also those of other libraries. That is why this is the
// choice of the main program, and why no library should import xconnect.
//
// Handlers of this module need no change. They accept or refuse by the rules of RFC 8441. Other
// handlers see a request with the method CONNECT, and with the field ":protocol" in its header.
// An httputil.ReverseProxy answers 502: it cannot pass such a request on.
//
// # Routes
//
// The request is a CONNECT, so a route for GET does not match it:
//
//	router       matches                                  does not match
//	ServeMux     "/ws", "CONNECT /ws"                     "GET /ws": 405
//	             "example.com:8443/ws"                    "example.com/ws": 404, where the
//	                                                      server has a port of its own
//	chi          r.Handle, or r.Get with r.Connect        r.Get alone: 405
//	gorilla/mux  r.Handle, .Methods("GET", "CONNECT")     .Methods("GET"): 405
//	                                                      .Headers("Upgrade", …): 404
//
// ServeMux compares the host of a pattern with the whole authority of a CONNECT, port included,
// and does not clean the path.
//
// # Middleware
//
// Over HTTP/2 a [Handler] returns when the connection has ended. A logger then logs
// the request with the status 200 and the life of the connection as its duration. Writers
// of middleware need a method Unwrap. The one of http.TimeoutHandler has none: the request is
// refused with 501, and the error says so.
//
// [Handler]: https://pkg.go.dev/github.com/hawser-ws/websocket#Handler
package xconnect

import (
	"os"
	"strings"
)

// Go initialises packages in the order of their import paths, as soon as what they import is
// ready. This one imports nothing but os and strings, and its path sorts before "net/http".
func init() {
	old := os.Getenv("GODEBUG")
	if value := with(old); value != old {
		_ = os.Setenv("GODEBUG", value) // fails only for names and values that the system does not allow
	}
}

const setting = "http2xconnect"

// with returns the value of GODEBUG with our setting, unless it has one for that name.
func with(godebug string) string {
	for s := range strings.SplitSeq(godebug, ",") {
		if name, _, _ := strings.Cut(s, "="); name == setting {
			return godebug
		}
	}
	if godebug != "" {
		godebug += ","
	}
	return godebug + setting + "=1"
}

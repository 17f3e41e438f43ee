// Package xconnect lets the HTTP/2 servers of net/http accept WebSockets: extended CONNECT
// (RFC 8441), which browsers use on the connection that has carried the page. Import it in
// the main package, for its effect alone:
//
//	import _ "github.com/hawser-ws/websocket/xconnect"
//
// It adds http2xconnect=1 to the environment variable GODEBUG before net/http reads it: in
// Go 1.26 that is the only way. To set GODEBUG=http2xconnect=1 outside of the program has the
// same effect. If GODEBUG mentions http2xconnect already, xconnect changes nothing.
//
// The effect is on the whole process. Every http.Server in it announces
// SETTINGS_ENABLE_CONNECT_PROTOCOL, and any of its handlers may be called with a request whose
// method is CONNECT and whose header has the field ":protocol". Handlers of this module accept
// or refuse it by the rules of RFC 8441. Others have to refuse it, and routes have to let it
// through: a pattern of http.ServeMux with a method, such as "GET /ws", answers 405. An
// httputil.ReverseProxy cannot pass such a request on. That is why this is the choice of the
// main program, and why no library should import xconnect.
//
// Programs that the process starts inherit the variable.
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

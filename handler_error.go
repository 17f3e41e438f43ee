package websocket

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HandlerError is what [Handler] and [RequestHandler] report: a refused request, or the
// error or panic of a [ServeFunc]. See [AcceptOptions.OnError].
type HandlerError struct {
	// RemoteAddr is the address of the client, or of the proxy in front of this server.
	// For a refused request it is the request's RemoteAddr, which middleware may have
	// changed.
	RemoteAddr string
	// Err is an [*AcceptError] if the request was refused. Otherwise it is what the
	// ServeFunc returned. If that panicked, it is an error "panic: …", which wraps the
	// value of the panic if that is an error.
	Err error
	// Stack is the stack trace of the ServeFunc's panic. Nil if it did not panic.
	Stack []byte

	refused, ordinary bool
}

// Error says in one line whose request or connection it was, and what happened. The peer
// may have chosen parts of the text. So characters that are not printable are escaped, and
// the text is cut after 1,000 bytes.
func (e *HandlerError) Error() string {
	text := oneLine(strings.TrimPrefix(fmt.Sprint(e.Err), "websocket: "), maxLogged) // a nil pointer may panic in Error
	from := oneLine(e.RemoteAddr, 100)
	if e.refused {
		return "websocket: from " + from + ": " + text
	}
	return "websocket: serving " + from + ": " + text
}

// Unwrap returns Err.
func (e *HandlerError) Unwrap() error { return e.Err }

// Ordinary reports whether any public server sees such an error every day. Without
// [AcceptOptions.OnError] these errors are not logged:
//
//   - The connection was lost, or the peer did not answer a ping or a Close frame.
//   - The request was not a WebSocket handshake: it had neither Upgrade nor
//     Sec-WebSocket-Key.
//   - The function of [RequestHandler] refused the request by a [*Refusal] that no other
//     error wraps.
//   - The Registry has been shut down.
func (e *HandlerError) Ordinary() bool { return e.ordinary }

// maxLogged bounds the text of a HandlerError, in bytes.
const maxLogged = 1000

// oneLine makes s safe for one line of a log: it takes at most limit bytes of s and escapes
// what is not printable.
func oneLine(s string, limit int) string {
	cut := ""
	if len(s) > limit {
		s, cut = s[:limit], "..."
	}
	var line strings.Builder
	for i, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			_, size := utf8.DecodeRuneInString(s[i:])
			escaped := strconv.QuoteToASCII(s[i : i+size])
			line.WriteString(escaped[1 : len(escaped)-1])
			continue
		}
		line.WriteRune(r)
	}
	return line.String() + cut
}

// tell calls hook. If that is nil, it writes e to the error log unless e is ordinary.
func tell(hook func(*HandlerError), server *http.Server, e *HandlerError) {
	if hook == nil {
		if !e.ordinary {
			logError(server, e)
		}
		return
	}
	defer func() {
		if p := recover(); p != nil {
			logError(server, e) // otherwise nobody would see e
			logf(server)("websocket: panic in OnError: %s\n%s", oneLine(fmt.Sprint(p), maxLogged), debug.Stack())
		}
	}()
	hook(e)
}

func logError(server *http.Server, e *HandlerError) {
	if e.Stack != nil {
		logf(server)("%v\n%s", e, e.Stack)
		return
	}
	logf(server)("%v", e)
}

// logf returns the server's error log, or that of package log if it has none.
func logf(server *http.Server) func(format string, args ...any) {
	if server != nil && server.ErrorLog != nil {
		return server.ErrorLog.Printf
	}
	return log.Printf
}

// logPanic logs a panic in a callback of the application's. The peer may have chosen parts
// of the text: see [HandlerError.Error].
func logPanic(ctx context.Context, p any) {
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	logf(server)("websocket: panic in a callback: %s\n%s", oneLine(fmt.Sprint(p), maxLogged), debug.Stack())
}

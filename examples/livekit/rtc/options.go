package rtc

import (
	"context"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
)

// Options say which session to have. Server and Token are needed.
type Options struct {
	Server  string // its URL: ws, wss, http or https, perhaps with a path
	Token   string // see [Grant]
	Version Version

	// Observe is told what happens, in order, one call at a time. It must not call
	// the session. Nil: nobody is.
	Observe func(Event)
	// Attempts is how often to try in a row to come back. Zero: 10. Negative: never.
	Attempts int
	// Dial makes a connection. Nil: [websocket.Dial].
	Dial func(ctx context.Context, url string, header http.Header) (*websocket.Conn, *http.Response, error)
}

const (
	defaultAttempts = 10

	// Between two attempts: doubling from the first to the last, and up to half of it
	// left out at random, so that a server that comes back does not meet everybody at
	// once.
	firstWait = 500 * time.Millisecond
	lastWait  = 10 * time.Second

	// What the server is taken to say in its JoinResponse where it says nothing.
	defaultPingInterval = 5 * time.Second
	defaultPingTimeout  = 15 * time.Second

	// leaveTimeout bounds the sending of the last signal.
	leaveTimeout = 2 * time.Second
	// writeTimeout is for a server that has stopped reading.
	writeTimeout = 10 * time.Second
	// closeTimeout bounds the closing handshake.
	closeTimeout = 5 * time.Second
)

func (o *Options) attempts() int {
	switch {
	case o.Attempts < 0:
		return 0
	case o.Attempts == 0:
		return defaultAttempts
	}
	return o.Attempts
}

// dial offers permessage-deflate: an offer of SDP shrinks to half. The server may keep
// its windows or not, as it likes.
func (o *Options) dial(ctx context.Context, url string, header http.Header) (*websocket.Conn, *http.Response, error) {
	if o.Dial != nil {
		return o.Dial(ctx, url, header)
	}
	return websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPHeader:      header,
		CompressionMode: websocket.CompressionContextTakeover,
		Timeouts:        websocket.Timeouts{Write: writeTimeout, Close: closeTimeout},
	})
}

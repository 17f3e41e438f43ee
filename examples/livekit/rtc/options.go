package rtc

import (
	"context"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
)

// Options describe a session. Server and Token are required.
type Options struct {
	Server  string // its URL: ws, wss, http or https, perhaps with a path
	Token   string // see [Grant]
	Version Version

	// Observe, if not nil, is called with each event, in order, one call at a time. It must not
	// call the session.
	Observe func(Event)
	// Attempts is how many times in a row to try to reconnect. Zero means 10; negative means
	// never.
	Attempts int
	// Dial makes a connection. Nil means [websocket.Dial].
	Dial func(ctx context.Context, url string, header http.Header) (*websocket.Conn, *http.Response, error)
}

const (
	defaultAttempts = 10

	// Time between two attempts: it doubles from the first to the longest. Up to half of it is
	// left out at random, so that not all clients meet a restarted server at once.
	firstWait = 500 * time.Millisecond
	lastWait  = 10 * time.Second

	// Defaults for what a JoinResponse leaves out.
	defaultPingInterval = 5 * time.Second
	defaultPingTimeout  = 15 * time.Second

	// leaveTimeout limits the sending of the last signal.
	leaveTimeout = 2 * time.Second
	// writeTimeout limits a write to a server that has stopped reading.
	writeTimeout = 10 * time.Second
	// closeTimeout limits the closing handshake.
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

// dial offers permessage-deflate, which halves an SDP offer. The server may use context
// takeover or not.
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

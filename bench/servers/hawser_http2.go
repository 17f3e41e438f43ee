package servers

import (
	"context"
	"net"
	"net/http"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"

	_ "github.com/hawser-ws/websocket/xconnect"
)

// StallPath is where servers over HTTP/2 do not read.
const StallPath = "/stall"

// hawserHTTP2 is ours over HTTP/2 without net/http.
type hawserHTTP2 struct{ hawserLib }

func (hawserHTTP2) Echo(l net.Listener, s Settings) error {
	opts := hawserOptions(s)
	prepare := func(r *handshake.Request) (websocket.ServeFunc, error) {
		if r.Target == StallPath {
			return stall, nil
		}
		return echoHawser, nil
	}
	return serveConns(l, func(nc net.Conn) { _ = websocket.ServeHTTP2Requests(nc, prepare, opts) })
}

// stall reads nothing.
func stall(ctx context.Context, _ *websocket.Conn) error {
	<-ctx.Done()
	return nil
}

// hawserNetHTTP2 is ours behind net/http's HTTP/2.
type hawserNetHTTP2 struct{ hawserLib }

func (hawserNetHTTP2) Echo(l net.Listener, s Settings) error {
	server := &http.Server{Handler: websocket.Handler(echoHawser, hawserOptions(s)), Protocols: new(http.Protocols)}
	server.Protocols.SetUnencryptedHTTP2(true)
	return server.Serve(l)
}

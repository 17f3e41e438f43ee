package autobahn

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// A route is how a server is reached and asked.
type route struct {
	target *url.URL
	extra  []play.Field // that requests have
	tls    *tls.Config  // for wss; may be nil
	by     carrier
}

// A carrier is what carries WebSockets.
type carrier uint8

const (
	byHTTP1 carrier = iota
	byHTTP2
)

func carrierOf(http2 bool) carrier {
	if http2 {
		return byHTTP2
	}
	return byHTTP1
}

// opener returns what does the opening handshakes.
func (r *route) opener() play.Opener {
	if r.by == byHTTP2 {
		return &play.Connect{Target: r.target, Extra: r.extra}
	}
	return &play.Request{Target: r.target, Extra: r.extra}
}

// connect connects to the server, for one case.
func (r *route) connect(ctx context.Context, cs *play.Case) (play.Stream, error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return nil, err
	}
	if r.by == byHTTP1 {
		return play.OverTCP(conn), nil
	}
	noPush := http2.Setting{ID: http2.SettingEnablePush}
	c := mux.Client(conn, mux.Config{Window: cs.StreamWindow(), Settings: []http2.Setting{noPush}})
	return c.Only(), nil
}

// dial makes a connection by TCP, and by TLS if the URL says so.
func (r *route) dial(ctx context.Context) (net.Conn, error) {
	if r.target.Scheme != "wss" {
		return new(net.Dialer).DialContext(ctx, "tcp", r.address("80"))
	}
	config := r.tls
	if r.by == byHTTP2 {
		config = cmp.Or(config, &tls.Config{}).Clone()
		config.NextProtos = []string{"h2"}
	}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", r.address("443"))
	switch {
	case err != nil && r.by == byHTTP2 && strings.Contains(err.Error(), "no application protocol"): // an alert has no type
		return nil, fmt.Errorf("its TLS refuses h2 (ALPN): it does not offer HTTP/2: %w", err)
	case err != nil || r.by == byHTTP1:
		return conn, err
	}
	if chosen := conn.(*tls.Conn).ConnectionState().NegotiatedProtocol; chosen != "h2" {
		conn.Close()
		return nil, fmt.Errorf("its TLS does not choose h2 (ALPN), but %q: it does not offer HTTP/2", chosen)
	}
	return conn, nil
}

func (r *route) address(port string) string {
	if r.target.Port() != "" {
		return r.target.Host
	}
	return net.JoinHostPort(r.target.Hostname(), port)
}

// unprocessed reports whether a server says that it has not looked at a request: it may be sent
// again (RFC 9113 section 8.7).
func unprocessed(err error) bool {
	reset, ok := errors.AsType[*mux.ResetError](err)
	return ok && reset.Code == http2.ErrCodeRefusedStream
}

// answeredHTTP2 reports whether an error is an answer of a server of HTTP/2, if not of its
// application.
func answeredHTTP2(err error) bool {
	_, reset := errors.AsType[*mux.ResetError](err)
	_, fault := errors.AsType[*mux.FaultError](err)
	lost, ok := errors.AsType[*mux.LostError](err)
	return reset || fault || ok && lost.GoAway != nil
}

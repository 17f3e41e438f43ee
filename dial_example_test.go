package websocket_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"

	"github.com/hawser-ws/websocket"
)

// A URL that somebody else chose, or a redirect, may lead into your own network.
// The Control function of a [net.Dialer] sees every address before it is connected
// to, and after names were resolved.
func ExampleDialOptions_publicAddressesOnly() {
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if ip := to.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() {
			return fmt.Errorf("%v is not a public address", ip)
		}
		return nil
	}}
	c, _, err := websocket.Dial(context.Background(), "ws://127.0.0.1/", &websocket.DialOptions{
		DialContext: dialer.DialContext,
		Proxy:       func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	// Output: websocket: handshake with ws://127.0.0.1/: connecting: dial tcp 127.0.0.1:80: 127.0.0.1 is not a public address
}

// A server behind a Unix socket: the URL gives host and path of the request, and
// DialContext the way.
func ExampleDialOptions_unixSocket() {
	c, _, err := websocket.Dial(context.Background(), "ws://localhost/events", &websocket.DialOptions{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", "/run/server.sock")
		},
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	if err != nil {
		return
	}
	defer c.CloseNow()
}

package main

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"time"
)

// await waits until something accepts TCP at the address of a server, for at most patience. That
// nothing does is no error yet: the suite says so in its own words. If it has to wait, it calls tell.
func await(ctx context.Context, server string, patience time.Duration, tell func()) {
	u, err := url.Parse(server)
	if err != nil || patience <= 0 {
		return
	}
	port := cmp.Or(u.Port(), map[string]string{"ws": "80", "wss": "443"}[u.Scheme])
	address := net.JoinHostPort(u.Hostname(), port)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const pause = 100 * time.Millisecond
	for first := true; ctx.Err() == nil; first = false {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if first {
			tell()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

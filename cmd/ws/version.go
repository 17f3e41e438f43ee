package main

import (
	"flag"
	"strings"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// httpVersion is the version of HTTP that ws dial opens the WebSocket with: 1.1 unless a flag
// says so.
type httpVersion struct {
	http2, http3 bool

	pool interface{ Close() } // set by fill; nil for HTTP/1.1
}

func (v *httpVersion) flags(flags *flag.FlagSet) {
	flags.BoolVar(&v.http2, "http2", false, "go over HTTP/2 (RFC 8441), or fail; ws:// begins with it at once")
	flags.BoolVar(&v.http3, "http3", false, "go over HTTP/3 (RFC 9220), or fail; only wss://")
}

// check reports flags that do not go together.
func (v *httpVersion) check(d *dialFlags) error {
	switch {
	case v.http2 && v.http3:
		return usageError("-http2 and -http3 exclude each other")
	case v.http3 && d.proxy != "":
		return usageError("-proxy makes no sense with -http3, which goes by UDP")
	case v.http3 && (strings.HasPrefix(d.url, "ws:") || strings.HasPrefix(d.url, "http:")):
		return usageError("-http3 needs wss://: there is no HTTP/3 without TLS")
	}
	return nil
}

// fill sets options of our client.
func (v *httpVersion) fill(opts *websocket.DialOptions) {
	switch {
	case v.http2:
		pool := &websocket.HTTP2Pool{Require: true, PriorKnowledge: true}
		opts.HTTP2, v.pool = pool, pool
	case v.http3:
		pool := &http3.Pool{}
		opts.HTTP3, v.pool = pool, pool
	}
}

// close ends the connection that the WebSocket was a stream of.
func (v *httpVersion) close() {
	if v.pool != nil {
		v.pool.Close()
	}
}

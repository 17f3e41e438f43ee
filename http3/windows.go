package http3

import (
	"time"

	"github.com/quic-go/quic-go"
)

// QUICConfig returns the configuration for a server whose clients may have so many WebSockets on a
// connection (requests among them); 0 or less means 100. 64 KiB of the messages of each can wait
// to be read. A WebSocket that is not read does not hinder the others, because the window of the
// connection is that of all streams together; with quic-go's defaults two of them fill it. A
// connection that is silent for 15 s is kept alive: QUIC ends it after 30 s of silence.
//
// Set other fields as you like. Use it as the QUICConfig of quic-go's http3.Server.
func QUICConfig(streams int) *quic.Config {
	if streams <= 0 {
		streams = defaultStreams
	}
	config := windows(streams, serverWindow)
	config.MaxIncomingStreams = int64(streams)
	config.Allow0RTT = true // as in quic-go's server
	return config
}

const (
	// defaultStreams is how many streams quic-go lets a client have.
	defaultStreams = 100
	// clientWindow is as in HTTP2Pool: 64 KiB would bound what comes over a long way.
	serverWindow, clientWindow = 64 << 10, 256 << 10

	keepAlive = 15 * time.Second
)

// windows gives each of the streams a window, and the connection that of all of them.
func windows(streams int, window uint64) *quic.Config {
	all := uint64(streams) * window
	return &quic.Config{
		KeepAlivePeriod:            keepAlive,
		InitialStreamReceiveWindow: window, MaxStreamReceiveWindow: window,
		InitialConnectionReceiveWindow: all, MaxConnectionReceiveWindow: all,
	}
}

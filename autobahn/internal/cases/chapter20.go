package cases

import (
	"slices"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// chapter20 has what the original lacks. Every case names the sentence of the RFC.
//
// The RFC gives no times. Unlike the original's, these cases have no timers of their own: a peer
// may be silent for as long as the runner allows.
func chapter20() []*play.Case {
	return slices.Concat(
		askedOfServers(),    // 20.1, 20.2
		answeredToClients(), // 20.3, 20.4
		masks(),             // 20.5
		lengths(),           // 20.6
		fragments(),         // 20.7
		closeFrames(),       // 20.8
		stalls(),            // 20.9
		negotiations(),      // 20.10, 20.11
		deflateFrames(),     // 20.12
		deflateStreams(),    // 20.13, 20.14
		floods(),            // 20.15
	)
}

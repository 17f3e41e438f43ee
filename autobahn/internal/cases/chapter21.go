package cases

import (
	"slices"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// chapter21 has what WebSockets over HTTP/2 (RFC 8441) ask for besides frames: the other chapters
// are played over streams as well. Every case names the sentence of the RFC. As in chapter 20, a
// peer may be silent for as long as the runner allows.
func chapter21() []*play.Case {
	return slices.Concat(
		connectsToRefuse(), // 21.1
		connectsToAccept(), // 21.2
		repliesToRefuse(),  // 21.3
		repliesToAccept(),  // 21.4
		clientConnects(),   // 21.5
		dataFrames(),       // 21.6
		streamEnds(),       // 21.7
		connections(),      // 21.8
	)
}

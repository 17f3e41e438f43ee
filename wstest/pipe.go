package wstest

import (
	"net"

	"github.com/hawser-ws/websocket"
)

// Options are the options of [Pipe]. Nil means the defaults.
type Options struct {
	// Server and Client are the options of the two ends. Nil: the defaults. A
	// subprotocol has to be given to both: there is no handshake to agree on it.
	Server, Client *websocket.ConnOptions
	// Buffer is how many bytes each direction holds, see [NetPipe]. Zero: 64 KiB.
	Buffer int
}

// Pipe returns the two ends of a WebSocket connection in memory. It behaves as over
// TCP: there is a closing handshake, a stream can end, and a write waits while the
// peer does not read.
//
// Close both ends, as any [websocket.Conn].
func Pipe(opts *Options) (server, client *websocket.Conn) {
	if opts == nil {
		opts = &Options{}
	}
	s, c := NetPipe(opts.Buffer)
	return websocket.NewConn(s, websocket.RoleServer, opts.Server),
		websocket.NewConn(c, websocket.RoleClient, opts.Client)
}

// NetPipe returns the two ends of a stream in memory that behaves as TCP does,
// where [net.Pipe] does not:
//
//   - Each direction holds buffer bytes, so that a write waits only when the peer
//     is that far behind. Zero is 64 KiB; with 1 nearly every write waits for the
//     peer to read.
//   - Both ends have the method CloseWrite() error, which ends one direction, as
//     [net.TCPConn.CloseWrite].
//   - After Close the peer reads what was written before, and then io.EOF. After
//     SetLinger(0) and Close, as with [net.TCPConn.SetLinger], what was written is
//     lost and the peer's calls fail with syscall.ECONNRESET, or what Plan 9 says
//     in its place.
//
// Unlike TCP it is exact: a write fails as soon as the peer has closed, and a
// Close with bytes still unread does not reset the connection.
func NetPipe(buffer int) (a, b net.Conn) {
	if buffer <= 0 {
		buffer = defaultBuffer
	}
	there, back := newStream(buffer), newStream(buffer)
	return &end{in: back, out: there, local: "a", remote: "b"},
		&end{in: there, out: back, local: "b", remote: "a"}
}

// defaultBuffer is about what a TCP connection of the loopback holds at first.
const defaultBuffer = 64 << 10

// Package websocket has the API, rules and error texts of github.com/coder/websocket, on the
// engine of github.com/hawser-ws/websocket. It serves programs that switch by a replace line:
// module compat/coder, under coder's path, consists of aliases to it. New programs should
// import github.com/hawser-ws/websocket.
//
//	program ──▶ compat/coder, compat/nhooyr   aliases, under the path of another
//	                 │
//	                 ▼
//	            coder: Conn                   rules and texts        <- here
//	                 │
//	                 ▼
//	            the root: Conn                everything else; see [Conn.Hawser]
//
// A Conn holds a connection of the root, calls it, and translates its errors. It has no
// state but whether somebody has called Close, and the context of CloseRead.
//
// # Where it follows coder and not the root
//
//   - A read whose context ends closes the connection. So does the end of the context given
//     to CloseRead.
//   - A message may have 32,768 bytes unless SetReadLimit or Limits say otherwise.
//   - Dial uses [http.DefaultClient] if DialOptions.HTTPClient is nil, and only the context
//     bounds it.
//   - The case of subprotocols does not count. A server answers in the client's spelling.
//   - After the peer has closed, a read returns its CloseError, which does not match
//     [net.ErrClosed].
//   - The first call of Close or CloseNow tells what happened, each later one returns an
//     error that matches [net.ErrClosed]. A reason longer than 123 bytes is an error.
//   - Errors have coder's texts: "failed to get reader: failed to read frame
//     header: EOF", "read limited at 32769 bytes", "expected handshake response status code
//     101 but got 403".
//
// What differs nevertheless, and why, is in compat/README.md.
package websocket

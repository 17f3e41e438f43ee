// Package websocket is github.com/coder/websocket on this library: the same names, the same
// rules where programs rely on them, and the same texts of errors where programs look for
// them. It is for programs that cannot change their import path yet, and for those that
// depend on that library through others: the module compat/coder bears its path and consists
// of aliases to this package. New code does better with the package above this one.
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
// # What is as there, and not as in the root
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
//   - Errors have the texts of that library: "failed to get reader: failed to read frame
//     header: EOF", "read limited at 32769 bytes", "expected handshake response status code
//     101 but got 403".
//
// What differs nevertheless, and why, is in compat/README.md.
package websocket

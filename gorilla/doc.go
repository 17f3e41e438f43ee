// Package websocket has the API of github.com/gorilla/websocket v1.5.3, and behind it the
// engine of github.com/hawser-ws/websocket. It is for programs that were written for
// gorilla: they import it in gorilla's place, or switch by one line in their go.mod
// (compat/README.md). Where gorilla broke the protocol this package keeps to it, and
// compat/README.md lists what differs. New programs are better off with the package at the
// root of this module.
//
// A server answers the opening handshake with an [Upgrader], a client asks for it with a
// [Dialer]. Both give a [Conn]:
//
//	for {
//		typ, p, err := c.ReadMessage()
//		if err != nil {
//			return // *CloseError if the peer has closed
//		}
//		if err := c.WriteMessage(typ, p); err != nil {
//			return
//		}
//	}
//
// # Concurrency
//
// One goroutine reads: NextReader, ReadMessage, ReadJSON and the readers they return,
// SetReadDeadline, SetReadLimit and the setters of handlers. Others may write: messages
// that are written by several goroutines leave one after the other, each whole. Only
// NextWriter is for one goroutine at a time, because it ends the message of the writer
// before it. Close, WriteControl and the setters of deadlines and compression may be called
// at any time. Misuse of one connection never harms another.
//
// Keep reading: only methods that read handle pings, pongs and Close frames. They call the
// handlers (SetPingHandler, SetPongHandler, SetCloseHandler), which may use the connection.
//
// # States
//
// There is no closing handshake but what the program makes of it. The two halves of a
// connection know nothing of each other:
//
//	reads    open ─────────────────────────────────────────▶ failed
//	              Close frame received: *CloseError            every read returns the same
//	              end of the stream: *CloseError with 1006     error, and the 1,000th
//	              error of the network, deadline               message asked for panics
//	              error of a handler
//	              broken rule, limit: a Close frame is sent
//
//	writes   open ─────────────────────────────────────────▶ failed
//	              Close frame sent: ErrCloseSent               every write returns the
//	              error of the network, deadline               same error
//
// After sending a Close frame a program may read on for as long as it likes. [Conn.Close]
// closes the network connection and sends nothing.
//
// # Layers
//
//	Conn       deadlines, handlers, sticky errors
//	 ├ receiver   conn.Decoder, transport.Buffer       bytes to messages, inside a gate
//	 └ sender     messageWriter, conn.Outbox           messages to bytes, inside a lock for
//	              │                                    messages and a gate for the wire
//	transport.Plain                                    the stream; its deadlines are the user's
//
// The loops around the Decoder are like those of the root, and cannot be the same: here a
// handler may read on in the middle of a message, and nothing but a deadline of the stream
// ends a wait. What must not differ, such as how far a header is trusted, is in package conn.
//
// It starts no goroutine. Memory for reading and writing is lent while there is something
// in it: an idle connection on TCP holds none, whatever the buffer sizes of Upgrader and
// Dialer say. WriteBufferSize is the most payload that a fragment has.
package websocket

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
// # What may be called together
//
// One goroutine reads: NextReader, ReadMessage, ReadJSON and the readers that come of them,
// SetReadDeadline, SetReadLimit and the setters of handlers. Others may write: messages
// that are written by several goroutines leave one after the other, each whole. Only
// NextWriter is for one goroutine at a time, because it ends the message of the writer
// before it. Close, WriteControl and the setters of deadlines and compression may be called
// at any time. All methods are safe in this sense: whatever goroutines do to one
// connection, it does not harm another.
//
// A connection must be read, or nothing is answered: control frames are seen by the methods
// that read. They call the handlers (SetPingHandler, SetPongHandler, SetCloseHandler), which
// may use the connection.
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
// It starts no goroutine. Memory for reading and writing is lent while there is something
// in it: an idle connection on TCP holds none, whatever the buffer sizes of Upgrader and
// Dialer say. WriteBufferSize is the most payload that a fragment has.
package websocket

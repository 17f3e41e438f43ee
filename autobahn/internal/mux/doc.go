// Package mux is the conformance suite's own end of an HTTP/2 connection (RFC 9113) that carries
// WebSockets (RFC 8441). Frames are those of golang.org/x/net/http2.Framer, header blocks those of
// its hpack. It uses none of this module's HTTP/2: a judge must not share the mistakes of the
// judged, and it sends frames that the engine refuses to write.
//
//	Conn        settings, both windows of the connection, what the peer did wrong
//	  ├── one goroutine reads; Conn.receive is its loop
//	  ├── one goroutine writes what was queued
//	  └── Stream    a WebSocket: io.ReadWriteCloser with deadlines and halves
//
// Conn.mu guards everything but the reading. Whoever sends puts frames into the queue, and waits
// until they are written: a peer that reads nothing holds up the sender, and never the reader,
// which must go on to answer PING and SETTINGS.
//
// A half of a stream goes from state to state, never back:
//
//	flowing ──END_STREAM──▶ ended
//	   └────RST_STREAM, or the connection is lost────▶ broken
//
// The peer's DATA must fit into the windows that it was given, and its frames must be valid.
// Otherwise the connection ends with GOAWAY, and every read with a [*FaultError]. The suite itself
// keeps to the peer's windows, but is free in everything else: see [Stream.Shape], [Stream.Head]
// and [Conn.Send].
package mux

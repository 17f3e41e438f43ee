// Package wsplay plays the other end of a connection by hand, for tests.
//
//	engine (websocket.Conn)  ←── wstest.NetPipe, TCP, Unix, TLS ──→  Peer
//
// A Peer sends and receives frames through internal/naive, the codec that shares no
// code with the library: right ones and wrong ones, byte by byte where a test wants
// that. Pipe joins an engine and a peer, Pair joins two engines.
//
// Most tests run in a bubble of testing/synctest (EachRole), where time is exact and
// "nothing happens" can be checked (Pending, Peer.WantNothing).
//
// Only tests import this package.
package wsplay

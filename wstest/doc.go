// Package wstest joins two WebSocket connections in memory, for tests of code that
// uses them.
//
//   - [Pipe] gives both ends as a [websocket.Conn], past the opening handshake.
//   - [NetPipe] gives the byte streams underneath, for a test that plays one end
//     itself or puts something in between.
//
// Nothing here touches the network or the system's clock, so everything works
// inside a [testing/synctest] bubble, where time passes only when every goroutine
// waits. A test of a timeout is then instant and exact:
//
//	synctest.Test(t, func(t *testing.T) {
//		server, client := wstest.Pipe(&wstest.Options{
//			Server: &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: time.Minute}},
//		})
//		defer server.CloseNow()
//		defer client.CloseNow()
//		// client does not read, so it answers no ping
//		_, _, err := server.Read(t.Context())
//		// two minutes later, at once: errors.Is(err, websocket.ErrKeepAlive)
//	})
//
// A [websocket.Receiver] is tested in the same way: [websocket.Loop.Add] gives it the server's
// end. There it is called as on a network, only by a goroutine of the connection, which keeps
// to the bubble.
package wstest

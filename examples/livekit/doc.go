// Livekit joins a room on a LiveKit server and shows the signalling: every message
// that goes over the WebSocket, by name. A PeerConnection beside it connects by what was
// said; it has no camera, and drops what it gets.
//
//	livekit-server --dev
//	go run ./examples/livekit -url ws://127.0.0.1:7880 -api-key devkey -api-secret secret -room demo -identity ann
//
// # The conversation
//
// It begins with the opening handshake: GET /rtc with an access token, a JWT that says
// who may join which room. A server that does not like it answers 401 with a sentence;
// one that does answers 101. The participant joins with the handshake, before the
// first message.
//
// From then on each WebSocket message is one signal: a SignalRequest from the client or
// a SignalResponse from the server, in protobuf, and so they are binary messages, the
// client's masked.
//
//	←  join         the room, who is in it, which ICE servers to use, how often to ping
//	←  offer        SDP: what the server will send, one media section for each track
//	→  answer       SDP: what the client takes of it
//	⇄  trickle      an ICE candidate, in the JSON of the browser's API; whenever one is found
//	→  add_track    the client wants to publish; then → offer, ← answer, for another
//	                PeerConnection in that direction
//	←  update       participants came, went, or have other tracks
//	→  ping_req     every few seconds; ← pong_resp
//	←  refresh_token  a token for the next connection, since the first one expires
//	⇄  leave        somebody has enough; the server's says what to do then
//
// When candidates of both ends have been tried and a pair works, media goes by UDP
// between client and server, and nothing of it over the WebSocket.
//
// It ends with leave, a Close frame each way with 1000, and the end of the TCP
// connection, which the server closes first. A connection that is lost without is made
// again, with reconnect=1 and the participant's sid in the query: the server keeps the
// place for a while.
//
// # What to look at
//
//   - Package rtc is the session: joining, pings, coming back, leaving. Package peer is
//     the PeerConnection, without which the server gives a participant up after a minute.
//   - A read that is cancelled does not cost the connection: on Ctrl-C the reading ends
//     by its context, and the connection is still good for saying goodbye.
//   - What a connection ended with, in which direction and who began, is in the
//     [websocket.ClosedError].
//   - Tokens and TURN credentials are not printed: the protocol marks them.
package main

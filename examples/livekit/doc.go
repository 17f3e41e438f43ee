// Livekit joins a room on a LiveKit server and shows the signalling: every message on the
// WebSocket, by name. A PeerConnection beside it connects according to the signals. It has no
// camera, and discards the media that it receives.
//
//	livekit-server --dev
//	go run ./examples/livekit -url ws://127.0.0.1:7880 -api-key devkey -api-secret secret -room demo -identity ann
//
// # The conversation
//
// It begins with the opening handshake: GET /rtc with an access token, a JWT that says who may
// join which room. A server that rejects it answers 401 with a sentence; otherwise it answers
// 101. The participant joins with the handshake, before the first message.
//
// From then on each WebSocket message is one signal: a SignalRequest from the client or a
// SignalResponse from the server. They are protobuf, and so binary messages; the client's are
// masked.
//
//	←  join         the room, who is in it, which ICE servers to use, how often to ping
//	←  offer        SDP: what the server will send, one media section for each track
//	→  answer       SDP: what the client takes of it
//	⇄  trickle      an ICE candidate, in the JSON of the browser's API; whenever one is found
//	→  add_track    the client wants to publish; then → offer, ← answer, for another
//	                PeerConnection in that direction
//	←  update       participants came, left, or have other tracks
//	→  ping_req     every few seconds; ← pong_resp
//	←  refresh_token  a token for the next connection, since the first one expires
//	⇄  leave        one side ends the session; the server's leave says what to do next
//
// Once the candidates of both ends have been tried and a pair works, media flows over UDP
// between client and server. None of it goes over the WebSocket.
//
// The session ends with leave, a Close frame each way with 1000, and the end of the TCP
// connection, which the server closes first. If the connection is lost without that, the client
// connects again, with reconnect=1 and the participant's sid in the query. The server keeps the
// participant's place for a while.
//
// # What to look at
//
//   - Package rtc is the session: joining, pings, reconnecting, leaving. Package peer is the
//     PeerConnection. Without it the server drops a participant after a minute.
//   - A cancelled read does not cost the connection. On Ctrl-C the context ends the reading, and the
//     connection can still be used to say goodbye.
//   - The [websocket.ClosedError] says how a connection ended, in which direction, and who began.
//   - Tokens and TURN credentials are not printed: the protocol marks them.
package main

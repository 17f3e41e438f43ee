// Signaling is a signalling server for WebRTC, small enough to read and sound enough to
// deploy. Browsers that open the same room get an audio and video call and a data channel
// with each other. They exchange what they need to connect over one WebSocket each.
//
//	go run ./examples/signaling                        # http://127.0.0.1:7880/
//	go run ./examples/signaling -tls-self-signed       # https, wss
//	go run ./examples/signaling -nats nats://10.0.0.5  # one of several servers
//	go run ./examples/signaling -cluster :6222 -routes 10.0.0.6:6222  # the same, without a NATS server
//
// # Layers
//
//	page      what the browser runs; it speaks to socket.js, and that to
//	main      HTTP routes, the WebSocket of a member, shutdown
//	wire      the messages, in JSON and in CBOR
//	rooms     who is in which room, here and on other servers
//	bus       how servers reach each other: not at all, or through NATS
//	watch     the server's side of a connection, frame by frame, for the page
//
// # What the server does, and what it leaves to the ends
//
// The server says who is in a room and carries signals from one member to another. It
// stores no signals. A page keeps each signal until the other page has acknowledged it, and
// sends it again if it was lost with a connection, with a server or between two servers. So
// one mechanism handles a dropped WiFi, a restart and the loss of a machine, and a server
// has nothing to hand over to the next.
//
// The server has no list of members either: a key proves who a member is. A page makes a
// random key of 128 bits when it is opened. The identity that the others see is the first 16
// hexadecimal digits of the SHA-256 of the key's 22 characters. Any server can check that,
// after any restart.
//
// # A member, as the others see it
//
//	        join                    connection lost
//	(none) ------> present ------------------------> away
//	                  |  ^                             |  |
//	     leave, 1000, |  |   join with the same key    |  | grace is over
//	     1001         |  +-----------------------------+  |
//	                  v                                   v
//	                left <--------------------------------+
//
// # The WebSocket
//
// GET /rooms/{room}/socket, with one of two subprotocols. They differ only in the encoding of
// the messages:
//
//	signaling.v1.json   text messages, JSON
//	signaling.v1.cbor   binary messages, CBOR (RFC 8949) of the same structure:
//	                    definite lengths, text keys; no floats, no tags
//
// Without one of them the answer is 400. A message is a map with a "type". Only the listed
// fields are present; unknown fields are ignored. From the page:
//
//	join    first, within 5 seconds. key: 22 characters, base64url of 16 bytes;
//	        name: at most 40 characters; session: 1 to 2^53-1, random for each load
//	        of the page; attempt: 1, 2, 3 …, counts the connections of that session
//	signal  to: an identity; then any of
//	        seq and data: a signal, numbered 1, 2, 3 … for each pair of sessions;
//	        data is any value both languages have: no fractions, no bytes,
//	        integers within ±(2^53-1), at most 16 levels
//	        ack: all signals of the other page up to this number have arrived
//	        session: the session of the other page that this is meant for; the
//	        server drops the signal if that page has another session by now
//	leave   the member leaves; the server answers by closing with 1000
//
// From the server:
//
//	welcome first, after join. id: who you are; server: its name; room; capacity;
//	        grace: milliseconds for which a lost member is kept;
//	        peers: the others, each with id, name, session, state ("present", "away")
//	        connection: names this connection for the trace
//	peer    something happened to another member: id, name, session, state:
//	        "present", "away" or "left", and if left reason: "left" or "lost"
//	signal  from: an identity, session: of the sender; seq, data, ack as they were sent
//	gone    to, seq: a signal could not be delivered, because no member has that
//	        identity. It is not sent for a member that is away.
//
// The server closes with
//
//	1000  you left
//	1001  the server goes away: connect again soon, perhaps to another
//	1002, 1003, 1007, 1009  a violation of the WebSocket protocol, or a message larger
//	      than 64 KiB
//	1008  an invalid message; the reason says what is wrong; do not send it again
//	1013  you do not read: connect again when you do
//	4001  the room is full
//	4002  there are too many rooms
//	4009  this member has connected again, from another tab or in place of this
//	      connection: do not reconnect
//	4010  no join came in time
//
// # Between two pages
//
// A page accepts a signal with the next seq. It drops signals that it already has, and those
// that come too early. It acknowledges within 100 ms, with its next signal or with a signal
// without data. Unacknowledged signals are sent again in order: when the other page becomes
// present, when this page is welcomed, and after 3 s, 6 s, 12 s … up to 30 s while the other is
// present. A new session of the other page means new numbers and a new RTCPeerConnection; the
// old one is closed. A signal meant for another session is dropped.
//
// The data of a signal is {description: {type, sdp}} or {candidate: …} (null at the end). Of
// two pages the one with the smaller identity calls. The other is polite in the sense of
// perfect negotiation: it gives way when both offer at the same time.
//
// # The trace
//
// GET /trace/{connection} with Authorization: Bearer KEY streams what the server has seen of
// that connection, from the opening handshake on, as server-sent events: at most the last 500,
// then new ones as they happen. Any server of the cluster answers. Each event is JSON:
//
//	n     number, 1, 2, 3 …
//	ms    milliseconds since the handshake
//	kind  "handshake": request and response, lists of lines; the key of Sec-WebSocket-Key
//	          is shown, Cookie and Authorization are not
//	      "frame": dir "in" or "out" as the server sees it, opcode "text", "binary",
//	          "continuation", "close", "ping" or "pong", fin, rsv1, masked, length (as
//	          on the wire), preview (at most 300 characters of the message, with its
//	          last frame; the code and reason of a close)
//	      "state": from, to, states of the connection: "open", "closed by us",
//	          "closed by peer", "acknowledged", "failed", "cut", "terminated"
//	      "lost": lost: how many events, up to number n, were dropped because they were
//	          not read in time
//	      "closed": began "us", "peer" or "nobody", clean, sent and received: code and
//	          reason of the Close frames or null, cause
//
// The stream ends after "closed". It can be read until 30 s after that. GET /config.json
// returns {"iceServers": …, "capacity": …} for the page.
package main

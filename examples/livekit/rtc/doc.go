// Package rtc is a client for LiveKit's signalling. It keeps a session in a room over
// successive WebSockets, and names the protobuf messages on them.
//
// It has no media. A PeerConnection can be put beside it: it sends and receives its messages
// through [Session.Send] and [Options.Observe].
package rtc

// Package rtc is the signalling of LiveKit as a client speaks it: a session in a
// room over one WebSocket after another, and the protobuf messages on them by name.
//
// It has no media. What a PeerConnection needs to send and receive goes through
// [Session.Send] and [Options.Observe], so that one can be put beside it.
package rtc

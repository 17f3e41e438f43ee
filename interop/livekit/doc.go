// Package livekit proves, with its tests alone, that examples/livekit and ws dial talk
// to a genuine LiveKit server, which the tests build and start, and that what they
// carry connects a PeerConnection.
//
// Nothing has to be installed, and nothing leaves the machine but what go build
// fetches. The first build of the server takes some minutes, and the build cache keeps
// it. Run it as a module of its own:
//
//	cd interop/livekit && GOWORK=off go test ./...
package livekit

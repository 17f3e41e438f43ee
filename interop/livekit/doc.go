// Package livekit contains only tests. They build and start a genuine LiveKit server. They
// prove that examples/livekit and ws dial can talk to it, and that the signalling connects a
// PeerConnection.
//
// Nothing has to be installed, and nothing leaves the machine except the downloads of go build.
// The first build of the server takes some minutes; the build cache keeps it. Run it as a
// module of its own:
//
//	cd interop/livekit && GOWORK=off go test ./...
package livekit

// Package livekit contains only tests. They build and start genuine LiveKit servers: one as its
// authors publish it, on gorilla, and one with the replace line of compat/README.md, on our
// engine. They prove that examples/livekit and ws dial can talk to both, that the signalling
// connects a PeerConnection, and that two pages in Chromium with LiveKit's own client hold a call
// by either server.
//
// Chromium has to be installed, and npm for livekit-client. Nothing leaves the machine except the
// downloads of go build and of npm. The first build of each server takes some minutes; the build
// cache keeps it. Run it as a module of its own:
//
//	cd interop/livekit && npm ci && GOWORK=off go test ./...
//
// With -screenshots DIR the pages write what they look like into DIR.
package livekit

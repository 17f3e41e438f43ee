// Package peers compares this library with two others, as second and third opinions on the
// meaning of a byte stream: the frame checker and reader of github.com/gobwas/ws, and the
// server and client of github.com/gorilla/websocket.
//
// It contains only tests. Known differences are in a list. Each entry has the frame in question
// and the section of the RFC that says who is right. Everything before such a frame must be
// understood alike, byte for byte. An entry that no seed uses is an error, so the list stays as
// short as the differences are.
//
// It is a module of its own, outside go.work, so that the other libraries reach nobody's
// go.sum:
//
//	cd fuzz/peers && GOWORK=off go test ./...
//	cd fuzz/peers && GOWORK=off go test -run '^$' -fuzz FuzzGobwas -fuzztime 60s .
package peers

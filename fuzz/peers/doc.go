// Package peers holds this library against two others, as second and third opinions on
// what a stream of bytes means: the frame checker and reader of github.com/gobwas/ws,
// and the server and client of github.com/gorilla/websocket.
//
// There are only tests here. Where the opinions differ there is a written list, an entry
// for each difference, with the frame it is about and the section of the RFC that says
// who is right. What stands before such a frame must be understood alike, byte for
// byte. An entry that no seed makes use of is an error: the list stays as short as the
// differences are.
//
// It is a module of its own, outside go.work, so that the libraries beside us reach
// nobody's go.sum:
//
//	cd fuzz/peers && GOWORK=off go test ./...
//	cd fuzz/peers && GOWORK=off go test -run '^$' -fuzz FuzzGobwas -fuzztime 60s .
package peers

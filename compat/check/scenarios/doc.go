// Package scenarios holds what users of gorilla/websocket rely on, as tests that pass
// with gorilla itself and with the drop-in:
//
//	go test ./scenarios                          the drop-in
//	go test -modfile=original.mod ./scenarios    gorilla itself
//
// What differs on purpose is not here but in the tests of the package gorilla, and in
// compat/README.md.
package scenarios

// Package coder holds what users of coder/websocket rely on, as tests that pass with coder
// itself and with the drop-in:
//
//	go test ./coder                          the drop-in
//	go test -modfile=original.mod ./coder    coder itself
//
// What differs on purpose is not here but in compat/README.md.
package coder

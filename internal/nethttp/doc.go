// Package nethttp is what this library knows of net/http beyond its documentation, in one
// place. What it reads by reflection may change with any release of Go: then nothing is found,
// and the callers do without.
//
//	writer.go   a handler's ResponseWriter: net/http's own, those around it, taking it over
//	status.go   whether net/http's own writer has sent a status
//	passed.go   sending the status 101 through the writers of middleware
//	buffers.go  what net/http has read ahead, and the memory of its buffers
//	body.go     the connection beneath the body of a response with the status 101
//	whole.go    the body of a request beneath one that bounds it
//
// It has no state.
package nethttp

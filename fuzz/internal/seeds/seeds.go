// Package seeds provides the seeds of fuzz targets: the rows of internal/vectors, connections
// of real programs (testdata/captures), and what the conformance suite sends in its cases
// (testdata/cases.txt).
//
// A fuzz target without seeds finds nothing, and looks as if all were well. So everything here
// panics if a source is empty, and a target states with [Need] how many seeds it expects at
// least.
package seeds

import "testing"

// Stream is what one end sent after the opening handshake.
type Stream struct {
	Name       string
	FromClient bool
	Deflate    bool   // permessage-deflate is agreed on
	Data       []byte // frames as on the wire
}

// Streams returns whole connections and single frames, valid and invalid.
func Streams() []Stream {
	return gather(fromVectors(), captured().streams, played().streams)
}

// Head is the head of an HTTP message, including the empty line and, in some, bytes that follow
// it.
type Head struct {
	Name string
	Data []byte
}

// Requests returns heads of opening handshakes from clients, valid and invalid.
func Requests() []Head {
	return gather(oddRequests(), captured().requests, played().requests)
}

// Responses returns responses to them, valid and invalid.
func Responses() []Head {
	return gather(oddResponses(), captured().responses, played().responses)
}

// gather concatenates sources. None may be empty.
func gather[T any](sources ...[]T) (all []T) {
	for _, source := range sources {
		if len(source) == 0 {
			panic("seeds: a source has none")
		}
		all = append(all, source...)
	}
	return all
}

// Need fails a target that has fewer than n seeds.
func Need[T any](tb testing.TB, seeds []T, n int) {
	tb.Helper()
	if len(seeds) < n {
		tb.Fatalf("%d seeds, at least %d are needed: the target would start from next to nothing", len(seeds), n)
	}
}

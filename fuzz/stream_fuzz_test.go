package fuzz_test

import (
	"testing"

	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
)

// longest is how many bytes of a stream are looked at: byte by byte more would be
// slow, and say no more.
const longest = 4 << 10

// FuzzStream: what a connection makes of a stream does not depend on how the stream
// comes, and is what the oracle makes of it. That is: the messages, what is answered,
// when and with which code the stream is refused, and the error at the end.
func FuzzStream(f *testing.F) {
	streams := seeds.Streams()
	seeds.Need(f, streams, 100)
	for i, stream := range streams {
		if i/manners%every != 0 {
			continue
		}
		// Each of them in one way, all ways in turn; what rotates has odd periods.
		bits := uint32(i%manners)<<bitsManner | uint32(i/7%5%3)<<bitsTransport | uint32(i%3%2)<<bitTrace | uint32(i%5%2)<<bitCancels
		if i%5 == 0 {
			bits |= uint32(i/5%64) << bitsFrame
		}
		if !stream.FromClient {
			bits |= 1 << bitClient
		}
		if stream.Deflate {
			bits |= 1 << bitDeflate
		}
		f.Add(bits, []byte{byte(i % 11), 0, byte(i)}, []byte{byte(i), 6, 1}, stream.Data)
		f.Add(bits|1<<bitLoop|uint32(i%4)<<bitsTransport, []byte{byte(i % 11), 0, byte(i)}, []byte{byte(i), 40, 3}[:i/4%4], stream.Data)
	}
	for i, recipe := range recipes {
		for bits := range uint32(4) { // role, compression
			f.Add(bits|1<<bitRecipe|uint32(i)<<bitsManner, []byte{4, 1}, []byte{20, 1}, []byte(recipe))
			f.Add(bits|1<<bitRecipe|1<<bitLoop|uint32(i)<<bitsManner|uint32(i%2)*uint32(overUnix)<<bitsTransport, []byte{4, 1}, []byte{2, 200}, []byte(recipe))
		}
	}
	f.Fuzz(func(t *testing.T, bits uint32, pieces, sizes, data []byte) {
		s := setUp(bits)
		if s.recipe {
			data = cook(data, s.receiver.fromClient)
		}
		data = data[:min(len(data), longest)]
		s.all(t, data, pieces, sizes)
		if t.Failed() {
			t.Logf("the stream: %x", data)
		}
	})
}

// recipes are what else it starts from.
var recipes = []string{
	"\x81\x05Hello\x89\x02hi\x82\x03\x00\x01\x02\x8a\x01p\x88\x02\x03\xe8",
	"\x01\x03one\x89\x01p\x00\x03two\x80\x05three\x91\x10many and too many",
	"\xb1\x20over and over and over and over \xb1\x20over and over and over and over \xc1\x08over and",
	"\xd1\x09in pieces\xd2\x04\x00\x00\x00\x00\x88\x00",
	"\x81\x04\xce\xba\xce\xb5\xa1\x04\xce\xba\xce\xb5\x81\x01\xce",
	"\x89\x00\x89\x01a\x89\x01b\x89\x01c\x89\x01d\x89\x01e\x89\x01f\x89\x01g\x89\x01h\x89\x01i\x89\x01j\x89\x01k\x89\x01l\x89\x01m\x89\x01n\x89\x01o\x89\x01p\x89\x01q\x89\x01r\x81\x01z",
	"\xa1\x20a text that says \xff too late, and more",
	"\xe1\x02no\xf1\x02no",
}

package interop

import (
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// side is what one end asks for, in its own direction or its peer's.
func side(bits int, takeover bool) handshake.DeflateSide {
	return handshake.DeflateSide{NoContextTakeover: !takeover, MaxWindowBits: bits}
}

// weAsk and theyAsk are the configurations in which one end asks for everything.
func weAsk(server, client handshake.DeflateSide) deflating {
	return deflating{ours: handshake.Deflate{Server: server, Client: client}}
}

func theyAsk(server, client handshake.DeflateSide) deflating {
	return deflating{theirs: handshake.Deflate{Server: server, Client: client}}
}

// every combines every window of the server with takeover or without in either
// direction. The client's window goes the other way, and the two ends ask by turns.
func every() (all []deflating) {
	ask := []func(server, client handshake.DeflateSide) deflating{weAsk, theyAsk}
	bits := []int{9, 10, 12, 15}
	for i := range bits {
		for j := range 4 {
			server, client := side(bits[i], j&1 == 0), side(bits[3-i], j&2 == 0)
			all = append(all, ask[(i+j+j/2)%2](server, client))
		}
	}
	return all
}

// some leaves out most of these combinations.
func some() []deflating {
	return []deflating{
		{},
		weAsk(side(9, true), side(10, true)),
		weAsk(side(12, false), side(12, true)),
		theyAsk(side(10, true), side(9, true)),
		theyAsk(side(12, true), side(12, false)),
		theyAsk(side(15, false), side(15, false)),
		mixed,
	}
}

// mixed has both ends ask, for different things.
var mixed = deflating{
	ours:   handshake.Deflate{Server: side(12, true), Client: side(0, false)},
	theirs: handshake.Deflate{Server: side(10, true)},
}

// Of a window of 256 bytes zlib makes one of 512 without a word: what Node has agreed
// to send with 8 bits needs 9 to be read.
var (
	serverSmallest = theyAsk(side(8, true), side(0, true))
	clientSmallest = theyAsk(side(0, true), side(8, true))
)

func TestDeflateNode(t *testing.T) {
	all := append(every(), deflating{}, mixed, serverSmallest, clientSmallest)
	testEchoer(t, deflatingNode, all, all)
}

// Python refuses to compress with a window of 256 bytes, and so it fails where it asks
// for that itself; what it receives may be so.
func TestDeflatePython(t *testing.T) {
	testEchoer(t, deflatingPython, append(some(), serverSmallest), append(some(), clientSmallest))
}

// As a server gws takes no notice of the windows that a client asks for, only of the
// takeover, and reads all of a client's offers as one.
func TestDeflateGWS(t *testing.T) {
	ignored := weAsk(side(9, true), side(0, true))
	ignored.instead = &handshake.Deflate{Server: side(15, false)}
	testEchoer(t, deflatingGWS,
		append(some(), serverSmallest, clientSmallest),
		[]deflating{
			{},
			weAsk(side(0, false), side(0, true)),
			weAsk(side(0, true), side(0, false)),
			ignored,
			theyAsk(side(9, true), side(10, true)),
			theyAsk(side(10, true), side(12, false)),
			theyAsk(side(12, false), side(9, true)),
			theyAsk(side(15, false), side(15, false)),
			serverSmallest, clientSmallest,
		})
}

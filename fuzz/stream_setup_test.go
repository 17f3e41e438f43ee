package fuzz_test

import (
	"fmt"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// setup is how a stream is received, as the bits of the input say.
type setup struct {
	role     websocket.Role
	deflate  *handshake.Deflate // nil: none
	limits   websocket.Limits
	manner   manner    // how the application reads
	beneath  transport // what the bytes come through
	recipe   bool      // the bytes are one
	trace    bool      // which has the engine take its general ways
	cancels  bool      // reads are given up and begun again, between any two pieces
	loop     bool      // a Loop reads, and the application is its Receiver
	receiver receiver  // the oracle's
}

// manner is how an application reads.
type manner uint8

const (
	byRead manner = iota
	byReadInto
	byReader
	byMessages
	byTurns     // all of these
	byEcho      // as Messages; the body writes the message back
	byBatch     // as Read; the messages are written back by a Batch
	byCloseRead // it does not
	manners     = iota
)

// transport is what connects the two ends.
type transport uint8

const (
	overConn   transport = iota // net.Conn in memory
	overStream                  // no more than an io.ReadWriteCloser
	overUnix                    // a pair of sockets, where the system has them; else TCP
	overTCP
	transports = iota
)

// How the bits are used, from the lowest.
const (
	bitClient = iota
	bitDeflate
	bitNoTakeover
	bitTrace
	bitCancels
	bitRecipe
	bitsWindow    // two
	bitsManner    = bitsWindow + 2
	bitsTransport = bitsManner + 3
	bitsFrame     = bitsTransport + 2
	bitsMessage   = bitsFrame + 2
	bitsFragments = bitsMessage + 2
	bitLoop       = bitsFragments + 2
)

// setUp reads the bits.
func setUp(bits uint32) setup {
	bit := func(n int) bool { return bits>>n&1 == 1 }
	number := func(n, width int) int { return int(bits >> n & (1<<width - 1)) }
	s := setup{
		role:    websocket.RoleServer,
		manner:  manner(number(bitsManner, 3) % manners),
		beneath: transport(number(bitsTransport, 2) % transports),
		trace:   bit(bitTrace),
		cancels: bit(bitCancels),
		recipe:  bit(bitRecipe),
		limits: websocket.Limits{
			Frame:     []int64{-1, 16, 125, 1 << 10}[number(bitsFrame, 2)],
			Message:   []int64{-1, 20, 300, 4 << 10}[number(bitsMessage, 2)],
			Fragments: []int{-1, 1, 3, 0}[number(bitsFragments, 2)],
		},
	}
	if s.loop = bit(bitLoop); s.loop {
		s.manner = []manner{byMessages, byEcho, byBatch}[int(s.manner)%3]
		s.cancels = false // nothing gives a read up
	}
	if bit(bitClient) {
		s.role = websocket.RoleClient
	}
	window := []int{15, 8, 9, 12}[number(bitsWindow, 2)]
	side := handshake.DeflateSide{MaxWindowBits: window, NoContextTakeover: bit(bitNoTakeover)}
	if bit(bitDeflate) {
		s.deflate = &handshake.Deflate{Server: side, Client: side}
	}
	s.receiver = receiver{
		fromClient: s.role == websocket.RoleServer,
		deflate:    bit(bitDeflate),
		takeover:   !bit(bitNoTakeover),
		window:     1 << window,
		frame:      max(s.limits.Frame, 0),
		message:    max(s.limits.Message, 0),
		fragments:  max(s.limits.Fragments, 0),
		unread:     s.manner == byCloseRead,
	}
	if s.limits.Fragments == 0 { // the default
		s.receiver.fragments = 1 << 17
	}
	return s
}

// options are those of the connection.
func (s setup) options(calls *callbacks) *websocket.ConnOptions {
	opts := &websocket.ConnOptions{
		Deflate:        s.deflate,
		Limits:         s.limits,
		OnPingReceived: calls.ping,
		OnPongReceived: calls.pong,
	}
	if s.trace {
		opts.Trace = &websocket.Trace{FrameRead: func(*websocket.Conn, websocket.FrameInfo) {}}
	}
	return opts
}

func (s setup) String() string {
	return fmt.Sprintf("%v, deflate %v, limits %+v, manner %d, transport %d, trace %v, cancels %v, loop %v",
		s.role, s.deflate, s.limits, s.manner, s.beneath, s.trace, s.cancels, s.loop)
}

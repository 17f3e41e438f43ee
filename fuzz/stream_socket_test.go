package fuzz_test

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
)

// On sockets the engine has ways of its own, below the methods of net.Conn: a loop over
// messages that is busy lives inside the wait for its socket. So the bytes come through
// real ones here, in real time, and always with the end of the stream behind them.

// socket is a TCPConn or a UnixConn.
type socket interface {
	net.Conn
	CloseWrite() error
}

// busyMessages is how many messages make a loop busy enough to move into its socket.
const busyMessages = 18

// onSocketAll delivers bytes in every way, and checks what comes of it.
func (s setup) onSocketAll(t *testing.T, data, pieces, sizes []byte) {
	v := s.receiver.judge(data)
	if v.unsure {
		return
	}
	if s.lively() {
		busy := slices.Repeat([]message{{2, "busy"}}, busyMessages)
		v.messages = append(busy, v.messages...)
	}
	ways := []delivery{{"on a socket, at once", nil, true, true}, {"on a socket, in pieces", pieces, true, true}}
	if len(data) < 200 {
		ways = append(ways, delivery{"on a socket, byte by byte", []byte{0}, true, true})
	}
	for _, d := range ways {
		s.check(t, v, d, s.onSocket(t, data, sizes, d))
	}
}

// lively tells that the application is to be in its socket before the stream begins.
func (s setup) lively() bool { return !s.loop && (s.manner == byMessages || s.manner == byEcho) }

func (s setup) onSocket(t *testing.T, data, sizes []byte, d delivery) outcome {
	there := append(ofLoops(), goleak.IgnoreCurrent())
	ours, peer := socketPair(t, s.beneath == overTCP)
	o, wait := s.begin(ours, sizes)
	var wire bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&wire, peer) })

	if s.lively() {
		busy := naive.Encode(naive.Frame{FIN: true, Opcode: 2, Masked: s.receiver.fromClient, Payload: []byte("busy")})
		for range busyMessages {
			_, _ = peer.Write(busy)
			drained(t, o.conn)
		}
	}
	for i := 0; len(data) > 0; i++ {
		n := d.next(i, len(data))
		_, _ = peer.Write(data[:n])
		data = data[n:]
		drained(t, o.conn)
		if s.cancels {
			o.giveUp()
		}
	}
	_ = peer.CloseWrite()
	<-wait
	_ = o.conn.Close(websocket.StatusNormalClosure, "") // waits for a reply that is on its way
	reading.Wait()
	o.sticky = o.again()
	if tcp, ok := peer.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // its port is soon used again
	}
	_ = peer.Close()
	o.wire = wire.Bytes()
	if err := goleak.Find(there...); err != nil {
		t.Errorf("%v\n%v\n%v", s, d, err)
	}
	return o
}

// tcpPair makes a TCP connection of the loopback.
func tcpPair(t *testing.T) (a, b socket) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	one, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	two, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return two.(socket), one.(socket)
}

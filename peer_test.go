package websocket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/wstest"
)

// peer is the other end of a connection, played by hand.
type peer struct {
	net.Conn
	t       *testing.T
	client  bool          // its role: it masks
	deflate bool          // frames may be compressed
	in      []byte        // read and not yet decoded
	pace    time.Duration // the pause in a flood
	floods  sync.WaitGroup
}

// peerOf is the peer, at the other end of conn, of an engine in this role.
func peerOf(t *testing.T, role websocket.Role, conn net.Conn) *peer {
	return &peer{Conn: conn, t: t, client: role == websocket.RoleServer, pace: time.Millisecond}
}

// facing connects an engine in this role to a peer, by a stream that holds buffer
// octets each way (0: 64 KiB).
func facing(t *testing.T, role websocket.Role, opts *websocket.ConnOptions, buffer int) (*websocket.Conn, *peer) {
	t.Helper()
	near, other := wstest.NetPipe(buffer)
	c := websocket.NewConn(near, role, opts)
	p := peerOf(t, role, other)
	t.Cleanup(func() {
		_ = p.Close()
		_ = c.CloseNow()
		p.floods.Wait()
	})
	return c, p
}

// Opcodes, as the peer knows them, and how to make frames of them.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

func whole(opcode byte, payload string) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Payload: []byte(payload)}
}

// part is a frame that does not end its message.
func part(opcode byte, payload string) naive.Frame {
	return naive.Frame{Opcode: opcode, Payload: []byte(payload)}
}

// only is a header that declares n octets, without them.
func only(opcode byte, n uint64) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Length: n}
}

func farewell(code websocket.StatusCode, reason string) naive.Frame {
	return whole(opClose, string([]byte{byte(code >> 8), byte(code)})+reason)
}

var maskingKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// wire returns frames as the peer's role sends them.
func (p *peer) wire(frames ...naive.Frame) []byte {
	var b []byte
	for _, f := range frames {
		f.Masked, f.Key = p.client, maskingKey
		b = append(b, naive.Encode(f)...)
	}
	return b
}

// send sends frames, and may be called on any goroutine, as sendBytes may.
func (p *peer) send(frames ...naive.Frame) { p.t.Helper(); p.sendBytes(p.wire(frames...)) }

func (p *peer) sendBytes(b []byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Errorf("the peer cannot send: %v", err)
	}
}

// repeat sends the same again and again until the connection breaks. The pause
// between two is for a bubble, where time passes only while somebody sleeps.
func (p *peer) repeat(b []byte, pause time.Duration) error {
	for {
		if _, err := p.Write(b); err != nil {
			return err
		}
		if pause > 0 {
			time.Sleep(pause)
		}
	}
}

// flood repeats something at the peer's pace, while the test goes on.
func (p *peer) flood(b []byte) { p.floods.Go(func() { _ = p.repeat(b, p.pace) }) }

// reset drops the connection as a crashed host does.
func (p *peer) reset() {
	_ = p.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
	_ = p.Close()
}

func (p *peer) halfClose() { _ = p.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// more waits for octets, for an hour at the most, and keeps them.
func (p *peer) more() error {
	b := make([]byte, 32<<10)
	_ = p.SetReadDeadline(time.Now().Add(time.Hour))
	n, err := p.Read(b)
	_ = p.SetReadDeadline(time.Time{})
	if p.in = append(p.in, b[:n]...); n > 0 {
		return nil
	}
	return err
}

// next returns the next frame that arrives, or io.EOF. It must be one that the
// other role may send.
func (p *peer) next() (naive.Frame, error) {
	for {
		if f, n := naive.Decode(p.in); n > 0 {
			p.in = p.in[n:]
			if broken := naive.Broken(f, !p.client, p.deflate); broken != nil {
				p.t.Errorf("got a frame that breaks rules: %v", broken)
			}
			return f, nil
		}
		if err := p.more(); err == io.EOF && len(p.in) > 0 {
			return naive.Frame{}, io.ErrUnexpectedEOF
		} else if err != nil {
			return naive.Frame{}, err
		}
	}
}

// some reads n octets, whatever they are.
func (p *peer) some(n int) []byte {
	p.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(p, b); err != nil {
		p.t.Fatal(err)
	}
	return b
}

// head receives the head of a response and keeps what follows it.
func (p *peer) head() string {
	p.t.Helper()
	for {
		if head, rest, ok := bytes.Cut(p.in, []byte("\r\n\r\n")); ok {
			p.in = rest
			return string(head) + "\r\n\r\n"
		}
		if err := p.more(); err != nil {
			p.t.Fatalf("after %q: %v; want a response", p.in, err)
		}
	}
}

// want receives the next frame and compares it with a whole one.
func (p *peer) want(why string, opcode byte, payload string) {
	p.t.Helper()
	f, err := p.next()
	if err != nil || f.Opcode != opcode || !f.FIN || string(f.Payload) != payload {
		p.t.Fatalf("%s: got opcode %d, fin %v, %d octets %.60q, %v; want opcode %d %.60q", why, f.Opcode, f.FIN, len(f.Payload), f.Payload, err, opcode, payload)
	}
}

// wantFarewell receives a Close frame.
func (p *peer) wantFarewell(why string, code websocket.StatusCode) (reason string) {
	p.t.Helper()
	f, err := p.next()
	if err != nil || f.Opcode != opClose {
		p.t.Fatalf("%s: got opcode %d %.60q, %v; want a Close frame with %d", why, f.Opcode, f.Payload, err, code)
	}
	got, reason, fail := naive.Close(f.Payload)
	if got != int(code) || fail != 0 {
		p.t.Fatalf("%s: got a Close frame with %d %q (deserves %d), want %d", why, got, reason, fail, code)
	}
	return reason
}

// wantReply receives the Close frame that answers the peer, and from a server the
// end of the stream after it: nothing follows a Close frame, and the server closes
// first.
func (p *peer) wantReply(code websocket.StatusCode) (reason string) {
	p.t.Helper()
	reason = p.wantFarewell("the reply", code)
	if p.client {
		p.wantEnd("after the reply")
	}
	return reason
}

func (p *peer) wantEnd(why string) {
	p.t.Helper()
	if f, err := p.next(); err != io.EOF {
		p.t.Fatalf("%s: got opcode %d %.60q, %v; want the end of the stream", why, f.Opcode, f.Payload, err)
	}
}

// wantNothing says that no frame has come and the stream has not ended.
func (p *peer) wantNothing(why string) {
	p.t.Helper()
	synctest.Wait()
	_ = p.SetReadDeadline(time.Now().Add(1))
	b := make([]byte, 100)
	n, err := p.Read(b)
	_ = p.SetReadDeadline(time.Time{})
	if n > 0 || len(p.in) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("%s: got % x % x, %v; want nothing", why, p.in, b[:n], err)
	}
}

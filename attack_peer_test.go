package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/wstest"
)

// The attacks of a checklist drawn from the published advisories of WebSocket
// implementations, by file: what a peer, an attacker or a bad network will send. A
// test is named by its line of the list. Each is run against the server and the
// client, whose other end is played by hand, octet by octet, through
// internal/naive. Those on the headers of the opening handshake are in package
// handshake.

// Opcodes, as the peer knows them.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// peer is the other end of a connection, played by hand.
type peer struct {
	net.Conn
	t      *testing.T
	client bool   // its role
	in     []byte // read and not yet decoded
	floods sync.WaitGroup
}

var maskingKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

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

func closing(code websocket.StatusCode, reason string) naive.Frame {
	return whole(opClose, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// wire returns frames as the peer's role sends them.
func (p *peer) wire(frames ...naive.Frame) []byte {
	var b []byte
	for _, f := range frames {
		f.Masked, f.Key = p.client, maskingKey
		b = append(b, naive.Encode(f)...)
	}
	return b
}

func (p *peer) send(frames ...naive.Frame) { p.t.Helper(); p.sendBytes(p.wire(frames...)) }

func (p *peer) sendBytes(b []byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Fatalf("the peer cannot send: %v", err)
	}
}

// flood sends the same again and again until the connection breaks. Time passes
// meanwhile, as it does in a bubble only while somebody sleeps.
func (p *peer) flood(b []byte) {
	p.floods.Go(func() {
		for {
			if _, err := p.Write(b); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// next returns the next frame that arrives, or io.EOF. It must be one that the
// other role may send.
func (p *peer) next() (naive.Frame, error) {
	for {
		if f, n := naive.Decode(p.in); n > 0 {
			p.in = p.in[n:]
			if broken := naive.Broken(f, !p.client, false); broken != nil {
				p.t.Errorf("got a frame that breaks rules: %v", broken)
			}
			return f, nil
		}
		b := make([]byte, 32<<10)
		_ = p.SetReadDeadline(time.Now().Add(time.Hour))
		n, err := p.Read(b)
		p.in = append(p.in, b[:n]...)
		if n == 0 && err != nil {
			if err == io.EOF && len(p.in) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return naive.Frame{}, err
		}
	}
}

// want receives the next frame and compares it.
func (p *peer) want(why string, opcode byte, payload string) {
	p.t.Helper()
	f, err := p.next()
	if err != nil || f.Opcode != opcode || !f.FIN || string(f.Payload) != payload {
		p.t.Fatalf("%s: got opcode %d %.60q, %v; want opcode %d %.60q", why, f.Opcode, f.Payload, err, opcode, payload)
	}
}

// wantClose receives a Close frame, and from a server the end of the stream after
// it: nothing follows a Close frame, and the server closes first.
func (p *peer) wantClose(code websocket.StatusCode) (reason string) {
	p.t.Helper()
	f, err := p.next()
	if err != nil || f.Opcode != opClose {
		p.t.Fatalf("got opcode %d %.60q, %v; want a Close frame with %d", f.Opcode, f.Payload, err, code)
	}
	got, reason, fail := naive.Close(f.Payload)
	if got != int(code) || fail != 0 {
		p.t.Fatalf("got a Close frame with %d %q (deserves %d), want %d", got, reason, fail, code)
	}
	if p.client {
		p.wantEnd()
	}
	return reason
}

func (p *peer) wantEnd() {
	p.t.Helper()
	if f, err := p.next(); err != io.EOF {
		p.t.Errorf("got opcode %d %.60q, %v; want the end of the stream", f.Opcode, f.Payload, err)
	}
}

// wantNothing says that no frame has come and the stream has not ended.
func (p *peer) wantNothing(why string) {
	p.t.Helper()
	synctest.Wait()
	_ = p.SetReadDeadline(time.Now().Add(1))
	b := make([]byte, 100)
	n, err := p.Read(b)
	if n > 0 || len(p.in) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("%s: got % x % x, %v; want nothing", why, p.in, b[:n], err)
	}
}

// reset drops the connection as a crashed host does.
func (p *peer) reset() {
	_ = p.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
	_ = p.Close()
}

func (p *peer) halfClose() { _ = p.Conn.(interface{ CloseWrite() error }).CloseWrite() }

var bothRoles = []websocket.Role{websocket.RoleServer, websocket.RoleClient}

// attack runs a test against each role, in a bubble of its own: time passes only
// when all wait, and no goroutine may be left at the end. opts may be nil.
func attack(t *testing.T, name string, opts *websocket.ConnOptions, test func(t *testing.T, c *websocket.Conn, p *peer)) {
	t.Helper()
	for _, role := range bothRoles {
		t.Run(name+"/"+role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, p := join(t, role, opts, 0)
				test(t, c, p)
			})
		})
	}
}

// join connects an engine in this role to a peer, by a stream that holds buffer
// octets each way.
func join(t *testing.T, role websocket.Role, opts *websocket.ConnOptions, buffer int) (*websocket.Conn, *peer) {
	a, b := wstest.NetPipe(buffer)
	c := websocket.NewConn(a, role, opts)
	p := &peer{Conn: b, t: t, client: role == websocket.RoleServer}
	t.Cleanup(func() {
		_ = p.Close()
		_ = c.CloseNow()
		p.floods.Wait()
	})
	return c, p
}

// someday returns a context that ends long after everything should have.
func someday(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour)
	t.Cleanup(cancel)
	return ctx
}

// refused says that the peer was refused with code: on the wire, in the error of
// the call that met it, and in every call from then on.
func (p *peer) refused(c *websocket.Conn, err error, code websocket.StatusCode) {
	p.t.Helper()
	closed := wantClosed(p.t, err)
	if closed.Sent == nil || closed.Sent.Code != code || closed.Received != nil || closed.Began != websocket.Peer {
		p.t.Errorf("sent %v, received %v, began by %v; want %d sent because of the peer", closed.Sent, closed.Received, closed.Began, code)
	}
	if got := websocket.CloseStatus(err); got != -1 {
		p.t.Errorf("CloseStatus is %d, but the peer sent no Close frame", got)
	}
	if code == websocket.StatusMessageTooBig {
		over, ok := errors.AsType[*websocket.LimitError](err)
		if !ok || !errors.Is(err, websocket.ErrMessageTooBig) || over.Size <= uint64(over.Limit) {
			p.t.Errorf("%v holds no LimitError that says so", err)
		}
	} else if broken, ok := errors.AsType[*websocket.ProtocolError](err); !ok || broken.Code != code {
		p.t.Errorf("%v holds no ProtocolError with %d", err, code)
	}
	reason := p.wantClose(code)
	if !strings.Contains(err.Error(), reason) || reason == "" {
		p.t.Errorf("the peer was told %q, the caller %q", reason, err)
	}
	sticks(p.t, c, closed.Cause)
	_ = p.Close()
	synctest.Wait()
	sticks(p.t, c, closed.Cause)
	wantCause(p.t, "Close", c.Close(websocket.StatusNormalClosure, ""), closed.Cause)
	wantCause(p.t, "CloseNow", c.CloseNow(), closed.Cause)
}

func wantClosed(t *testing.T, err error) *websocket.ClosedError {
	t.Helper()
	closed, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok || !errors.Is(err, net.ErrClosed) {
		t.Fatalf("got %v, want a ClosedError that is net.ErrClosed", err)
	}
	return closed
}

func wantCause(t *testing.T, call string, err, cause error) {
	t.Helper()
	if got := wantClosed(t, err).Cause; got != cause {
		t.Errorf("%s: %v, because of %v; want because of %v", call, err, got, cause)
	}
}

// sticks says that every call fails for the same cause, at once.
func sticks(t *testing.T, c *websocket.Conn, cause error) {
	t.Helper()
	ctx := someday(t)
	begin := time.Now()
	for range 2 {
		_, _, err := c.Read(ctx)
		wantCause(t, "Read", err, cause)
		_, got, err := c.ReadInto(ctx, []byte("as it was"))
		wantCause(t, "ReadInto", err, cause)
		if string(got) != "as it was" {
			t.Errorf("ReadInto changed the slice to %q", got)
		}
		_, _, err = c.Reader(ctx)
		wantCause(t, "Reader", err, cause)
		_, err = c.Writer(ctx, websocket.MessageText)
		wantCause(t, "Writer", err, cause)
		wantCause(t, "Write", c.Write(ctx, websocket.MessageText, []byte("x")), cause)
		wantCause(t, "WritePrepared", c.WritePrepared(ctx, framed), cause)
		wantCause(t, "Batch.Write", c.Batch().Write(ctx, websocket.MessageText, []byte("x")), cause)
		wantCause(t, "Ping", c.Ping(ctx), cause)
		for _, err := range c.Messages(ctx) {
			wantCause(t, "Messages", err, cause)
		}
	}
	if waited := time.Since(begin); waited != 0 {
		t.Errorf("calls on a connection that has failed waited for %v", waited)
	}
}

var framed = websocket.Prepare(websocket.MessageBinary, []byte("prepared"))

// allocated returns how many octets f has the program allocate.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// little is what may be allocated for a peer that has sent nothing but words:
// 64 KiB of room, and as much for everything else. A program with the race
// detector in it allocates the room twice.
var little = 64<<10 + allocated(func() { room = slices.Grow([]byte(nil), 64<<10) })

var room []byte

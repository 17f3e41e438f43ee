//go:build !race

// The race detector makes sync.Pool forget at random, so these run without it.

package websocket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
	"unsafe"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// stubConn is a net.Conn that has every read find the same frame, and every write
// succeed.
type stubConn struct {
	net.Conn
	wire []byte
	pos  int
}

func (s *stubConn) Read(p []byte) (int, error) {
	n := copy(p, s.wire[s.pos:])
	s.pos = (s.pos + n) % len(s.wire)
	return n, nil
}
func (s *stubConn) Write(p []byte) (int, error)      { return len(p), nil }
func (s *stubConn) Close() error                     { return nil }
func (s *stubConn) SetReadDeadline(time.Time) error  { return nil }
func (s *stubConn) SetWriteDeadline(time.Time) error { return nil }

// newStub returns a connection to which the peer sends payload again and again.
func newStub(role Role, typ MessageType, payload []byte) *Conn {
	h := frame.Header{FIN: true, Opcode: frame.Opcode(typ), Length: uint64(len(payload)), Masked: role.Peer().Masks(), Key: 0x5a3c9601}
	wire := append(frame.AppendHeader(nil, h), payload...)
	if h.Masked {
		frame.Mask(wire[len(wire)-len(payload):], h.Key)
	}
	return NewConn(&stubConn{wire: wire}, role, nil)
}

// stubCases is what the claims about allocation are about.
func stubCases(f func(name string, role Role, typ MessageType, payload []byte)) {
	for _, role := range []Role{RoleServer, RoleClient} {
		for _, typ := range []MessageType{MessageText, MessageBinary} {
			for _, size := range []int{16, 125, 1 << 10, 64 << 10} {
				f(fmt.Sprintf("%v/%v/%d", role, typ, size), role, typ, bytes.Repeat([]byte("a"), size))
			}
		}
	}
}

func TestReadIntoAndWriteDoNotAllocate(t *testing.T) {
	stubCases(func(name string, role Role, typ MessageType, payload []byte) {
		t.Run(name, func(t *testing.T) {
			c := newStub(role, typ, payload)
			defer c.CloseNow()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			buf := make([]byte, 0, len(payload))
			n := testing.AllocsPerRun(200, func() {
				gotType, p, err := c.ReadInto(ctx, buf[:0])
				if err != nil || gotType != typ || len(p) != len(payload) {
					t.Fatal(gotType, len(p), err)
				}
				if err := c.Write(ctx, typ, p); err != nil {
					t.Fatal(err)
				}
			})
			if n != 0 {
				t.Errorf("%v allocations for each message read and written", n)
			}
		})
	})
}

func TestMessagesAndWritePreparedDoNotAllocate(t *testing.T) {
	payload := bytes.Repeat([]byte("a"), 1<<10)
	c := newStub(RoleServer, MessageText, payload)
	defer c.CloseNow()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m := Prepare(MessageText, payload)
	next := 0
	allocs := testing.AllocsPerRun(1, func() {
		// Starting the loop may allocate; a message may not.
		next = 0
		for msg, err := range c.Messages(ctx) {
			if err != nil || len(msg.Data) != len(payload) {
				t.Fatal(len(msg.Data), err)
			}
			if err := c.WritePrepared(ctx, m); err != nil {
				t.Fatal(err)
			}
			if err := c.Batch().Write(ctx, msg.Type, msg.Data); err != nil {
				t.Fatal(err)
			}
			if next++; next == 1000 {
				break
			}
		}
	})
	if allocs > 10 {
		t.Errorf("%v allocations for 1,000 messages", allocs)
	}
}

func BenchmarkReadIntoAndWrite(b *testing.B) {
	stubCases(func(name string, role Role, typ MessageType, payload []byte) {
		b.Run(name, func(b *testing.B) {
			c := newStub(role, typ, payload)
			defer c.CloseNow()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			buf := make([]byte, 0, len(payload))
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				_, p, err := c.ReadInto(ctx, buf[:0])
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Write(ctx, typ, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// burstStream is a socket, without system calls, that has every read find a burst of frames
// and takes every write.
type burstStream struct {
	transport.Transport
	burst []byte
	left  int // bursts
}

func (s *burstStream) Fill(b *transport.Buffer) (int, error) {
	if s.left--; s.left < 0 {
		return 0, io.EOF
	}
	n := copy(b.Room(), s.burst)
	b.Extend(n)
	return n, nil
}

func (s *burstStream) RunInline(b *transport.Buffer, arrived func() bool) error {
	for {
		if _, err := s.Fill(b); err != nil {
			return err
		}
		if !arrived() {
			return nil
		}
		b.Release() // as a socket does, which waits here
	}
}

func (s *burstStream) Release() bool            { return true }
func (s *burstStream) Reacquire() bool          { return true }
func (s *burstStream) TryWrite(p []byte) int    { return len(p) }
func (s *burstStream) Traits() transport.Traits { return transport.TriesWrites }

// BenchmarkBurst is the way of 16 small messages through a loop that echoes them, between
// the system calls. floor is what decoding and encoding cost.
func BenchmarkBurst(b *testing.B) {
	const size, together = 32, 16
	h := frame.Header{FIN: true, Opcode: frame.Binary, Length: size, Masked: true, Key: 0x5a3c9601}
	burst := bytes.Repeat(append(frame.AppendHeader(nil, h), make([]byte, size)...), together)
	perMessage := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*together), "ns/message")
	}
	b.Run("floor", func(b *testing.B) {
		in, out := make([]byte, len(burst)), make([]byte, 0, len(burst))
		for range b.N {
			copy(in, burst)
			out = out[:0]
			for rest := in; len(rest) > 0; {
				op, p, key, n := frame.ParseWhole(rest, true)
				frame.Mask(p, key)
				out = frame.AppendWhole(out, op, p, false, 0)
				rest = rest[n:]
			}
		}
		perMessage(b)
	})
	b.Run("loop", func(b *testing.B) {
		c := newStub(RoleServer, MessageBinary, nil)
		c.transport = &burstStream{Transport: c.transport, burst: burst, left: b.N}
		c.out.traits = c.transport.Traits()
		ctx := context.Background()
		for m, err := range c.Messages(ctx) {
			if err != nil {
				break
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				b.Fatal(err)
			}
		}
		perMessage(b)
	})
}

var _ io.Reader = (*messageReader)(nil)

// One word more than this costs 64 bytes: the allocator rounds up to its next size class. To
// more than 512 bytes it adds 8 of its own.
func TestConnectionsAreSmall(t *testing.T) {
	if n := unsafe.Sizeof(socketConn{}); n > 512 {
		t.Errorf("a connection takes %d bytes", n)
	}
	if n := unsafe.Sizeof(acceptedConn{}); n > 576-8 {
		t.Errorf("a connection of Loop.Serve takes %d bytes", n)
	}
}

//go:build !race

// The race detector makes sync.Pool forget at random, so these run without it.

package websocket

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"testing"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/handshake"
)

// records is text of n bytes as services send it.
func records(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id":%d,"user":"user-%d","x":%d.%04d,"active":%v},`, i*7919%100000, i%17, i%100, i*7877%10000, i%3 == 0)
	}
	return b.Bytes()[:n]
}

// newDeflatedStub is newStub with compression, and a peer that uses it.
func newDeflatedStub(role Role, terms handshake.Deflate, payload []byte) *Conn {
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, 1)
	_, _ = w.Write(payload)
	_ = w.Flush()
	p := bytes.TrimSuffix(deflated.Bytes(), []byte("\x00\x00\xff\xff"))
	h := frame.Header{FIN: true, RSV1: true, Opcode: frame.Text, Length: uint64(len(p)), Masked: role.Peer().Masks(), Key: 0x5a3c9601}
	wire := append(frame.AppendHeader(nil, h), p...)
	if h.Masked {
		frame.Mask(wire[len(wire)-len(p):], h.Key)
	}
	return NewConn(&stubConn{wire: wire}, role, &ConnOptions{Deflate: &terms, CompressionThreshold: -1})
}

func deflatedStubs(f func(name string, c *Conn, payload []byte)) {
	alone := handshake.DeflateSide{NoContextTakeover: true}
	for _, role := range []Role{RoleServer, RoleClient} {
		for _, terms := range []handshake.Deflate{{Server: alone, Client: alone}, {}} {
			for _, size := range []int{16, 125, 1 << 10, 64 << 10} {
				payload := records(size)
				c := newDeflatedStub(role, terms, payload)
				f(fmt.Sprintf("%v/takeover %v/%d", role, !terms.Server.NoContextTakeover, size), c, payload)
				_ = c.CloseNow()
			}
		}
	}
}

func TestCompressedMessagesDoNotAllocate(t *testing.T) {
	deflatedStubs(func(name string, c *Conn, payload []byte) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			buf := make([]byte, 0, len(payload))
			n := testing.AllocsPerRun(200, func() {
				_, p, err := c.ReadInto(ctx, buf[:0])
				if err != nil || !bytes.Equal(p, payload) {
					t.Fatal(len(p), err)
				}
				if err := c.Write(ctx, MessageText, p); err != nil {
					t.Fatal(err)
				}
				if err := c.Batch().Write(ctx, MessageText, p); err != nil {
					t.Fatal(err)
				}
			})
			if n != 0 {
				t.Errorf("%v allocations for each message read and written", n)
			}
		})
	})
}

func TestCompressedMessagesAndPreparedDoNotAllocate(t *testing.T) {
	deflatedStubs(func(name string, c *Conn, payload []byte) {
		t.Run(name, func(t *testing.T) {
			m := Prepare(MessageText, payload)
			allocs := testing.AllocsPerRun(1, func() {
				next := 0
				for msg, err := range c.Messages(t.Context()) {
					if err != nil || len(msg.Data) != len(payload) {
						t.Fatal(len(msg.Data), err)
					}
					if err := c.WritePrepared(t.Context(), m); err != nil {
						t.Fatal(err)
					}
					if next++; next == 1000 {
						break
					}
				}
			})
			if allocs > 10 { // to begin with
				t.Errorf("%v allocations for 1,000 messages", allocs)
			}
		})
	})
}

func BenchmarkCompressedReadIntoAndWrite(b *testing.B) {
	deflatedStubs(func(name string, c *Conn, payload []byte) {
		b.Run(name, func(b *testing.B) {
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
				if err := c.Write(ctx, MessageText, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

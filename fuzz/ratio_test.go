package fuzz_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/naive"
)

// A repetitive message is a lead, a unit n times, and a tail.
type repetitive struct{ lead, unit, tail []byte }

func (r repetitive) times(n int) []byte {
	return slices.Concat(r.lead, bytes.Repeat(r.unit, n), r.tail)
}

// units is how many units say about as much as size.
func (r repetitive) units(size int) int { return max(1, size/len(r.unit)) }

// ready is a net.Conn from which bytes can be read at once, and then no more.
type ready struct {
	net.Conn
	*bytes.Reader
}

func (r ready) Read(p []byte) (int, error) { return r.Reader.Read(p) }
func (ready) Write(p []byte) (int, error)  { return len(p), nil }
func (ready) Close() error                 { return nil }

func (ready) SetReadDeadline(time.Time) error  { return nil }
func (ready) SetWriteDeadline(time.Time) error { return nil }

// packer is made once: that takes longer than what it does here.
var packer, _ = flate.NewWriter(nil, flate.DefaultCompression)

// packedWire is a compressed message, as a server sends it in frames cut at cuts.
func packedWire(said, cuts []byte) []byte {
	var packed bytes.Buffer
	packer.Reset(&packed)
	_, _ = packer.Write(said)
	_ = packer.Flush()
	var frames []naive.Frame
	for piece := range cut(bytes.TrimSuffix(packed.Bytes(), []byte("\x00\x00\xff\xff")), cuts) {
		frames = append(frames, naive.Frame{Payload: piece})
	}
	frames[0].Opcode, frames[0].RSV1, frames[len(frames)-1].FIN = 2, true, true
	var wire []byte
	for _, f := range frames {
		wire = append(wire, naive.Encode(f)...)
	}
	return wire
}

// ratioWays are the ways to read a message to its end. They return how much it said.
var ratioWays = []func(ctx context.Context, c *websocket.Conn) (int, error){
	func(ctx context.Context, c *websocket.Conn) (int, error) {
		_, p, err := c.Read(ctx)
		return len(p), err
	},
	func(ctx context.Context, c *websocket.Conn) (int, error) {
		_, p, err := c.ReadInto(ctx, make([]byte, 1, 100))
		return len(p) - 1, err
	},
	func(ctx context.Context, c *websocket.Conn) (int, error) {
		for m, err := range c.Messages(ctx) {
			return len(m.Data), err
		}
		return 0, errors.New("no message")
	},
	func(ctx context.Context, c *websocket.Conn) (int, error) {
		_, r, err := c.Reader(ctx)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(struct{ io.Writer }{io.Discard}, r)
		return int(n), err
	},
}

// spentOn returns how many bytes are allocated to read a compressed message.
func spentOn(said, wire []byte, limit int64, read func(context.Context, *websocket.Conn) (int, error)) (uint64, error) {
	opts := &websocket.ConnOptions{
		Deflate: &handshake.Deflate{},
		Limits:  websocket.Limits{Message: limit, Fragments: -1},
	}
	c := websocket.NewConn(ready{Reader: bytes.NewReader(wire)}, websocket.RoleClient, opts)
	defer c.CloseNow()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := read(context.Background(), c)
	runtime.ReadMemStats(&after)
	if err == nil && n != len(said) {
		err = fmt.Errorf("it says %d bytes", n)
	}
	return after.TotalAlloc - before.TotalAlloc, err
}

// FuzzRatio: when a message says twice as much in hardly more bytes on the wire, what is
// allocated for it, and so what is copied, stays within four times what it says. It is
// what FuzzSteps is to the length of an input. Time would depend on the machine.
func FuzzRatio(f *testing.F) {
	const (
		times = 4
		slack = 512 << 10 // buffers and engines, when their pools are empty
		most  = 512 << 10 // what a message says
	)
	payloads := seeds.Deflated()
	seeds.Need(f, payloads, 100)
	for i, unit := range []string{"\x00", "a", "ab", "0123456789", "{\"x\":1},\n", "\x00\x00\x00\x01"} {
		for way := range ratioWays {
			noise := payloads[(7*i+way)%len(payloads)]
			lead, tail := noise[:min(len(noise), 1<<10)], noise[:min(len(noise), 100)]
			if way%2 == 1 {
				lead, tail = tail, lead
			}
			f.Add(lead, []byte(unit), tail, uint32(most/2-1), uint8(way|i<<2), someCuts[i%len(someCuts)])
			f.Add([]byte{}, []byte(unit), []byte{}, uint32(most/2-i), uint8(way|i<<2), []byte{})
		}
	}
	f.Fuzz(func(t *testing.T, lead, unit, tail []byte, size uint32, bits uint8, cuts []byte) {
		if len(lead)+len(unit)+len(tail) > 4<<10 || len(unit) == 0 || len(cuts) > 64 {
			return
		}
		r := repetitive{lead, unit, tail}
		n := r.units(int(size % (most / 2)))
		for _, n := range []int{n, 2 * n} {
			said := r.times(n)
			wire := packedWire(said, cuts)
			limit := []int64{-1, int64(len(said)), int64(len(said)) + 1000, 2 * int64(len(said)), 64 << 20}[bits>>2%5]
			spent, err := spentOn(said, wire, limit, ratioWays[bits%4])
			if err != nil || spent > times*uint64(len(said))+slack {
				t.Fatalf("%d bytes, %d on the wire, limit %d, way %d: %d bytes allocated; %v", len(said), len(wire), limit, bits%4, spent, err)
			}
		}
	})
}

package attack_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// header is a header that must be refused, alone or after frames that are fine.
// None of its payload is ever sent.
type header struct {
	name      string
	before    []naive.Frame
	bad       naive.Frame
	violation *frame.Violation // nil: above a limit
}

func testHeaders(t *testing.T, rows ...header) {
	for _, h := range rows {
		attack(t, h.name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(append(h.before, h.bad)...)
			_, _, err := read(t, c)
			code := websocket.StatusMessageTooBig
			if h.violation != nil {
				code = websocket.StatusCode(h.violation.Code)
				if !errors.Is(err, h.violation) {
					t.Errorf("%v, want %v", err, h.violation)
				}
			}
			refused(p, c, err, code)
		})
	}
}

func with(f naive.Frame, change func(f *naive.Frame)) naive.Frame {
	change(&f)
	return f
}

func TestAttackFraming(t *testing.T) {
	t.Run("64-bit length MSB", func(t *testing.T) {
		for _, n := range []uint64{1 << 63, 1<<63 + 5, math.MaxUint64} {
			testHeaders(t, header{name: fmt.Sprintf("%#x", n), bad: wsplay.Header(wsplay.OpBinary, n), violation: frame.ErrLengthTopBit})
		}
		testHeaders(t, header{name: "continuation", before: []naive.Frame{wsplay.Fragment(wsplay.OpText, "a")}, bad: wsplay.Header(wsplay.OpContinuation, math.MaxUint64), violation: frame.ErrLengthTopBit})
	})
	t.Run("2^63-1, 2^32±1 on 32-bit, above the limit", func(t *testing.T) {
		for _, n := range []uint64{1<<20 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<32 + 5, math.MaxInt64} {
			testHeaders(t, header{name: fmt.Sprintf("%#x", n), bad: wsplay.Header(wsplay.OpBinary, n)})
		}
	})
	t.Run("length+fragment sum overflow", func(t *testing.T) {
		for _, n := range []uint64{1 << 20, 1<<32 - 5, math.MaxInt64 - 4, math.MaxInt64} {
			testHeaders(t, header{name: fmt.Sprintf("%#x", n), before: []naive.Frame{wsplay.Fragment(wsplay.OpText, "Hello")}, bad: wsplay.Header(wsplay.OpContinuation, n)})
		}
	})
	// The limit on a compressed message is a share above that on what it says: neither
	// may wrap, and what is declared is not multiplied by what it might inflate to.
	t.Run("length×ratio overflow", func(t *testing.T) {
		for _, limit := range []int64{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64/9*8 + 1, math.MaxInt64 / 9 * 8} {
			attack(t, fmt.Sprintf("a limit of %#x, 2^63-1 declared", limit), wsplay.Deflating(limit), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Send(wsplay.RSV1(wsplay.Fragment(wsplay.OpText, wsplay.Deflated("Hello")+"\x00\x00\xff\xff")), wsplay.Header(wsplay.OpContinuation, math.MaxInt64))
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				var err error
				if got := wsplay.Allocated(func() { _, _, err = readUntil(ctx, c) }); got > 4*wsplay.Little {
					t.Errorf("%d bytes allocated", got)
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, but the message may be as long", err)
				}
			})
		}
		for _, n := range []uint64{1 << 21, 1<<32 + 1, math.MaxInt64 / 1032, math.MaxInt64} {
			attack(t, fmt.Sprintf("the default limit, %#x declared", n), wsplay.Deflating(0), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Send(wsplay.RSV1(wsplay.Header(wsplay.OpText, n)))
				_, _, err := read(t, c)
				refused(p, c, err, websocket.StatusMessageTooBig)
			})
		}
	})
	t.Run("unknown opcode + huge length (check opcode before alloc)", func(t *testing.T) {
		for _, op := range []byte{3, 7, 11, 15} {
			testHeaders(t, header{name: fmt.Sprint(op), bad: wsplay.Header(op, 1<<62), violation: frame.ErrReservedOpcode})
		}
		// The first two bytes are enough: the length need not come.
		attack(t, "before the length arrives", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.SendBytes(p.Wire(wsplay.Header(3, 1<<62))[:2])
			var err error
			if got := wsplay.Allocated(func() { _, _, err = read(t, c) }); got > wsplay.Little {
				t.Errorf("%d bytes allocated", got)
			}
			refused(p, c, err, websocket.StatusProtocolError)
		})
	})
	t.Run("non-minimal length encodings: refused with 1002", func(t *testing.T) {
		for _, row := range []struct {
			n     uint64
			bytes int
		}{{1, 2}, {125, 2}, {1, 8}, {126, 8}, {65535, 8}} {
			f := with(wsplay.Header(wsplay.OpBinary, row.n), func(f *naive.Frame) { f.Extended = row.bytes })
			testHeaders(t, header{name: fmt.Sprintf("%d in %d bytes", row.n, row.bytes), bad: f, violation: frame.ErrLengthNotMinimal})
		}
		empty := naive.Frame{FIN: true, Opcode: wsplay.OpText, Extended: 2}
		testHeaders(t, header{name: "0 in 2 bytes", bad: empty, violation: frame.ErrLengthNotMinimal})
	})
	t.Run("RSV1-2-3 each × with deflate × data-continuation-control", func(t *testing.T) {
		for _, op := range []byte{wsplay.OpText, wsplay.OpBinary, wsplay.OpContinuation, wsplay.OpPing, wsplay.OpPong, wsplay.OpClose} {
			for i, v := range []*frame.Violation{frame.ErrRSV1Misplaced, frame.ErrRSV2, frame.ErrRSV3} {
				if i == 0 && (op == wsplay.OpText || op == wsplay.OpBinary) {
					continue // it says that the message is compressed
				}
				for _, compressed := range []bool{false, true} {
					f := wsplay.Frame(op, "")
					f.RSV1, f.RSV2, f.RSV3 = i == 0 || compressed && (op == wsplay.OpText || op == wsplay.OpBinary), i == 1, i == 2
					attack(t, fmt.Sprintf("RSV%d on opcode %d, in a compressed message %v", i+1, op, compressed), wsplay.Deflating(0), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
						if first := wsplay.Fragment(wsplay.OpText, "a"); op == wsplay.OpContinuation {
							first.RSV1 = compressed
							p.Send(first)
						}
						p.Send(f)
						_, _, err := read(t, c)
						if !errors.Is(err, v) {
							t.Errorf("%v, want %v", err, v)
						}
						refused(p, c, err, websocket.StatusProtocolError)
					})
				}
			}
		}
	})
	t.Run("RSV1-2-3 each × without deflate × data-continuation-control", func(t *testing.T) {
		for _, op := range []byte{wsplay.OpText, wsplay.OpBinary, wsplay.OpContinuation, wsplay.OpPing, wsplay.OpPong, wsplay.OpClose} {
			for i, v := range []*frame.Violation{frame.ErrRSV1, frame.ErrRSV2, frame.ErrRSV3} {
				f := wsplay.Frame(op, "")
				f.RSV1, f.RSV2, f.RSV3 = i == 0, i == 1, i == 2
				testHeaders(t, header{name: fmt.Sprintf("RSV%d on opcode %d", i+1, op), bad: f, violation: v})
			}
		}
	})
	t.Run("reserved opcodes 3-7, 11-15", func(t *testing.T) {
		for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
			testHeaders(t, header{name: fmt.Sprint(op), bad: wsplay.Frame(op, ""), violation: frame.ErrReservedOpcode})
		}
	})
	t.Run("masked from server, unmasked from client", func(t *testing.T) {
		for _, op := range []byte{wsplay.OpText, wsplay.OpContinuation, wsplay.OpPing, wsplay.OpClose} {
			attack(t, fmt.Sprintf("opcode %d", op), nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				f := wsplay.Frame(op, "")
				f.Masked, f.Key = !p.Client, wsplay.MaskingKey
				p.SendBytes(naive.Encode(f))
				_, _, err := read(t, c)
				want := frame.ErrMaskForbidden
				if p.Client {
					want = frame.ErrMaskMissing
				}
				if !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
				refused(p, c, err, websocket.StatusProtocolError)
			})
		}
	})
	t.Run("control >125", func(t *testing.T) {
		for _, op := range []byte{wsplay.OpPing, wsplay.OpPong, wsplay.OpClose} {
			for _, n := range []uint64{126, 65536, 1 << 62} {
				testHeaders(t, header{name: fmt.Sprintf("opcode %d, %d", op, n), bad: wsplay.Header(op, n), violation: frame.ErrControlTooLong})
			}
		}
	})
	t.Run("fragmented control", func(t *testing.T) {
		for _, op := range []byte{wsplay.OpPing, wsplay.OpPong, wsplay.OpClose} {
			testHeaders(t, header{name: fmt.Sprintf("opcode %d", op), bad: wsplay.Fragment(op, "a"), violation: frame.ErrFragmentedControl},
				header{name: fmt.Sprintf("opcode %d in fragments", op), before: []naive.Frame{wsplay.Fragment(wsplay.OpText, "a")}, bad: wsplay.Fragment(op, ""), violation: frame.ErrFragmentedControl})
		}
	})
	t.Run("control inside fragments", func(t *testing.T) {
		attack(t, "allowed", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Fragment(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpPing, "1"), wsplay.Frame(wsplay.OpPong, "2"), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpPing, "3"), wsplay.Frame(wsplay.OpContinuation, "b"))
			wantRead(t, c, "ab")
			p.Want("first", wsplay.OpPong, "1")
			p.Want("second", wsplay.OpPong, "3")
			p.WantNothing("a pong has no answer")
		})
	})
}

package micro

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/gobwas/ws"

	"github.com/hawser-ws/websocket/frame"
)

// headerLengths are payload lengths in each encoding, the short ones more often.
var headerLengths = []uint64{5, 125, 126, 17, 1 << 10, 99, 64 << 10, 0}

var errNoLengths = errors.New("no header has a length")

// used keeps results alive: the sum of the lengths in n headers.
func used(sum uint64, n int) error {
	if sum == 0 && n >= len(headerLengths) {
		return errNoLengths
	}
	return nil
}

// Headers measures reading client headers and writing server headers. gobwas reads from an
// io.Reader and writes to an io.Writer; it gets those of package bytes.
func Headers(ctx context.Context, e Effort) ([]*Contest, error) {
	var wire [][]byte
	var headers []frame.Header
	var theirs []ws.Header
	for i, n := range headerLengths {
		h := frame.Header{FIN: true, Opcode: frame.Text, Masked: true, Key: frame.Key(0x01020304 * (i + 1)), Length: n}
		wire = append(wire, frame.AppendHeader(nil, h))
		h.Masked, h.Key = false, 0
		headers = append(headers, h)
		theirs = append(theirs, ws.Header{Fin: true, OpCode: ws.OpText, Length: int64(n)})
	}
	if err := checkHeaders(wire, headers, theirs); err != nil {
		return nil, err
	}
	var r bytes.Reader
	var w bytes.Buffer
	var out [frame.MaxHeaderSize]byte
	all := []*Contest{
		{Group: "header", Case: "parse", Of: []*Contender{
			{Name: "hawser", Batch: Calls(func(n int) error {
				var sum uint64
				for i := range n {
					h, _ := frame.ParseHeader(wire[i%len(wire)])
					sum += h.Length
				}
				return used(sum, n)
			})},
			{Name: "gobwas", Batch: Calls(func(n int) error {
				var sum uint64
				for i := range n {
					r.Reset(wire[i%len(wire)])
					h, err := ws.ReadHeader(&r)
					if err != nil {
						return err
					}
					sum += uint64(h.Length)
				}
				return used(sum, n)
			})},
		}},
		{Group: "header", Case: "append", Of: []*Contender{
			{Name: "hawser", Batch: Calls(func(n int) error {
				var sum uint64
				for i := range n {
					sum += uint64(len(frame.AppendHeader(out[:0], headers[i%len(headers)])))
				}
				return used(sum, n)
			})},
			{Name: "gobwas", Batch: Calls(func(n int) error {
				var sum uint64
				for i := range n {
					w.Reset()
					if err := ws.WriteHeader(&w, theirs[i%len(theirs)]); err != nil {
						return err
					}
					sum += uint64(w.Len())
				}
				return used(sum, n)
			})},
		}},
	}
	for _, c := range all {
		if err := c.Run(ctx, e); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// checkHeaders returns an error if the two libraries disagree.
func checkHeaders(wire [][]byte, headers []frame.Header, theirs []ws.Header) error {
	for i, p := range wire {
		h, n := frame.ParseHeader(p)
		g, err := ws.ReadHeader(bytes.NewReader(p))
		if err != nil {
			return err
		}
		if n != len(p) || h.Length != headerLengths[i] || uint64(g.Length) != h.Length || !g.Masked || !h.Masked {
			return fmt.Errorf("the header % x is read as %v and %+v", p, h, g)
		}
		var w bytes.Buffer
		if err := ws.WriteHeader(&w, theirs[i]); err != nil {
			return err
		}
		if a := frame.AppendHeader(nil, headers[i]); !bytes.Equal(a, w.Bytes()) {
			return fmt.Errorf("a header is written as % x and % x", a, w.Bytes())
		}
	}
	return nil
}

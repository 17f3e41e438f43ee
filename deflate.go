package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/ledger"
)

// deflating is the compression of a connection, if it was agreed on.
type deflating struct {
	threshold int // octets; what is shorter is sent as it is
	in        conn.Inflater
	out       conn.Deflater
	turn      gate.Gate // with takeover: held from compressing a message until it is sent, or is not
}

// newDeflating makes the compression of a connection of what was agreed on. A
// threshold of zero is the default, a negative one compresses all.
func newDeflating(terms handshake.Deflate, role conn.Role, threshold, level int) *deflating {
	ours, theirs := termsOf(terms.Server), termsOf(terms.Client)
	if role == conn.Client {
		ours, theirs = theirs, ours
	}
	standard := thresholdNoTakeover
	if ours.Takeover {
		standard = thresholdTakeover
	}
	return &deflating{
		threshold: orDefault(threshold, standard),
		in:        conn.NewInflater(theirs),
		out:       conn.NewDeflater(ours, level),
	}
}

func termsOf(s handshake.DeflateSide) conn.Terms {
	return conn.Terms{WindowBits: s.WindowBits(), Takeover: !s.NoContextTakeover}
}

func sideOf(t conn.Terms) handshake.DeflateSide {
	return handshake.DeflateSide{MaxWindowBits: t.WindowBits, NoContextTakeover: !t.Takeover}
}

var deflateEngines = ledger.NewPool("deflate engines", func() any { return new(conn.DeflateEngine) })

// deflates reports whether a message of n octets is to be compressed.
func (c *Conn) deflates(n int) bool { return c.deflate != nil && n >= c.deflate.threshold }

// enterDeflate waits for the turn to compress: messages leave in the order in which
// they are compressed if they may refer to each other (RFC 7692 §7.1.1). It fails as
// soon as nothing can be sent any more.
func (c *Conn) enterDeflate(ctx context.Context) error {
	z := c.deflate
	if z.out.Terms().Takeover && !z.turn.TryLock() {
		if err := c.waitForTurn(ctx); err != nil {
			return err
		}
	}
	if !c.state().CanSend() {
		z.leave()
		return c.closedError()
	}
	return nil
}

func (c *Conn) waitForTurn(ctx context.Context) error {
	usable := func() bool { return c.state().CanSend() }
	err := c.deflate.turn.LockWhile(ctx, usable, nil)
	if err == gate.ErrUnusable {
		return c.closedError()
	}
	return err
}

func (z *deflating) leave() {
	if z.out.Terms().Takeover {
		z.turn.Unlock()
	}
}

// writeDeflated compresses p and sends it as one frame. If hold it may wait for more
// to leave with it.
//
// It stays out of line, so that the frame of Write stays small.
//
//go:noinline
func (c *Conn) writeDeflated(ctx context.Context, typ MessageType, p []byte, hold holding) error {
	if err := c.enterDeflate(ctx); err != nil {
		return err
	}
	defer c.deflate.leave()
	b := messageBuffers.Get().(*messageBuffer)
	defer b.giveBack()
	payload := deflateMessage(&c.deflate.out, b.message.Data[:0], p)
	b.message.Data = payload
	f := outgoing{header: frame.Header{Opcode: typ.opcode(), FIN: true, RSV1: true}, payload: payload, hold: hold}
	return c.submitDeflated(ctx, &f, p)
}

// deflateMessage appends p, compressed, to dst.
func deflateMessage(d *conn.Deflater, dst, p []byte) []byte {
	e := deflateEngines.Get().(*conn.DeflateEngine)
	dst = d.Message(e, dst, p)
	deflateEngines.Put(e)
	return dst
}

// submitDeflated sends a message of one frame that is compressed and says p, or, if
// that has gained nothing, p as it is (RFC 7692 §6).
func (c *Conn) submitDeflated(ctx context.Context, f *outgoing, p []byte) error {
	z := c.deflate
	if len(f.payload) >= len(p) {
		z.out.Unsent()
		f.header.RSV1, f.payload = false, p
		_, err := c.submit(ctx, f)
		return err
	}
	_, err := c.submit(ctx, f)
	if err != nil {
		z.out.Unsent()
		return err
	}
	z.out.Sent(p)
	return nil
}

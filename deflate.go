package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/ledger"
)

// deflating is the compression of a connection, if it was agreed on.
type deflating struct {
	threshold int // bytes; what is shorter is sent as it is
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

// enter waits for the turn to compress: messages leave in the order in which they are
// compressed if they may refer to each other (RFC 7692 §7.1.1). It fails as soon as
// nothing can be sent any more.
func (z *deflating) enter(ctx context.Context, out *sender) error {
	if z.out.Terms().Takeover && !z.turn.TryLock() {
		if err := z.waitForTurn(ctx, out); err != nil {
			return err
		}
	}
	if !out.canSend() {
		z.leave()
		return out.host.closedError()
	}
	return nil
}

func (z *deflating) waitForTurn(ctx context.Context, out *sender) error {
	err := z.turn.LockWhile(ctx, out.canSend, nil)
	if err == gate.ErrUnusable {
		return out.host.closedError()
	}
	return err
}

func (z *deflating) leave() {
	if z.out.Terms().Takeover {
		z.turn.Unlock()
	}
}

// write compresses a message and sends it as one frame.
//
// It stays out of line, so that the frame of Write stays small.
//
//go:noinline
func (z *deflating) write(ctx context.Context, out *sender, m *message) error {
	if err := z.enter(ctx, out); err != nil {
		return err
	}
	defer z.leave()
	b := messageBuffers.Get().(*messageBuffer)
	defer b.giveBack()
	payload := deflateMessage(&z.out, b.message.Data[:0], m.payload)
	b.message.Data = payload
	var f outFrame
	f.single(m)
	if len(payload) >= len(m.payload) { // it has gained nothing (RFC 7692 §6)
		z.out.Unsent()
		_, err := out.submit(ctx, &f)
		return err
	}
	f.Header.RSV1, f.Payload = true, payload
	if _, err := out.submit(ctx, &f); err != nil {
		z.out.Unsent()
		return err
	}
	z.out.Sent(m.payload)
	return nil
}

// deflateMessage appends p, compressed, to dst.
func deflateMessage(d *conn.Deflater, dst, p []byte) []byte {
	e := deflateEngines.Get().(*conn.DeflateEngine)
	dst = d.Message(e, dst, p)
	deflateEngines.Put(e)
	return dst
}

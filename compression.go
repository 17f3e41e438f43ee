package websocket

import (
	"context"
	"fmt"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// CompressionMode says whether and how permessage-deflate (RFC 7692) is offered and
// accepted. The result also depends on the peer: see [Conn.Compression].
type CompressionMode int

const (
	// CompressionDisabled does not negotiate compression.
	CompressionDisabled CompressionMode = iota

	// CompressionContextTakeover lets messages refer to earlier ones. Small messages that
	// resemble each other become much smaller. In return an idle connection keeps a window
	// of at most 32 KiB for each direction; [CompressionOptions] can reduce that. If the
	// peer refuses context takeover, each message is compressed on its own.
	CompressionContextTakeover

	// CompressionNoContextTakeover compresses each message on its own, in both
	// directions. An idle connection keeps nothing.
	CompressionNoContextTakeover
)

// CompressionOptions refine a CompressionMode other than CompressionDisabled. The zero value
// of a field means its default.
type CompressionOptions struct {
	// Send and Receive are the modes of the two directions, if they are to differ.
	// Default: CompressionMode.
	Send, Receive CompressionMode
	// SendWindowBits and ReceiveWindowBits bound the windows of the two directions
	// to 1<<bits bytes; bits is 9 to 15. The peer may ask for less. Default: 15.
	SendWindowBits, ReceiveWindowBits int
	// Level is the effort, from 1 (fastest) to 9 (smallest). Default: 1 for a window of
	// 15 bits, 5 for smaller windows, which take little time to search.
	Level int
	// Memory bounds what an idle connection keeps for compression, in bytes. Window bits
	// and context takeover are negotiated to fit. Default: no bound but the windows.
	Memory int
}

const minWindowBits, maxWindowBits = 9, 15

// wanted returns what a handshake should agree on. ours is the direction in which we send.
// ok is false if there should be no compression. Errors name method.
func (o *CompressionOptions) wanted(method string, mode CompressionMode) (ours, theirs handshake.DeflateSide, ok bool, err error) {
	if mode == CompressionDisabled {
		return ours, theirs, false, nil
	}
	if ours, err = (direction{"Send", o.Send, o.SendWindowBits}).wanted(method, mode); err != nil {
		return ours, theirs, false, err
	}
	if theirs, err = (direction{"Receive", o.Receive, o.ReceiveWindowBits}).wanted(method, mode); err != nil {
		return ours, theirs, false, err
	}
	if o.Level < 0 || o.Level > 9 {
		return ours, theirs, false, &UsageError{method, fmt.Sprintf("Compression.Level is %d, not 1 to 9", o.Level)}
	}
	if o.Memory > 0 {
		fit(&ours, &theirs, o.Memory)
	}
	return ours, theirs, true, nil
}

// direction is what CompressionOptions says of one direction.
type direction struct {
	name string
	mode CompressionMode
	bits int
}

// wanted returns what a handshake should agree on for d. standard is the mode of a direction
// that has none of its own. Errors name method.
func (d direction) wanted(method string, standard CompressionMode) (s handshake.DeflateSide, err error) {
	switch {
	case d.bits == 0:
		d.bits = maxWindowBits
	case d.bits < minWindowBits || d.bits > maxWindowBits:
		return s, &UsageError{method, fmt.Sprintf("Compression.%sWindowBits is %d, not 9 to 15", d.name, d.bits)}
	}
	if d.mode == CompressionDisabled {
		d.mode = standard
	}
	switch d.mode {
	case CompressionContextTakeover, CompressionNoContextTakeover:
		return handshake.DeflateSide{NoContextTakeover: d.mode == CompressionNoContextTakeover, MaxWindowBits: d.bits}, nil
	}
	return s, &UsageError{method, fmt.Sprintf("no such CompressionMode: %d", d.mode)}
}

// fit reduces the windows that are kept between messages to memory bytes in total.
func fit(ours, theirs *handshake.DeflateSide, memory int) {
	kept := func(s *handshake.DeflateSide) int {
		if s.NoContextTakeover {
			return 0
		}
		return 1 << s.MaxWindowBits
	}
	oursFirst, theirsFirst := ours.MaxWindowBits, theirs.MaxWindowBits
	for kept(ours)+kept(theirs) > memory {
		larger, first := ours, oursFirst
		if kept(theirs) > kept(ours) {
			larger, first = theirs, theirsFirst
		}
		if larger.MaxWindowBits == minWindowBits {
			larger.NoContextTakeover = true
			larger.MaxWindowBits = first // the window is not kept, so its size costs nothing
		} else {
			larger.MaxWindowBits--
		}
	}
}

// Compression returns what the opening handshake agreed on. ok is false if messages are not
// compressed.
func (c *Conn) Compression() (terms handshake.Deflate, ok bool) {
	if c.deflate == nil {
		return terms, false
	}
	terms.Server, terms.Client = sideOf(c.deflate.out.Terms()), sideOf(c.deflate.in.Terms())
	if c.out.role == conn.Client {
		terms.Server, terms.Client = terms.Client, terms.Server
	}
	return terms, true
}

// deflating is the compression of a connection, if it was agreed on.
type deflating struct {
	threshold int // in bytes; a shorter message is sent uncompressed
	in        conn.Inflater
	out       conn.Deflater
	turn      gate.Gate // with takeover: held from compressing a message until its fate is known
}

// newDeflating makes the compression of a connection from the agreed terms. A threshold of
// zero is the default; a negative one compresses every message.
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

// deflates reports whether a message of n bytes is to be compressed.
func (c *Conn) deflates(n int) bool { return c.deflate != nil && n >= c.deflate.threshold }

func termsOf(s handshake.DeflateSide) conn.Terms {
	return conn.Terms{WindowBits: s.WindowBits(), Takeover: !s.NoContextTakeover}
}

func sideOf(t conn.Terms) handshake.DeflateSide {
	return handshake.DeflateSide{MaxWindowBits: t.WindowBits, NoContextTakeover: !t.Takeover}
}

var deflateEngines = poolcheck.NewPool("deflate engines", func() any { return new(conn.DeflateEngine) })

// enter waits for the turn to compress. Messages that may refer to each other must leave in
// the order in which they are compressed (RFC 7692 §7.1.1). enter fails as soon as nothing
// can be sent any more.
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
	switch z.turn.LockWhile(ctx, out.canSend, nil) {
	case nil:
		return nil
	case gate.ErrUnusable:
		return out.host.closedError()
	}
	return out.host.givenUp(ctx)
}

func (z *deflating) leave() {
	if z.out.Terms().Takeover {
		z.turn.Unlock()
	}
}

// write compresses a message and sends it as one frame.
//
// It is not inlined, so that the stack frame of Write stays small.
//
//go:noinline
func (z *deflating) write(ctx context.Context, out *sender, m *message) error {
	if err := z.enter(ctx, out); err != nil {
		return err
	}
	defer z.leave()
	b := messageBuffers.Get().(*messageBuffer)
	defer b.giveBack()
	payload := deflateMessage(&z.out, b.data[:0], m.payload)
	b.data = payload
	var f outFrame
	f.single(m)
	if len(payload) >= len(m.payload) { // compression has gained nothing (RFC 7692 §6)
		z.out.Unsent()
		_, err := out.submit(ctx, &f)
		return err
	}
	f.Header.RSV1, f.Payload = true, payload
	if _, err := out.submit(ctx, &f); err != nil {
		z.out.Unsent()
		b.dropIf(out.mayReadOn(err))
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

// maxMessageBuffer is the size in bytes of the largest buffer that goes back to the pool, so
// that a rare huge message does not stay in memory for ever. A message of 64 KiB may have
// come to fill half of it while it was inflated.
const maxMessageBuffer = 128 << 10

var messageBuffers = poolcheck.NewPool("message buffers", func() any {
	return &messageBuffer{data: make([]byte, 0, 1<<10)}
})

// messageBuffer holds a message while the body of a loop runs, or its payload while it is
// compressed and sent.
type messageBuffer struct {
	typ  MessageType // only in a loop
	data []byte
}

// dropIf leaves the memory of b to whoever still reads it.
func (b *messageBuffer) dropIf(inUse bool) {
	if inUse {
		b.data = nil
	}
}

// giveBack returns b to its pool. It keeps the memory unless that has grown too large, and
// does not clear it.
func (b *messageBuffer) giveBack() {
	if cap(b.data) > maxMessageBuffer {
		b.data = nil
	}
	messageBuffers.Put(b)
}

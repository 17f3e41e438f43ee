package websocket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// offeredTo is a transport that takes of each offer as much as accept says, and of a
// write all, once it is open.
type offeredTo struct {
	transport.Transport
	open   chan struct{} // writes wait until it is closed
	accept func(n int) int

	mu    sync.Mutex
	taken bytes.Buffer
}

func (t *offeredTo) TryWrite(p []byte) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.accept(len(p))
	t.taken.Write(p[:n])
	return n
}

func (t *offeredTo) Write(head, tail []byte) (int, error) {
	<-t.open
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken.Write(head)
	t.taken.Write(tail)
	return len(head) + len(tail), nil
}

// messages decodes what was taken; the payloads of pongs and whole messages.
func (t *offeredTo) messages(tb testing.TB) (said []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var fragments string
	for b := t.taken.Bytes(); len(b) > 0; {
		h, n := frame.ParseHeader(b)
		if n <= 0 || uint64(len(b)-n) < h.Length {
			tb.Fatalf("%d bytes that are no frame", len(b))
		}
		payload := slices.Clone(b[n : n+int(h.Length)])
		b = b[n+int(h.Length):]
		if h.Masked {
			frame.Mask(payload, h.Key)
		}
		switch {
		case !h.FIN || h.Opcode == frame.Continuation:
			if (fragments == "") != (h.Opcode == frame.Text) {
				tb.Fatal("fragments of two messages are mixed")
			}
			if fragments += string(payload); h.FIN {
				said, fragments = append(said, fragments), ""
			}
		case fragments != "" && !h.Opcode.IsControl():
			tb.Fatal("a message between fragments")
		default:
			said = append(said, string(payload))
		}
	}
	return said
}

func newOffered(t *testing.T, role Role, opts *ConnOptions, accept func(n int) int) (*Conn, *offeredTo) {
	near, other := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, other) }()
	c := NewConn(near, role, opts)
	to := &offeredTo{Transport: c.transport, open: make(chan struct{}), accept: accept}
	c.transport = to
	t.Cleanup(func() { _ = c.CloseNow(); _ = other.Close() })
	return c, to
}

func all(n int) int      { return n }
func nothing(int) int    { return 0 }
func oneByte(int) int    { return 1 }
func butOne(n int) int   { return n - 1 }
func atRandom(n int) int { return rand.IntN(n + 1) }

// Whatever part of a frame the transport takes at once, the peer gets it whole, once,
// and what follows behind it.
func TestOffer(t *testing.T) {
	accepts := map[string]func(n int) int{"all": all, "nothing": nothing, "one byte": oneByte, "all but one": butOne}
	for _, role := range []Role{RoleServer, RoleClient} {
		for name, accept := range accepts {
			for _, size := range []int{0, 1, 125, 5 << 10, 100 << 10} {
				t.Run(fmt.Sprint(role, "/", name, "/", size), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						c, to := newOffered(t, role, nil, accept)
						text := strings.Repeat("x", size)
						sent, err := c.TryWritePrepared(Prepare(MessageText, []byte(text)))
						if sent != (name != "nothing") || err != nil {
							t.Errorf("sent: %v, %v", sent, err)
						}
						synctest.Wait()
						written := make(chan error, 1)
						go func() { written <- c.Write(context.Background(), MessageText, []byte("behind")) }()
						synctest.Wait()
						if name != "nothing" && name != "all" {
							if taken, err := c.TryWritePrepared(Prepare(MessageText, nil)); taken || err != nil {
								t.Error("one has gone past what is half on the wire", err)
							}
						}
						close(to.open)
						if err := <-written; err != nil {
							t.Fatal(err)
						}
						want := []string{text, "behind"}
						if !sent {
							want = want[1:]
						}
						if got := to.messages(t); !slices.Equal(got, want) {
							t.Errorf("%d messages arrived, want %d", len(got), len(want))
						}
						if synctest.Wait(); c.out.loan != nil {
							t.Error("it keeps a buffer")
						}
					})
				})
			}
		}
	}
}

// Nothing that is offered goes past what came before it.
func TestOfferGoesPastNobody(t *testing.T) {
	for _, role := range []Role{RoleServer, RoleClient} {
		synctest.Test(t, func(t *testing.T) {
			c, to := newOffered(t, role, nil, all)
			close(to.open)
			m := Prepare(MessageText, []byte("offered"))
			try := func(why string, want bool) {
				t.Helper()
				if taken, err := c.TryWritePrepared(m); taken != want || (err != nil) != !c.state().CanSend() {
					t.Errorf("%s: taken is %v, %v", why, taken, err)
				}
			}
			try("nobody is there", true)
			ctx := context.Background()
			_ = c.Batch().Write(ctx, MessageText, []byte("held"))
			try("a batch is held", false)
			_ = c.Batch().Flush(ctx)
			try("it has left", true)
			w, _ := c.Writer(ctx, MessageText)
			_, _ = w.Write([]byte("frag"))
			try("none of it is on the wire", true)
			_ = w.(*messageWriter).Flush()
			try("a message is open", false)
			_, _ = w.Write([]byte("ment"))
			_ = w.Close()
			try("it has ended", true)
			c.out.gate.Lock(nil, nil)
			try("somebody is inside", false)
			c.out.leave()
			want := []string{"offered", "held", "offered", "offered", "fragment", "offered"}
			if got := to.messages(t); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			_ = c.CloseNow()
			try("it has ended", false)
		})
	}
}

// NewOfferedAtRandom is for tests of package hub, which cannot be imported here: a
// connection whose transport takes what it likes, and what arrives there.
func NewOfferedAtRandom(t *testing.T, role Role, opts *ConnOptions) (c *Conn, arrived func() []string) {
	c, to := newOffered(t, role, opts, atRandom)
	close(to.open)
	return c, func() []string { return to.messages(t) }
}

package wsplay

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/naive"
)

// Deflater compresses as a peer does, by the standard library.
type Deflater struct {
	Out bytes.Buffer
	W   *flate.Writer
}

// NewDeflater returns a Deflater of the standard level.
func NewDeflater() *Deflater {
	d := &Deflater{}
	d.W, _ = flate.NewWriter(&d.Out, 6)
	return d
}

// Payload returns the payload of the next message, with context takeover.
func (d *Deflater) Payload(text string) string {
	d.Out.Reset()
	_, _ = io.WriteString(d.W, text)
	_ = d.W.Flush()
	return strings.TrimSuffix(d.Out.String(), "\x00\x00\xff\xff")
}

// Deflated returns the payload of a message that stands alone.
func Deflated(text string) string { return NewDeflater().Payload(text) }

// Deflating returns options of a connection that has agreed on compression.
func Deflating(limit int64) *websocket.ConnOptions {
	return &websocket.ConnOptions{Deflate: &handshake.Deflate{}, Limits: websocket.Limits{Message: limit}}
}

// RSV1 marks the first frame of a compressed message.
func RSV1(f naive.Frame) naive.Frame { f.RSV1 = true; return f }

// Inflater understands what an engine sends, by the standard library.
type Inflater struct {
	Alone  bool   // no context takeover
	before []byte // all that was said
}

// Message decompresses the next message.
func (f *Inflater) Message(t *testing.T, payload []byte) string {
	t.Helper()
	if f.Alone {
		f.before = nil
	}
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")), f.before)
	p, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(p), err)
	}
	f.before = append(f.before, p...)
	return string(p)
}

// WantSaid receives the next message, compares it, and says whether it was compressed
// and how long its payload was on the wire.
func (p *Peer) WantSaid(f *Inflater, want string) (compressed bool, wire int) {
	p.T.Helper()
	var payload []byte
	for first := true; ; first = false {
		x, err := p.Next()
		if err != nil {
			p.T.Fatal(err)
		}
		if first {
			compressed = x.RSV1
		}
		payload = append(payload, x.Payload...)
		if x.FIN {
			break
		}
	}
	got := string(payload)
	if compressed {
		got = f.Message(p.T, payload)
	}
	if got != want {
		p.T.Fatalf("got %d bytes %.40q, want %d %.40q", len(got), got, len(want), want)
	}
	return compressed, len(payload)
}

// DeflatePipe is Pipe with compression agreed on.
func DeflatePipe(t *testing.T, role websocket.Role, opts websocket.ConnOptions, buffer int) (*websocket.Conn, *Peer, *Inflater) {
	t.Helper()
	c, p := Pipe(t, role, &opts, buffer)
	p.Deflate = true
	ours := opts.Deflate.Server
	if role == websocket.RoleClient {
		ours = opts.Deflate.Client
	}
	return c, p, &Inflater{Alone: ours.NoContextTakeover}
}

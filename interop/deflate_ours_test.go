package interop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// ourSide is our end of a conversation. It writes and reads in every manner there
// is, by turns.
type ourSide struct {
	c             *websocket.Conn
	sent, arrived *wire
	into          []byte // of ReadInto
}

// asking are the options of an end that asks for these terms. What it does not ask for
// it leaves to the peer.
func asking(send, receive handshake.DeflateSide) websocket.CompressionOptions {
	return websocket.CompressionOptions{
		Send: takeover(send), SendWindowBits: send.MaxWindowBits,
		Receive: takeover(receive), ReceiveWindowBits: receive.MaxWindowBits,
	}
}

func takeover(s handshake.DeflateSide) websocket.CompressionMode {
	if s.NoContextTakeover {
		return websocket.CompressionNoContextTakeover
	}
	return websocket.CompressionContextTakeover
}

func (o *ourSide) trace() *websocket.Trace {
	o.sent, o.arrived = new(wire), new(wire)
	return &websocket.Trace{FrameWritten: o.sent.frame, FrameRead: o.arrived.frame}
}

// dialDeflating dials a server, asking it for these terms.
func dialDeflating(ctx context.Context, url string, ask handshake.Deflate, limits websocket.Limits) (*ourSide, string, error) {
	o := new(ourSide)
	c, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		CompressionMode:      websocket.CompressionContextTakeover,
		CompressionThreshold: 1,
		Compression:          asking(ask.Client, ask.Server),
		Trace:                o.trace(),
		Limits:               limits,
	})
	if err != nil {
		return nil, "", err
	}
	o.c = c
	return o, resp.Header.Get("Sec-WebSocket-Extensions"), nil
}

// acceptDeflating accepts a client, asking it for these terms.
func acceptDeflating(w http.ResponseWriter, r *http.Request, ask handshake.Deflate, limits websocket.Limits) (*ourSide, error) {
	o := new(ourSide)
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		CompressionMode:      websocket.CompressionContextTakeover,
		CompressionThreshold: 1,
		Compression:          asking(ask.Server, ask.Client),
		Trace:                o.trace(),
		Limits:               limits,
	})
	o.c = c
	return o, err
}

// write writes the i-th message.
func (o *ourSide) write(ctx context.Context, i int, m message) error {
	switch i % 5 {
	case 0:
		return o.c.Write(ctx, m.kind, m.data)
	case 1:
		return o.c.Batch().Write(ctx, m.kind, m.data) // leaves with the next
	case 2:
		return o.c.WritePrepared(ctx, websocket.Prepare(m.kind, m.data))
	case 3:
		return o.c.Batch().WritePrepared(ctx, websocket.Prepare(m.kind, m.data))
	}
	w, err := o.c.Writer(ctx, m.kind)
	if err != nil {
		return err
	}
	for _, part := range thirds(m.data) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

// flush sends what write has kept back.
func (o *ourSide) flush(ctx context.Context) error { return o.c.Batch().Flush(ctx) }

// read reads the i-th message.
func (o *ourSide) read(ctx context.Context, i int) (message, error) {
	switch i % 4 {
	case 0:
		kind, data, err := o.c.Read(ctx)
		return message{kind, data}, err
	case 1:
		kind, data, err := o.c.ReadInto(ctx, o.into[:0])
		o.into = data
		return message{kind, bytes.Clone(data)}, err
	case 2:
		for m, err := range o.c.Messages(ctx) {
			return message{m.Type, bytes.Clone(m.Data)}, err
		}
		return message{}, io.EOF // an orderly end
	}
	kind, r, err := o.c.Reader(ctx)
	if err != nil {
		return message{}, err
	}
	data, err := io.ReadAll(r)
	return message{kind, data}, err
}

func (o *ourSide) close() error {
	if err := o.c.Close(websocket.StatusNormalClosure, "done"); err != nil {
		return fmt.Errorf("our Close: %w", err)
	}
	return nil
}

func (o *ourSide) drop() { o.c.CloseNow() }

func (o *ourSide) terms() (handshake.Deflate, bool) { return o.c.Compression() }

func (o *ourSide) wires() (sent, arrived []onWire) { return o.sent.taken(), o.arrived.taken() }

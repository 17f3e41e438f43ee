package websocket

import (
	"errors"
	"io"
	"testing"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// gorilla accepts most of these.
func TestRefusedByUsOnly(t *testing.T) {
	long := conn.OutFrame{Header: frame.Header{Opcode: frame.Text}, Payload: []byte("beginning")}
	for name, test := range map[string]struct {
		frames []conn.OutFrame
		code   int
		text   string
	}{
		"RSV1 on a continuation": {[]conn.OutFrame{long, compressed(fin(frame.Continuation, "x"))}, 1002, "websocket: compressed bit RSV1 set on a control or continuation frame (RFC 7692 §6.1)"},
		"RSV1 on a ping":         {[]conn.OutFrame{compressed(fin(frame.Ping, "x"))}, 1002, "websocket: compressed bit RSV1 set on a control or continuation frame (RFC 7692 §6.1)"},
		"close of one byte":      {[]conn.OutFrame{fin(frame.Close, "x")}, 1002, "websocket: close payload of one byte (RFC 6455 §5.5.1)"},
		"close with bad UTF-8":   {[]conn.OutFrame{fin(frame.Close, "\x03\xe8\xff")}, 1007, "websocket: close reason not valid UTF-8 (RFC 6455 §5.5.1)"},
		"corrupt DEFLATE":        {[]conn.OutFrame{compressed(fin(frame.Text, "\x07"))}, 1007, "websocket: block type 3 is reserved (RFC 1951 §3.2.3)"},
		"half a block":           {[]conn.OutFrame{compressed(fin(frame.Text, "\x03\x00\x05"))}, 1007, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
				raw(t, peer, test.frames...)
				if test.text == "" { // that of the decoder
					_, _, err := c.ReadMessage()
					if _, ok := errors.AsType[*protocolError](err); !ok {
						t.Fatalf("%v", err)
					}
					test.text = err.Error()
				}
				wantRefused(t, c, peer, test.code, test.text)
			})
		})
	}
}

// RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length".
func TestLengthsInMoreBytesThanNeeded(t *testing.T) {
	server, client := pair(t, nil, 0)
	_, _ = client.nc.Write([]byte{0x82, 0xfe, 0, 1, 0, 0, 0, 0, 'x'})
	wantRefused(t, server, client, 1002, "websocket: payload length not in the minimal number of bytes (RFC 6455 §5.2)")
}

// A message that inflates beyond the limit does not pass, however small it is.
func TestReadLimitOfWhatIsSaid(t *testing.T) {
	eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
		c.SetReadLimit(10_000)
		for range 2 {
			if err := peer.WriteMessage(TextMessage, make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
		}
		if err := peer.WriteMessage(TextMessage, make([]byte, 10_001)); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, c, TextMessage, string(make([]byte, 10_000)))
		_, r, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); n != 10_000 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		_, p, err := c.ReadMessage()
		if err != ErrReadLimit || cap(p) > 40_000 {
			t.Errorf("%v, room for %d bytes", err, cap(p))
		}
		if _, _, err := peer.ReadMessage(); !IsCloseError(err, CloseMessageTooBig) {
			t.Errorf("%v", err)
		}
	})
}

package scenarios

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// First bytes of frames.
const (
	fin  = 0x80
	rsv1 = 0x40

	continuation = 0
	text         = websocket.TextMessage
	binary2      = websocket.BinaryMessage
	closing      = fin | websocket.CloseMessage
	ping         = fin | websocket.PingMessage
	pong         = fin | websocket.PongMessage
)

// frame is a frame as the peer sends or sees it.
type frame struct {
	first   byte
	payload string
}

func (f frame) String() string {
	if len(f.payload) > 40 {
		return fmt.Sprintf("%02x[%d]", f.first, len(f.payload))
	}
	return fmt.Sprintf("%02x%q", f.first, f.payload)
}

// peer is the other end, played by hand.
type peer struct {
	t *testing.T
	net.Conn
	br    *bufio.Reader
	masks bool // it is a client
}

// patience ends a test that hangs.
const patience = 20 * time.Second

// options are what the two ends agree on.
type options struct {
	writeBufferSize int
	pool            websocket.BufferPool
	compression     bool
}

// deflateTerms is what gorilla agrees on.
const deflateTerms = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// ends runs a test with a connection of a server, and with one of a client.
func ends(t *testing.T, o options, test func(t *testing.T, c *websocket.Conn, p *peer)) {
	t.Helper()
	t.Run("server", func(t *testing.T) {
		c, p := serverEnd(t, o)
		test(t, c, p)
	})
	t.Run("client", func(t *testing.T) {
		c, p := clientEnd(t, o)
		test(t, c, p)
	})
}

// tcp returns two ends of a connection.
func tcp(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func serverEnd(t *testing.T, o options) (*websocket.Conn, *peer) {
	t.Helper()
	nc, far := tcp(t)
	if o.writeBufferSize == 0 {
		o.writeBufferSize = 4096
	}
	u := websocket.Upgrader{WriteBufferSize: o.writeBufferSize, WriteBufferPool: o.pool, EnableCompression: o.compression}
	h := handshakeHeader()
	h.Set("Sec-Websocket-Extensions", deflateTerms)
	w := &hijackable{httptest.NewRecorder(), nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))}
	c, err := u.Upgrade(w, request(h), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, far)
	p.masks = true
	if _, err := http.ReadResponse(p.br, nil); err != nil {
		t.Fatal(err)
	}
	return c, p
}

func clientEnd(t *testing.T, o options) (*websocket.Conn, *peer) {
	t.Helper()
	nc, far := tcp(t)
	p := newPeer(t, far)
	answered := make(chan error, 1)
	go func() { answered <- p.answer(o) }()
	d := websocket.Dialer{
		NetDial:         func(string, string) (net.Conn, error) { return nc, nil },
		WriteBufferSize: o.writeBufferSize, WriteBufferPool: o.pool, EnableCompression: o.compression,
	}
	c, _, err := d.Dial("ws://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	return c, p
}

func newPeer(t *testing.T, nc net.Conn) *peer {
	_ = nc.SetDeadline(time.Now().Add(patience))
	return &peer{t: t, Conn: nc, br: bufio.NewReader(nc)}
}

// answer answers the opening handshake of a client.
func (p *peer) answer(o options) error {
	r, err := http.ReadRequest(p.br)
	if err != nil {
		return err
	}
	key := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	response := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(key[:]) + "\r\n"
	if o.compression {
		response += "Sec-WebSocket-Extensions: " + deflateTerms + "\r\n"
	}
	_, err = io.WriteString(p, response+"\r\n")
	return err
}

// send sends frames by one write.
func (p *peer) send(frames ...frame) {
	p.t.Helper()
	var out []byte
	for _, f := range frames {
		out = p.append(out, f)
	}
	p.raw(out)
}

func (p *peer) raw(out []byte) {
	p.t.Helper()
	if _, err := p.Write(out); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) append(dst []byte, f frame) []byte {
	var mask byte
	if p.masks {
		mask = 0x80
	}
	switch n := len(f.payload); {
	case n < 126:
		dst = append(dst, f.first, mask|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, f.first, mask|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, f.first, mask|127), uint64(n))
	}
	if !p.masks {
		return append(dst, f.payload...)
	}
	key := [4]byte{0x12, 0x34, 0x56, 0x78}
	dst = append(dst, key[:]...)
	for i := range len(f.payload) {
		dst = append(dst, f.payload[i]^key[i&3])
	}
	return dst
}

// next reads a frame.
func (p *peer) next() (f frame, err error) {
	var head [8]byte
	if _, err = io.ReadFull(p.br, head[:2]); err != nil {
		return f, err
	}
	first, n := head[0], uint64(head[1]&0x7f)
	if masked := head[1]&0x80 != 0; masked == p.masks {
		return f, fmt.Errorf("masked: %v", masked)
	}
	switch n {
	case 126:
		_, err = io.ReadFull(p.br, head[:2])
		n = uint64(binary.BigEndian.Uint16(head[:]))
	case 127:
		_, err = io.ReadFull(p.br, head[:8])
		n = binary.BigEndian.Uint64(head[:])
	}
	var key [4]byte
	if err == nil && !p.masks {
		_, err = io.ReadFull(p.br, key[:])
	}
	if err != nil {
		return f, err
	}
	payload := make([]byte, n)
	if _, err = io.ReadFull(p.br, payload); err != nil {
		return f, err
	}
	for i := range payload {
		payload[i] ^= key[i&3]
	}
	return frame{first, string(payload)}, nil
}

// want reads frames, and compares them with what they should be.
func (p *peer) want(frames ...frame) {
	p.t.Helper()
	for i, want := range frames {
		got, err := p.next()
		if err != nil || got != want {
			p.t.Fatalf("frame %d: %v, %v, want %v", i, got, err, want)
		}
	}
}

// wantEnd reads the end of the stream.
func (p *peer) wantEnd() {
	p.t.Helper()
	if f, err := p.next(); err != io.EOF {
		p.t.Fatalf("%v, %v, want the end of the stream", f, err)
	}
}

// deflate compresses a message, as RFC 7692 §7.2.1 has it.
func deflate(s string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 6)
	_, _ = io.WriteString(w, s)
	_ = w.Flush()
	return string(b.Bytes()[:b.Len()-4])
}

// inflate is the opposite.
func inflate(s string) (string, error) {
	p, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader([]byte(s)), bytes.NewReader([]byte("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))))
	return string(p), err
}

// closePayload is the payload of a Close frame.
func closePayload(code int, reason string) string {
	return string(websocket.FormatCloseMessage(code, reason))
}

// wantMessage reads a message by ReadMessage.
func wantMessage(t *testing.T, c *websocket.Conn, typ int, want string) {
	t.Helper()
	got, p, err := c.ReadMessage()
	if got != typ || string(p) != want || err != nil || p == nil {
		t.Fatalf("type %d, %.40q (%d bytes, nil: %v), %v; want type %d, %.40q", got, p, len(p), p == nil, err, typ, want)
	}
}

// wantClosed reads, and wants the CloseError.
func wantClosed(t *testing.T, c *websocket.Conn, code int, reason string) {
	t.Helper()
	typ, p, err := c.ReadMessage()
	if e, ok := err.(*websocket.CloseError); !ok || e.Code != code || e.Text != reason || typ != -1 || p != nil { //nolint:errorlint // as programs do
		t.Fatalf("%d, %q, %v, want code %d and %q", typ, p, err, code, reason)
	}
}

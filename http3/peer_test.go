package http3_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

// What peers send that are played by hand, byte by byte.

// The types of frames and of streams.
const (
	frameData     = 0x0
	frameHeaders  = 0x1
	frameSettings = 0x4
	frameGoAway   = 0x7
	greaseFrame   = 0x21
)

// h3frame returns a frame of HTTP/3.
func h3frame(kind uint64, payload []byte) []byte {
	p := quicvarint.Append(quicvarint.Append(nil, kind), uint64(len(payload)))
	return append(p, payload...)
}

// integers returns them as QUIC writes them.
func integers(values ...uint64) (p []byte) {
	for _, v := range values {
		p = quicvarint.Append(p, v)
	}
	return p
}

// block returns a HEADERS frame of name and value pairs.
func block(pairs ...string) []byte {
	var b bytes.Buffer
	encoder := qpack.NewEncoder(&b)
	for i := 0; i < len(pairs); i += 2 {
		_ = encoder.WriteField(qpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return h3frame(frameHeaders, b.Bytes())
}

// sample is the head of a request that opens a WebSocket; name and value pairs replace or, without
// a value, remove what it has.
func sample(changes ...string) []byte {
	pairs := []string{
		":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":path", "/chat", ":authority", "example.com",
		"sec-websocket-version", "13",
	}
	for i := 0; i < len(changes); i += 2 {
		at := slices.Index(pairs, changes[i])
		switch {
		case at >= 0 && changes[i+1] == "":
			pairs = slices.Delete(pairs, at, at+2)
		case at >= 0:
			pairs[at+1] = changes[i+1]
		default:
			pairs = append(pairs, changes[i], changes[i+1])
		}
	}
	return block(pairs...)
}

// message returns a frame of a WebSocket with text, masked with zeros for a server.
func message(text string, to websocket.Role) []byte {
	h := frame.Header{FIN: true, Opcode: frame.Text, Masked: to == websocket.RoleServer, Length: uint64(len(text))}
	return append(frame.AppendHeader(nil, h), text...)
}

// peerStream is a stream of the other end.
type peerStream struct {
	t *testing.T
	*quic.Stream
	buf  []byte // what has come and was not looked at
	rest []byte // of the payload that Read is at
}

// send sends bytes as they are.
func (s *peerStream) send(parts ...[]byte) {
	s.t.Helper()
	if _, err := s.Stream.Write(slices.Concat(parts...)); err != nil {
		s.t.Error(err)
	}
}

// data sends a DATA frame.
func (s *peerStream) data(payload []byte) { s.t.Helper(); s.send(h3frame(frameData, payload)) }

// next returns the next frame.
func (s *peerStream) next() (kind uint64, payload []byte, err error) {
	_ = s.SetReadDeadline(deadline())
	for {
		kind, n, err := quicvarint.Parse(s.buf)
		if err == nil {
			size, m, err := quicvarint.Parse(s.buf[n:])
			if end := n + m + int(size); err == nil && len(s.buf) >= end {
				payload, s.buf = s.buf[n+m:end], s.buf[end:]
				return kind, payload, nil
			}
		}
		p := make([]byte, 64<<10)
		n, err = s.Stream.Read(p)
		s.buf = append(s.buf, p[:n]...)
		if n == 0 && err != nil {
			return 0, nil, err
		}
	}
}

// some waits until something has come.
func (s *peerStream) some() {
	s.t.Helper()
	p := make([]byte, 1)
	_ = s.SetReadDeadline(deadline())
	n, err := s.Stream.Read(p)
	if s.buf = append(s.buf, p[:n]...); err != nil {
		s.t.Error(err)
	}
}

// head returns the fields of the next HEADERS frame.
func (s *peerStream) head() (fields map[string]string) {
	s.t.Helper()
	kind, payload, err := s.next()
	if err != nil || kind != frameHeaders {
		s.t.Fatalf("frame %#x, %v; HEADERS was expected", kind, err)
	}
	fields = make(map[string]string)
	next := qpack.NewDecoder().Decode(payload)
	for {
		f, err := next()
		if err == io.EOF {
			return fields
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if old, ok := fields[f.Name]; ok {
			f.Value = old + ", " + f.Value
		}
		fields[f.Name] = f.Value
	}
}

// answer is the status of a response.
func (s *peerStream) answer() (status int, fields map[string]string) {
	s.t.Helper()
	fields = s.head()
	status, _ = strconv.Atoi(fields[":status"])
	return status, fields
}

// Read reads from the payloads of DATA frames.
func (s *peerStream) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		kind, payload, err := s.next()
		if err != nil {
			return 0, err
		}
		if kind == frameData {
			s.rest = payload
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Write sends a DATA frame.
func (s *peerStream) Write(p []byte) (int, error) {
	if _, err := s.Stream.Write(h3frame(frameData, p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends our direction.
func (s *peerStream) Close() error { return s.Stream.Close() }

// end reads until the other end of the stream, and returns how it ended: 0 for FIN, else the code
// of the reset.
func (s *peerStream) end() h3.ErrCode {
	s.t.Helper()
	for {
		_, _, err := s.next()
		if err == io.EOF {
			return 0
		}
		if err != nil {
			return codeOf(s.t, err)
		}
	}
}

// stopped waits until the other end has asked us not to send, and returns the code.
func (s *peerStream) stopped() h3.ErrCode {
	s.t.Helper()
	select {
	case <-s.Context().Done():
		return codeOf(s.t, context.Cause(s.Context()))
	case <-within(s.t).Done():
		s.t.Fatal("nothing came")
		return 0
	}
}

// codeOf is the code by which a stream or the connection ended.
func codeOf(t *testing.T, err error) h3.ErrCode {
	t.Helper()
	if reset, ok := errors.AsType[*quic.StreamError](err); ok {
		return h3.ErrCode(reset.ErrorCode)
	}
	if closed, ok := errors.AsType[*quic.ApplicationError](err); ok {
		return h3.ErrCode(closed.ErrorCode)
	}
	t.Errorf("%v; a code was expected", err)
	return 0
}

// connect opens a connection to a server, as a client that is played by hand.
func connect(t *testing.T, url string) *quic.Conn {
	t.Helper()
	config := trusting().Clone()
	config.NextProtos = []string{"h3"}
	c, err := quic.DialAddr(within(t), strings.TrimPrefix(url, "wss://"), config, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseWithError(0x100, "") })
	control, err := c.OpenUniStream()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = control.Write(append([]byte{0}, h3frame(frameSettings, nil)...))
	return c
}

// request opens a stream and sends what it is given.
func request(t *testing.T, c *quic.Conn, parts ...[]byte) *peerStream {
	t.Helper()
	q, err := c.OpenStreamSync(within(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &peerStream{t: t, Stream: q}
	s.send(parts...)
	return s
}

// open opens a WebSocket to a server.
func open(t *testing.T, url string) *peerStream {
	t.Helper()
	s := request(t, connect(t, url), sample())
	if status, fields := s.answer(); status != http.StatusOK {
		t.Fatal(status, fields)
	}
	return s
}

// server is one that is played by hand, connection by connection.
type server struct {
	t   *testing.T
	url string
	ln  *quic.Listener
}

// listen starts a server. Its settings may be others than that WebSockets are welcome.
func listen(t *testing.T) *server {
	t.Helper()
	certificate, _ := identity()
	ln, err := quic.ListenAddr("127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h3"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return &server{t, "wss://" + ln.Addr().String() + "/chat", ln}
}

// welcome is what a server says on its control stream that offers WebSockets.
var welcome = append([]byte{0}, h3frame(frameSettings, integers(0x8, 1))...)

// accept takes the next connection, and says on a stream what it is given.
func (s *server) accept(control []byte) (*quic.Conn, *quic.SendStream) {
	s.t.Helper()
	c, err := s.ln.Accept(within(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.CloseWithError(0x100, "") })
	u, err := c.OpenUniStream()
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := u.Write(control); err != nil {
		s.t.Fatal(err)
	}
	return c, u
}

// asked takes the next request.
func asked(t *testing.T, c *quic.Conn) (s *peerStream, fields map[string]string) {
	t.Helper()
	q, err := c.AcceptStream(within(t))
	if err != nil {
		t.Fatal(err)
	}
	s = &peerStream{t: t, Stream: q}
	return s, s.head()
}

// dialing runs a Dial in the background.
type dialing struct {
	c    *websocket.Conn
	resp *http.Response
	err  error
}

func (s *server) dial(opts *websocket.DialOptions) <-chan dialing {
	done := make(chan dialing, 1)
	ctx := within(s.t)
	var o websocket.DialOptions
	if opts != nil {
		o = *opts
	}
	o.TLSConfig = trusting()
	go func() {
		var d dialing
		d.c, d.resp, d.err = dialWith(ctx, s.url, &o)
		done <- d
	}()
	return done
}

// opened opens a WebSocket of our Dial to a server that is played by hand.
func opened(t *testing.T) (*websocket.Conn, *peerStream, *quic.Conn) {
	t.Helper()
	s := listen(t)
	done := s.dial(nil)
	c, _ := s.accept(welcome)
	peer, _ := asked(t, c)
	peer.send(block(":status", "200"))
	d := await(t, done)
	if d.err != nil {
		t.Fatal(d.err)
	}
	t.Cleanup(func() { _ = d.c.CloseNow() })
	return d.c, peer, c
}

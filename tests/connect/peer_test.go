package connect_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket"
)

// serve starts a server of HTTP/2 without TLS, and returns its address. At the end of the test
// every handler must have returned.
func serve(t *testing.T, h http.Handler, change ...func(*http.Server)) (address string) {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	protocols.SetHTTP1(true)
	var handlers sync.WaitGroup
	s := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers.Add(1)
		defer handlers.Done()
		h.ServeHTTP(w, r)
	})}
	for _, f := range change {
		f(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		if s.TLSConfig != nil {
			served <- s.ServeTLS(l, "", "")
			return
		}
		served <- s.Serve(l)
	}()
	t.Cleanup(func() {
		handlers.Wait()
		_ = s.Close()
		<-served
	})
	return l.Addr().String()
}

// window is that of each stream, in bytes.
const window = 256 << 10

// patience bounds what must happen, on the slowest machine.
const patience = 20 * time.Second

// client is an HTTP/2 connection, frame by frame.
type client struct {
	t      *testing.T
	nc     net.Conn
	framer *http2.Framer

	mu      sync.Mutex // of writing, and of what follows
	streams map[uint32]*stream
	next    uint32
	stalled atomic.Bool  // DATA is dropped, and no window of its stream given back
	dropped atomic.Int64 // bytes of that
	block   bytes.Buffer
	encoder *hpack.Encoder
	gone    chan struct{} // closed when nothing more will come
}

// stream is one of its streams, an io.ReadWriteCloser once it is open.
type stream struct {
	c        *client
	id       uint32
	head     chan []hpack.HeaderField
	in       inbox
	reset    chan http2.ErrCode // has the code of a RST_STREAM
	finished chan struct{}      // closed by END_STREAM
}

// connect opens a connection, and waits until the server says that it accepts extended
// CONNECT.
func connect(t *testing.T, address string) *client {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return converse(t, nc)
}

// converse is connect on a connection that there is.
func converse(t *testing.T, nc net.Conn) *client {
	t.Helper()
	c := &client{t: t, nc: nc, framer: http2.NewFramer(nc, nc), streams: map[uint32]*stream{}, next: 1, gone: make(chan struct{})}
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encoder = hpack.NewEncoder(&c.block)
	if _, err := io.WriteString(nc, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}); err != nil {
		t.Fatal(err)
	}
	enabled := make(chan bool, 1)
	go c.read(enabled)
	t.Cleanup(func() { _ = nc.Close(); <-c.gone })
	if !<-enabled {
		t.Fatal("the server does not accept extended CONNECT")
	}
	return c
}

func (c *client) read(enabled chan<- bool) {
	defer close(c.gone)
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, s := range c.streams {
			s.in.end(io.ErrUnexpectedEOF)
		}
		select {
		case enabled <- false:
		default:
		}
	}()
	for {
		f, err := c.framer.ReadFrame()
		if err != nil {
			return
		}
		c.mu.Lock()
		s := c.streams[f.Header().StreamID]
		c.mu.Unlock()
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				v, ok := f.Value(http2.SettingEnableConnectProtocol)
				enabled <- ok && v == 1
				c.write(func() error { return c.framer.WriteSettingsAck() })
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				c.write(func() error { return c.framer.WritePing(true, f.Data) })
			}
		case *http2.MetaHeadersFrame:
			s.head <- f.Fields
			if f.StreamEnded() {
				s.end()
			}
		case *http2.DataFrame:
			n := uint32(len(f.Data()))
			stalled := c.stalled.Load()
			if !stalled && n > 0 {
				s.in.add(f.Data())
			}
			c.write(func() error {
				if n == 0 {
					return nil
				}
				if stalled {
					c.dropped.Add(int64(n))
				} else {
					_ = c.framer.WriteWindowUpdate(s.id, n)
				}
				return c.framer.WriteWindowUpdate(0, n)
			})
			if f.StreamEnded() {
				s.end()
			}
		case *http2.RSTStreamFrame:
			select {
			case s.reset <- f.ErrCode:
			default: // only the first counts
			}
			s.in.end(http2.StreamError{StreamID: s.id, Code: f.ErrCode})
		}
	}
}

func (s *stream) end() {
	close(s.finished)
	s.in.end(io.EOF)
}

func (c *client) write(f func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = f() // a lost connection is seen by reading
}

// sample is a request that opens a WebSocket; name and value pairs replace or, without a value,
// remove what it has.
func sample(changes ...string) (fields []hpack.HeaderField) {
	pairs := []string{
		":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path", "/chat", ":authority", "example.com",
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
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return fields
}

// request sends the head of a request.
func (c *client) request(endStream bool, fields []hpack.HeaderField) *stream {
	c.t.Helper()
	s := &stream{c: c, head: make(chan []hpack.HeaderField, 2), reset: make(chan http2.ErrCode, 1), finished: make(chan struct{})}
	s.in.more = sync.NewCond(&s.in.mu)
	c.write(func() error {
		s.id = c.next
		c.next += 2
		c.streams[s.id] = s
		c.block.Reset()
		for _, f := range fields {
			_ = c.encoder.WriteField(f)
		}
		return c.framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: s.id, BlockFragment: c.block.Bytes(), EndHeaders: true, EndStream: endStream,
		})
	})
	return s
}

// answer waits for the head of the response.
func (s *stream) answer() (status int, h http.Header) {
	s.c.t.Helper()
	h = http.Header{}
	select {
	case fields := <-s.head:
		for _, f := range fields {
			if f.Name == ":status" {
				status, _ = strconv.Atoi(f.Value)
				continue
			}
			h.Add(f.Name, f.Value)
		}
	case <-s.c.gone:
		s.c.t.Fatal("the connection ended")
	case <-time.After(patience):
		s.c.t.Fatal("no answer")
	}
	if status != http.StatusOK {
		_, _ = io.Copy(io.Discard, s) // why
	}
	return status, h
}

// open opens a WebSocket.
func (c *client) open(changes ...string) (*websocket.Conn, *stream) {
	c.t.Helper()
	s := c.request(false, sample(changes...))
	if status, h := s.answer(); status != http.StatusOK {
		c.t.Fatalf("%d, %v", status, h)
	}
	return websocket.NewConn(s, websocket.RoleClient, nil), s
}

func (s *stream) Read(p []byte) (int, error) { return s.in.Read(p) }

// Write keeps to no window: what the tests send fits in it.
func (s *stream) Write(p []byte) (n int, err error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for chunk := range slices.Chunk(p, 16<<10) {
		if err := s.c.framer.WriteData(s.id, false, chunk); err != nil {
			return n, err
		}
		n += len(chunk)
	}
	return n, nil
}

// Close ends our direction.
func (s *stream) Close() error {
	s.c.write(func() error { return s.c.framer.WriteData(s.id, true, nil) })
	s.in.end(io.ErrClosedPipe)
	return nil
}

// inbox is what has come on a stream. It takes everything, so that a stream that nobody reads
// does not keep the client from reading the others.
type inbox struct {
	mu   sync.Mutex
	more *sync.Cond
	buf  bytes.Buffer
	err  error // what a read of nothing returns; nil: it waits
}

func (b *inbox) add(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p)
	b.more.Broadcast()
}

// end has reads fail with err, behind what has come. The first one counts.
func (b *inbox) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	b.more.Broadcast()
}

func (b *inbox) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.buf.Len() == 0 && b.err == nil {
		b.more.Wait()
	}
	if b.buf.Len() > 0 {
		return b.buf.Read(p)
	}
	return 0, b.err
}

// ended waits until the server has ended the stream.
func (s *stream) ended() {
	s.c.t.Helper()
	select {
	case <-s.finished:
	case <-time.After(patience):
		s.c.t.Error("the server did not end the stream")
	}
}

package mux

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Config says how the suite's end of a connection begins.
type Config struct {
	// Window is what a peer may send on a stream before it was read.
	Window uint32
	// Settings are announced besides the window.
	Settings []http2.Setting
	// Hold has a server announce its settings so much later: a client must not ask for a
	// WebSocket before (RFC 8441 section 3).
	Hold time.Duration
	// Request is called with each request that comes to a server, on a goroutine of its own.
	Request func(s *Stream)
	// Serving, if not nil, counts the calls of Request.
	Serving *sync.WaitGroup
}

// Usual is the window of a stream unless a case is about windows.
const Usual = 1 << 20

const (
	// connWindow is what a peer may send on all streams together.
	connWindow = 16 << 20
	// initialWindow is what both ends start with (RFC 9113 section 6.9.2).
	initialWindow = 65535
	// blockLimit is the largest header block that the suite takes, in bytes.
	blockLimit = 128 << 10
	// farewell is how long the last frames may take to leave.
	farewell = 250 * time.Millisecond
)

// A Conn is one HTTP/2 connection.
type Conn struct {
	nc   net.Conn
	cfg  Config
	role role
	in   *http2.Framer

	mu      sync.Mutex
	changed *sync.Cond
	streams map[uint32]*Stream
	last    uint32 // the highest stream that was opened
	peer    settings
	offered []int64            // windows that we announced and the peer has not acknowledged
	window  int64              // what the peer assumes for a new stream of its own or of ours
	left    int64              // of what the peer may send on the connection
	narrow  map[*Stream]uint32 // windows that cases want
	may     int64              // of what we may send on it
	goAway  *http2.ErrCode
	pongs   int   // answers to our PINGs
	err     error // why it ended; nil: it has not
	phase   phase

	out     bytes.Buffer // frames that are not written yet
	framer  *http2.Framer
	queued  int64 // bytes put into out
	written int64 // and of these, bytes that are on their way
	block   bytes.Buffer
	encoder *hpack.Encoder
	decoder *hpack.Decoder

	done sync.WaitGroup // the two goroutines
}

type role uint8

const (
	client role = iota + 1
	server
)

// phase says how far a connection is.
type phase uint8

const (
	silent  phase = iota // our settings have not left
	greeted              // they have
)

// settings are the peer's.
type settings struct {
	heard   bool // the first have come
	connect uint32
	window  int64
	frame   int
}

// Client begins a connection as its client.
func Client(nc net.Conn, cfg Config) *Conn {
	c := newConn(nc, client, cfg)
	c.mu.Lock()
	c.out.WriteString(http2.ClientPreface)
	c.queued += int64(len(http2.ClientPreface))
	c.mu.Unlock()
	c.begin()
	return c
}

// ErrPreface reports that a client does not begin with HTTP/2.
var ErrPreface = errors.New("the client does not begin with the preface of HTTP/2")

// Server begins a connection as its server. preface are bytes that were read already: the
// beginning of the client's preface, or all of it.
func Server(nc net.Conn, preface []byte, cfg Config) (*Conn, error) {
	c := newConn(nc, server, cfg)
	rest := make([]byte, len(http2.ClientPreface)-len(preface))
	if _, err := io.ReadFull(nc, rest); err != nil {
		return nil, err
	}
	if string(preface)+string(rest) != http2.ClientPreface {
		return nil, ErrPreface
	}
	c.begin()
	return c, nil
}

func newConn(nc net.Conn, is role, cfg Config) *Conn {
	c := &Conn{
		nc: nc, cfg: cfg, role: is, streams: map[uint32]*Stream{},
		peer:   settings{window: initialWindow, frame: 16 << 10},
		window: initialWindow, left: initialWindow, may: initialWindow,
	}
	c.changed = sync.NewCond(&c.mu)
	c.in = http2.NewFramer(nil, bufio.NewReaderSize(nc, 32<<10))
	c.framer = http2.NewFramer(&c.out, nil)
	c.framer.AllowIllegalWrites = true
	c.encoder = hpack.NewEncoder(&c.block)
	c.decoder = hpack.NewDecoder(4096, nil)
	return c
}

// begin starts the goroutines, and announces our settings.
func (c *Conn) begin() {
	c.done.Go(c.receive)
	c.done.Go(c.write)
	if c.cfg.Hold > 0 {
		time.AfterFunc(c.cfg.Hold, c.greet)
		return
	}
	c.greet()
}

func (c *Conn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var behind []byte // SETTINGS come first (RFC 9113 section 3.4)
	if c.role == server {
		behind = bytes.Clone(c.out.Bytes())
		c.out.Reset()
	}
	c.announce(append([]http2.Setting{{ID: http2.SettingInitialWindowSize, Val: c.cfg.Window}}, c.cfg.Settings...))
	c.out.Write(behind)
	c.frame(func(f *http2.Framer) error { return f.WriteWindowUpdate(0, connWindow-initialWindow) })
	c.left += connWindow - initialWindow
	c.phase = greeted
	c.changed.Broadcast()
}

// Send sends frames as they are, right or wrong. SETTINGS are for Announce.
func (c *Conn) Send(put func(f *http2.Framer) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frame(put)
}

// Ping sends a PING, and waits for the answer. It returns io.ErrNoProgress if none comes in time.
func (c *Conn) Ping(d time.Duration) error {
	late := c.alarm(d)
	defer late.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	want := c.pongs + 1
	c.frame(func(f *http2.Framer) error { return f.WritePing(false, pingData) })
	for c.pongs < want && c.err == nil && !late.rang {
		c.changed.Wait()
	}
	switch {
	case c.pongs >= want:
		return nil
	case c.err != nil:
		return c.err
	}
	return io.ErrNoProgress
}

var pingData = [8]byte{'c', 'o', 'n', 'f', 'o', 'r', 'm', '!'}

// alarm wakes those who wait on changed, after d. Its field is under mu.
func (c *Conn) alarm(d time.Duration) *alarm {
	a := new(alarm)
	a.Timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		a.rang = true
		c.changed.Broadcast()
	})
	return a
}

type alarm struct {
	*time.Timer
	rang bool
}

// Err returns why the connection has ended, or nil.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// GoneAway returns the code of the peer's GOAWAY; nil if none came.
func (c *Conn) GoneAway() *http2.ErrCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.goAway
}

// Close ends the connection with GOAWAY, and waits until its goroutines have ended.
func (c *Conn) Close() {
	c.mu.Lock()
	c.end(&LostError{Err: net.ErrClosed}, http2.ErrCodeNo)
	c.mu.Unlock()
	c.done.Wait()
}

// Wait waits until the connection has ended.
func (c *Conn) Wait() { c.done.Wait() }

// end ends the connection because of err, once. Under mu.
func (c *Conn) end(err error, code http2.ErrCode) {
	if c.err != nil {
		return
	}
	c.frame(func(f *http2.Framer) error { return f.WriteGoAway(c.last, code, nil) })
	c.err = err
	for _, s := range c.streams {
		s.breakDown(err)
	}
	c.changed.Broadcast()
	_ = c.nc.SetDeadline(time.Now().Add(farewell))
}

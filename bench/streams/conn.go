// Package streams keeps WebSockets over HTTP/2 busy (RFC 8441) at little cost: one thread, epoll,
// and messages prepared in advance. It is what package flood is for HTTP/1.1.
package streams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/sys/unix"
)

// Conn is the client's end of a connection, while streams are opened on it.
type Conn struct {
	nc     net.Conn
	framer *http2.Framer
	block  bytes.Buffer
	encode *hpack.Encoder
	host   string
	next   uint32 // identifier
}

const (
	handshakeTimeout = 20 * time.Second
	// wide is a window in which all that a run brings fits: none is given back.
	wide = 1 << 30
	// settingConnect announces extended CONNECT (RFC 8441 §3).
	settingConnect = 0x8
)

// Dial connects, and waits until the server has said that it accepts WebSockets.
func Dial(ctx context.Context, address string) (*Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &Conn{nc: nc, framer: http2.NewFramer(nc, nc), host: address, next: 1}
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encode = hpack.NewEncoder(&c.block)
	if err := errors.Join(nc.SetDeadline(time.Now().Add(handshakeTimeout)), c.begin()); err != nil {
		_ = nc.Close()
		return nil, fmt.Errorf("HTTP/2: %w", err)
	}
	return c, nil
}

func (c *Conn) begin() error {
	_, err := c.nc.Write([]byte(http2.ClientPreface))
	if err == nil {
		err = c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: wide})
	}
	if err == nil {
		err = c.framer.WriteWindowUpdate(0, wide)
	}
	for err == nil {
		var f http2.Frame
		if f, err = c.framer.ReadFrame(); err != nil {
			break
		}
		if s, ok := f.(*http2.SettingsFrame); ok && !s.IsAck() {
			if on, _ := s.Value(settingConnect); on != 1 {
				return errors.New("the server does not offer WebSockets")
			}
			return c.framer.WriteSettingsAck()
		}
	}
	return err
}

// Open opens n streams, and returns their identifiers.
func (c *Conn) Open(path string, n int) ([]uint32, error) {
	ids := make([]uint32, n)
	for i := range ids {
		ids[i] = c.next
		c.next += 2
		if err := c.request(ids[i], path); err != nil {
			return nil, err
		}
	}
	for open := 0; open < n; {
		f, err := c.framer.ReadFrame()
		if err != nil {
			return nil, err
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			if status := f.PseudoValue("status"); status != "200" {
				return nil, fmt.Errorf("stream %d: status %s", f.StreamID, status)
			}
			open++
		case *http2.RSTStreamFrame:
			return nil, fmt.Errorf("stream %d: reset with %v", f.StreamID, f.ErrCode)
		case *http2.GoAwayFrame:
			return nil, fmt.Errorf("GOAWAY with %v %q", f.ErrCode, f.DebugData())
		}
	}
	return ids, nil
}

func (c *Conn) request(id uint32, path string) error {
	c.block.Reset()
	for _, f := range [...][2]string{
		{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":authority", c.host}, {":path", path},
		{"origin", "http://" + c.host}, {"sec-websocket-version", "13"}, {"cookie", "session=0f3a91c2b7d84e55; theme=dark"},
		{"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"},
		{"sec-websocket-extensions", "permessage-deflate; client_max_window_bits"},
	} {
		if err := c.encode.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			return err
		}
	}
	return c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.block.Bytes(), EndHeaders: true})
}

// Send sends bytes on a stream, whose window has room for them.
func (c *Conn) Send(id uint32, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), 16<<10)
		if err := c.framer.WriteData(id, false, p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// Receive waits for the bytes that a stream is to bring next.
func (c *Conn) Receive(id uint32, want []byte) error {
	for len(want) > 0 {
		f, err := c.framer.ReadFrame()
		if err != nil {
			return err
		}
		d, ok := f.(*http2.DataFrame)
		if !ok {
			continue
		}
		if p := d.Data(); d.StreamID != id || !bytes.HasPrefix(want, p) {
			return fmt.Errorf("stream %d brings % x, not % x on stream %d", d.StreamID, p, want, id)
		} else {
			want = want[len(p):]
		}
	}
	return nil
}

// Reset ends a stream.
func (c *Conn) Reset(id uint32) error { return c.framer.WriteRSTStream(id, http2.ErrCodeCancel) }

// Drop ends the connection by a reset, so that its port can be used again at once.
func (c *Conn) Drop() {
	if tcp, ok := c.nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.nc.Close()
}

// detach returns the socket, non-blocking and unknown to Go's poller. c must not be used
// afterwards.
func (c *Conn) detach() (fd int, err error) {
	defer c.nc.Close()
	raw, err := c.nc.(*net.TCPConn).SyscallConn()
	if err != nil {
		return -1, err
	}
	controlErr := raw.Control(func(s uintptr) { fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, errors.Join(controlErr, err)
}

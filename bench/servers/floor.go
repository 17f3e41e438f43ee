package servers

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// A floor is no library: it knows frames and nothing else, checks next to nothing,
// and says what the system calls alone cost. Its handshake accepts anybody who has
// a key.

var errFloor = errors.New("not what a floor understands")

const (
	// floorBuffer is what a connection begins with. It grows to what arrives at a
	// time, up to floorBufferUsual, and for a long frame up to floorBufferMost.
	floorBuffer      = 4 << 10
	floorBufferUsual = 64 << 10
	floorBufferMost  = 1 << 20
)

// floorHandshake answers the request, and returns what came behind it.
func floorHandshake(nc net.Conn) (rest []byte, err error) {
	p, n := make([]byte, floorBuffer), 0
	for n < len(p) {
		read, err := nc.Read(p[n:])
		if err != nil {
			return nil, err
		}
		n += read
		request, rest, whole := bytes.Cut(p[:n], []byte("\r\n\r\n"))
		if !whole {
			continue
		}
		for field := range bytes.SplitSeq(request, []byte("\r\n")) {
			if name, value, _ := bytes.Cut(field, []byte(":")); bytes.EqualFold(name, []byte("Sec-WebSocket-Key")) {
				_, err := io.WriteString(nc, floorResponse(bytes.TrimSpace(value)))
				return rest, err
			}
		}
		break
	}
	return nil, errFloor
}

func floorResponse(key []byte) string {
	sum := sha1.Sum(append(bytes.Clone(key), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n"
}

// A floorConn has the bytes that have arrived and are not yet answered.
type floorConn struct {
	buf    []byte
	have   int
	filled bool // by what arrived last: there may be more
}

func newFloorConn(rest []byte) *floorConn {
	c := &floorConn{buf: make([]byte, floorBuffer)}
	c.have = copy(c.buf, rest)
	return c
}

// space is where to read to.
func (c *floorConn) space() ([]byte, error) {
	if c.have == len(c.buf) || c.filled && len(c.buf) < floorBufferUsual {
		if c.have >= floorBufferMost {
			return nil, errFloor
		}
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	return c.buf[c.have:], nil
}

// arrived says how much was read to the space.
func (c *floorConn) arrived(n int) {
	c.have += n
	c.filled = c.have == len(c.buf)
}

// answer turns all whole frames into their answers, in place, the answers being
// shorter by their masking keys. used says how much of the buffer the frames were:
// consume it when the answers are written.
func (c *floorConn) answer() (answers []byte, used int, err error) {
	p, to := c.buf[:c.have], 0
	for {
		header, length, whole := floorHeader(p[used:])
		if !whole {
			return p[:to], used, nil
		}
		h := p[used : used+header]
		if h[1]&0x80 == 0 || h[0]&0x0F == 0x8 { // not masked, or a Close frame
			return nil, 0, errFloor
		}
		key := binary.LittleEndian.Uint32(h[header-4:])
		if h[0]&0x0F == 0x9 {
			h[0]++ // a Ping frame's answer is a Pong frame
		}
		h[1] &^= 0x80
		copy(p[to:], h[:header-4])
		to += header - 4
		unmaskDown(p[to:to+length], p[used+header:used+header+length], key)
		to += length
		used += header + length
	}
}

// consume forgets the first bytes of the buffer.
func (c *floorConn) consume(used int) {
	c.have = copy(c.buf, c.buf[used:c.have])
}

// floorHeader is the length of the header that p begins with, and of the payload.
func floorHeader(p []byte) (header, length int, whole bool) {
	if len(p) < 2 {
		return 0, 0, false
	}
	header, length = 6, int(p[1]&0x7F)
	switch {
	case length == 126 && len(p) >= 4:
		header, length = 8, int(binary.BigEndian.Uint16(p[2:]))
	case length == 127 && len(p) >= 10:
		header, length = 14, int(min(binary.BigEndian.Uint64(p[2:]), floorBufferMost))
	case length >= 126:
		return 0, 0, false
	}
	return header, length, len(p) >= header+length
}

// unmaskDown copies src to dst, which is lower in the same memory by four bytes or
// more.
func unmaskDown(dst, src []byte, key uint32) {
	k := uint64(key)<<32 | uint64(key)
	le := binary.LittleEndian
	for len(src) >= 32 {
		s, d := src[:32], dst[:32]
		w0, w1 := le.Uint64(s)^k, le.Uint64(s[8:])^k
		w2, w3 := le.Uint64(s[16:])^k, le.Uint64(s[24:])^k
		le.PutUint64(d, w0)
		le.PutUint64(d[8:], w1)
		le.PutUint64(d[16:], w2)
		le.PutUint64(d[24:], w3)
		src, dst = src[32:], dst[32:]
	}
	for len(src) >= 8 {
		le.PutUint64(dst, le.Uint64(src)^k)
		src, dst = src[8:], dst[8:]
	}
	for i, b := range src {
		dst[i] = b ^ byte(k>>(8*i))
	}
}

// serveConns gives every connection a goroutine.
func serveConns(l net.Listener, serve func(net.Conn)) error {
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer nc.Close()
			serve(nc)
		}()
	}
}

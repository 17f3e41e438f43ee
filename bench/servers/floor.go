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

// A floor is not a library. It knows only frames, checks almost nothing, and shows the cost of
// the system calls alone. Its handshake accepts every client that sends a key.

var errFloor = errors.New("not what a floor understands")

const (
	// floorBuffer is a connection's initial buffer size. It grows with the data that arrives at
	// a time, up to floorBufferUsual, and for a long frame up to floorBufferMost.
	floorBuffer      = 4 << 10
	floorBufferUsual = 64 << 10
	floorBufferMost  = 1 << 20
)

// floorHandshake answers the request, and returns what followed it.
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

// A floorConn has the received bytes that are not answered yet.
type floorConn struct {
	buf    []byte
	have   int
	filled bool // by the last read: there may be more
}

func newFloorConn(rest []byte) *floorConn {
	c := &floorConn{buf: make([]byte, floorBuffer)}
	c.have = copy(c.buf, rest)
	return c
}

// space returns the memory to read into.
func (c *floorConn) space() ([]byte, error) {
	if c.have == len(c.buf) || c.filled && len(c.buf) < floorBufferUsual {
		if c.have >= floorBufferMost {
			return nil, errFloor
		}
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	return c.buf[c.have:], nil
}

// arrived records how much was read into the space.
func (c *floorConn) arrived(n int) {
	c.have += n
	c.filled = c.have == len(c.buf)
}

// answer converts all whole frames into their answers in place; answers are shorter by their
// masking keys. used is the size of the frames: call consume with it after writing the answers.
func (c *floorConn) answer() (answers []byte, used int, err error) {
	p, to := c.buf[:c.have], 0
	for {
		header, length, whole := floorHeader(p[used:])
		if !whole {
			return p[:to], used, nil
		}
		h := p[used : used+header]
		if h[1]&0x80 == 0 || h[0]&0x0F == 0x8 { // unmasked, or a Close frame
			return nil, 0, errFloor
		}
		key := binary.LittleEndian.Uint32(h[header-4:])
		if h[0]&0x0F == 0x9 {
			h[0]++ // a Ping is answered with a Pong
		}
		h[1] &^= 0x80
		copy(p[to:], h[:header-4])
		to += header - 4
		unmaskDown(p[to:to+length], p[used+header:used+header+length], key)
		to += length
		used += header + length
	}
}

// consume removes the first bytes of the buffer.
func (c *floorConn) consume(used int) {
	c.have = copy(c.buf, c.buf[used:c.have])
}

// floorHeader returns the length of the header at the beginning of p, and of the payload.
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

// unmaskDown copies src to dst, which is at least four bytes lower in the same memory.
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

// serveConns serves every connection on a goroutine.
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

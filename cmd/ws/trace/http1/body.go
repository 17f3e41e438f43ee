package http1

import (
	"math"
	"strconv"
	"strings"
)

// Body skips the body of a message.
type Body struct {
	left    int64 // bytes of it, or of the current chunk and its CRLF
	chunked bool
	line    []byte // a chunk's size line, or a trailer line
	trailer bool
}

// RequestBody returns the body that follows the head of a request.
func (h *Head) RequestBody() Body {
	switch {
	case h.Has("Transfer-Encoding", "chunked"):
		return Body{chunked: true}
	case len(h.Values("Content-Length")) > 0:
		return Body{left: h.length()}
	}
	return Body{}
}

// ResponseBody returns the body that follows the head of a response to a request with this
// method (RFC 9112 §6.3).
func (h *Head) ResponseBody(method string) Body {
	switch {
	case method == "HEAD", h.Status < 200, h.Status == 204, h.Status == 304, method == "CONNECT" && h.Status < 300:
		return Body{}
	case h.Has("Transfer-Encoding", "chunked"):
		return Body{chunked: true}
	case len(h.Values("Content-Length")) > 0:
		return Body{left: h.length()}
	}
	return Body{left: math.MaxInt64} // until the connection ends
}

func (h *Head) length() int64 {
	n, err := strconv.ParseInt(h.Values("Content-Length")[0], 10, 64)
	if err != nil || n < 0 {
		return math.MaxInt64
	}
	return n
}

// Done reports whether the body has ended.
func (b *Body) Done() bool { return b.left == 0 && !b.chunked }

// Skip skips bytes of the body at the beginning of p, and returns how many.
func (b *Body) Skip(p []byte) (n int) {
	for n < len(p) && !b.Done() {
		if b.left > 0 {
			k := int(min(b.left, int64(len(p)-n)))
			b.left -= int64(k)
			n += k
			continue
		}
		c := p[n]
		n++
		if c != '\n' {
			if len(b.line) < 64 {
				b.line = append(b.line, c)
			}
			continue
		}
		line := strings.TrimRight(string(b.line), "\r")
		b.line = b.line[:0]
		if b.trailer {
			if line == "" {
				*b = Body{}
			}
			continue
		}
		size, _, _ := strings.Cut(line, ";")
		length, err := strconv.ParseUint(strings.TrimSpace(size), 16, 40)
		switch {
		case err != nil:
			*b = Body{left: math.MaxInt64}
		case length == 0:
			b.trailer = true
		default:
			b.left = int64(length) + 2
		}
	}
	return n
}

// Lost skips n missing bytes. It reports whether they were all part of the body and its end is
// still known.
func (b *Body) Lost(n int64) bool {
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

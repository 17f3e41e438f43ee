package play

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// headLimit limits the head of a request or a response, in bytes.
const headLimit = 32 << 10

// A Head is a request or a response, without a body.
type Head struct {
	Start  string // its first line
	Fields []Field
}

type Field struct{ Name, Value string }

// Values returns the values of all fields with this name, ignoring case.
func (h *Head) Values(name string) (list []string) {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			list = append(list, f.Value)
		}
	}
	return list
}

// Get returns the value of a field; several values are joined.
func (h *Head) Get(name string) string { return strings.Join(h.Values(name), ", ") }

// Has reports whether a field lists a token, ignoring case.
func (h *Head) Has(name, token string) bool {
	for t := range strings.SplitSeq(h.Get(name), ",") {
		if strings.EqualFold(strings.TrimSpace(t), token) {
			return true
		}
	}
	return false
}

var ErrHead = errors.New("what came is not HTTP")

// headReader is what a head is read from.
type headReader interface {
	io.Reader
	SetReadDeadline(t time.Time) error
}

// ReadHead reads up to the empty line. glued is what followed it.
func ReadHead(conn headReader, deadline time.Time) (raw, glued []byte, err error) {
	conn.SetReadDeadline(deadline)
	defer conn.SetReadDeadline(time.Time{})
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		raw = append(raw, buf[:n]...)
		if end := bytes.Index(raw, []byte("\r\n\r\n")); end >= 0 {
			return raw[:end+4], raw[end+4:], nil
		}
		if len(raw) > headLimit {
			return raw, nil, fmt.Errorf("%w: no empty line in %d bytes", ErrHead, len(raw))
		}
		if err != nil {
			return raw, nil, err
		}
	}
}

func ParseHead(raw []byte) (*Head, error) {
	lines := strings.Split(strings.TrimSuffix(string(raw), "\r\n\r\n"), "\r\n")
	h := &Head{Start: lines[0]}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return nil, fmt.Errorf("%w: header line %q", ErrHead, line)
		}
		h.Fields = append(h.Fields, Field{name, strings.Trim(value, " \t")})
	}
	return h, nil
}

// AcceptFor returns the Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
func AcceptFor(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func FreshNonce() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// A StatusError reports that a server answered with a status other than 101.
type StatusError struct{ line string }

// Code returns the status code, or 0 if there is none.
func (e *StatusError) Code() int {
	_, rest, _ := strings.Cut(e.line, " ")
	digits, _, _ := strings.Cut(rest, " ")
	code, _ := strconv.Atoi(digits)
	return code
}

func (e *StatusError) Error() string { return fmt.Sprintf("the server answered %q", e.line) }

// errSilent reports that the opening handshake was not done in time.
var errSilent = errors.New("the peer did not finish the opening handshake in time")

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

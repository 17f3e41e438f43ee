package autobahn

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

// A head is a request or a response, without a body.
type head struct {
	start  string // its first line
	fields []field
}

type field struct{ name, value string }

// values returns the values of all fields with this name, ignoring case.
func (h *head) values(name string) (list []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			list = append(list, f.value)
		}
	}
	return list
}

// get returns the value of a field; several values are joined.
func (h *head) get(name string) string { return strings.Join(h.values(name), ", ") }

// has reports whether a field lists a token, ignoring case.
func (h *head) has(name, token string) bool {
	for t := range strings.SplitSeq(h.get(name), ",") {
		if strings.EqualFold(strings.TrimSpace(t), token) {
			return true
		}
	}
	return false
}

var errHead = errors.New("what came is not HTTP")

// headReader is what a head is read from.
type headReader interface {
	io.Reader
	SetReadDeadline(t time.Time) error
}

// readHead reads up to the empty line. glued is what followed it.
func readHead(conn headReader, deadline time.Time) (raw, glued []byte, err error) {
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
			return raw, nil, fmt.Errorf("%w: no empty line in %d bytes", errHead, len(raw))
		}
		if err != nil {
			return raw, nil, err
		}
	}
}

func parseHead(raw []byte) (*head, error) {
	lines := strings.Split(strings.TrimSuffix(string(raw), "\r\n\r\n"), "\r\n")
	h := &head{start: lines[0]}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return nil, fmt.Errorf("%w: header line %q", errHead, line)
		}
		h.fields = append(h.fields, field{name, strings.Trim(value, " \t")})
	}
	return h, nil
}

// acceptFor returns the Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
func acceptFor(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func freshNonce() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// A statusError reports that a server answered with a status other than 101.
type statusError struct{ line string }

// code returns the status code, or 0 if there is none.
func (e *statusError) code() int {
	_, rest, _ := strings.Cut(e.line, " ")
	digits, _, _ := strings.Cut(rest, " ")
	code, _ := strconv.Atoi(digits)
	return code
}

func (e *statusError) Error() string { return fmt.Sprintf("the server answered %q", e.line) }

// Package http1 follows one direction of HTTP/1.1 and finds the heads of its messages (RFC
// 9112): where each ends, and how long its body is. It does not judge them. Package handshake
// reports what is wrong with an opening handshake.
package http1

import (
	"bytes"
	"errors"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

// MaxHead is the largest head that is read, in bytes.
const MaxHead = 64 << 10

// ErrNotHTTP is returned for bytes that are not the head of an HTTP/1 message.
var ErrNotHTTP = errors.New("not HTTP/1")

// Head is the head of a request or a response.
type Head struct {
	Line   string  `json:"line"`
	Fields []Field `json:"fields"`

	Method string `json:"-"` // of a request
	Target string `json:"-"`
	Proto  string `json:"-"`
	Status int    `json:"-"` // of a response
}

// Field is one line of a head.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ParseRequest parses the head at the beginning of p. n is its length in bytes, or 0 if it is
// incomplete.
func ParseRequest(p []byte) (h *Head, n int, err error) {
	if !maybeRequest(p) {
		return nil, 0, ErrNotHTTP
	}
	h, n, err = parse(p)
	if n == 0 {
		return nil, 0, err
	}
	var rest string
	h.Method, rest, _ = strings.Cut(h.Line, " ")
	i := strings.LastIndexByte(rest, ' ')
	if i < 0 {
		return nil, 0, ErrNotHTTP
	}
	h.Target, h.Proto = rest[:i], rest[i+1:]
	if !strings.HasPrefix(h.Proto, "HTTP/1.") {
		return nil, 0, ErrNotHTTP
	}
	return h, n, nil
}

// ParseResponse is like ParseRequest for a response.
func ParseResponse(p []byte) (h *Head, n int, err error) {
	if k := min(len(p), len("HTTP/1.")); string(p[:k]) != "HTTP/1."[:k] {
		return nil, 0, ErrNotHTTP
	}
	h, n, err = parse(p)
	if n == 0 {
		return nil, 0, err
	}
	var rest string
	h.Proto, rest, _ = strings.Cut(h.Line, " ")
	code, _, _ := strings.Cut(rest, " ")
	h.Status, err = strconv.Atoi(code)
	if err != nil || len(code) != 3 {
		return nil, 0, ErrNotHTTP
	}
	return h, n, nil
}

// MaybeRequest reports whether p could be the beginning of a request.
func MaybeRequest(p []byte) bool { return len(p) > 0 && maybeRequest(p) }

// maybeRequest checks that p begins with a method and a space. It accepts only the few methods
// that programs send, in capital letters.
func maybeRequest(p []byte) bool {
	for i, b := range p[:min(len(p), 20)] {
		switch {
		case b == ' ':
			return i >= 3
		case b < 'A' || b > 'Z':
			return false
		}
	}
	return len(p) < 20
}

func parse(p []byte) (*Head, int, error) {
	end := bytes.Index(p[:min(len(p), MaxHead)], []byte("\r\n\r\n"))
	if end < 0 {
		if len(p) >= MaxHead {
			return nil, 0, ErrNotHTTP
		}
		return nil, 0, nil
	}
	h := &Head{}
	line, rest, _ := strings.Cut(string(p[:end]), "\r\n")
	h.Line = line
	for l := range strings.SplitSeq(rest, "\r\n") {
		if l == "" {
			continue
		}
		name, value, ok := strings.Cut(l, ":")
		if !ok {
			continue // package handshake reports it
		}
		h.Fields = append(h.Fields, Field{Name: name, Value: strings.Trim(value, " \t")})
	}
	return h, end + 4, nil
}

// Values returns the values of the fields with this name.
func (h *Head) Values(name string) (values []string) {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Has reports whether a field that holds a list contains the element, ignoring case.
func (h *Head) Has(name, element string) bool {
	for _, v := range h.Values(textproto.CanonicalMIMEHeaderKey(name)) {
		for t := range handshake.Tokens(v) {
			if strings.EqualFold(t, element) {
				return true
			}
		}
	}
	return false
}

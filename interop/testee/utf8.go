// What the libraries leave to the application: text is checked while it is read.

package main

import (
	"errors"
	"io"
	"unicode/utf8"
)

var errNotUTF8 = errors.New("invalid UTF-8 in a text message")

// textReader passes on the bytes of one text message. It fails at the first byte after which
// the message cannot become valid.
type textReader struct {
	r    io.Reader
	tail []byte // a character whose end has not arrived
}

func (t *textReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if !t.valid(p[:n]) || errors.Is(err, io.EOF) && len(t.tail) > 0 {
		return 0, errNotUTF8
	}
	return n, err
}

func (t *textReader) valid(p []byte) bool {
	for len(t.tail) > 0 && len(p) > 0 {
		t.tail = append(t.tail, p[0])
		p = p[1:]
		if utf8.FullRune(t.tail) {
			if !utf8.Valid(t.tail) {
				return false
			}
			t.tail = t.tail[:0]
		}
	}
	// Only the last three bytes can be the beginning of a character.
	for i := len(p) - 1; i >= 0 && i >= len(p)-utf8.UTFMax+1; i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				t.tail = append(t.tail, p[i:]...)
				p = p[:i]
			}
			break
		}
	}
	return utf8.Valid(p)
}

// Package guard hands out memory beside an unreadable page, so that a kernel
// that looks one byte too far does not pass its test.
package guard

import "testing"

// Slice returns n zero bytes; the page after the last one cannot be read or
// written. The memory is freed when tb ends.
//
// Where pages cannot be protected it is an ordinary slice: see [Fenced].
func Slice(tb testing.TB, n int) []byte {
	tb.Helper()
	body := fenced(tb, n)
	if body == nil {
		return make([]byte, n)
	}
	return body[len(body)-n:]
}

// Head returns n zero bytes; the page before the first one cannot be read or
// written. Otherwise it is as [Slice].
func Head(tb testing.TB, n int) []byte {
	tb.Helper()
	body := fenced(tb, n)
	if body == nil {
		return make([]byte, n)
	}
	return body[:n:n]
}

// Fenced reports whether this system protects pages for us.
func Fenced(tb testing.TB) bool {
	tb.Helper()
	return fenced(tb, 1) != nil
}

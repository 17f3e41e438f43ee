package nethttp

import (
	"bufio"
	"net/http"
)

// CopyBuffered returns a copy of what net/http has read behind the request, so that its buffer
// is not kept. It is nil if there is nothing.
func CopyBuffered(r *bufio.Reader) []byte {
	n := r.Buffered()
	if n == 0 {
		return nil
	}
	p, _ := r.Peek(n)
	return append([]byte(nil), p...)
}

// DropBuffers frees the memory of the two buffers of a connection that was taken over from w,
// 8 KiB, if they are net/http's own: it holds them until the handler returns, and does not look
// at them any more. The buffers of other writers may be used again by whoever made them.
func DropBuffers(w http.ResponseWriter, brw *bufio.ReadWriter) {
	if hijacksItself(w) {
		*brw.Reader, *brw.Writer = bufio.Reader{}, bufio.Writer{}
	}
}

// hijacksItself reports whether w is net/http's own writer, or one around it that leaves Hijack
// to it.
func hijacksItself(w http.ResponseWriter) bool {
	for !IsResponse(w) {
		u, ok := w.(Unwrapper)
		if _, hijacks := w.(http.Hijacker); !ok || hijacks {
			return false
		}
		w = u.Unwrap()
	}
	return true
}

package conn

// window is the LZ77 window of one direction between two messages: what the next
// message may refer to (RFC 7692 §7.1.1). It holds memory for as long as the
// connection lives, hence no more than was agreed on.
type window []byte

// slide appends p, and keeps the last size bytes.
func (w *window) slide(p []byte, size int) {
	p = p[max(0, len(p)-size):]
	keep := min(len(*w), size-len(p))
	if n := keep + len(p); n > cap(*w) {
		grown := make(window, 0, windowCap(n, size))
		*w = append(grown, (*w)[len(*w)-keep:]...)
	} else {
		*w = (*w)[:copy(*w, (*w)[len(*w)-keep:])]
	}
	*w = append(*w, p...)
}

// windowCap is how much memory n bytes of a window of size get. Connections that
// say little hold little; the others get it all at once, so that growing leaves no
// more than an eighth of it behind.
func windowCap(n, size int) int {
	if n <= size/8 {
		return size / 8
	}
	return size
}

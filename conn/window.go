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

// windowCap is the capacity for n bytes of a window of size. Connections that say
// little hold little. The others get all of it at once, so growing discards no more
// than an eighth of it.
func windowCap(n, size int) int {
	if n <= size/8 {
		return size / 8
	}
	return size
}

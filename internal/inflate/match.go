package inflate

// match outputs the rest of a match, or as much as there is room for.
func (d *Decoder) match(c *call) bool {
	// RFC 7692 §7.1.2: the window is the one agreed in the handshake.
	if d.distance > d.window {
		return d.fail(ErrBeyondWindow)
	}
	// RFC 1951 §3.2.3: a distance cannot refer past the beginning.
	if d.distance > c.end-c.base+len(d.history) {
		return d.fail(ErrBeforeStart)
	}
	n := min(d.length, len(c.buf)-c.end)
	c.end = copyMatch(c.buf, c.end, c.base, d.history, d.distance, n)
	if d.length -= n; d.length > 0 {
		return false
	}
	d.state = symbols
	return true
}

// copyMatch writes length bytes at buf[end:]. They repeat those distance bytes before, in
// buf[base:end] or, before that, in history. It returns the new end.
func copyMatch(buf []byte, end, base int, history []byte, distance, length int) int {
	stop := end + length
	if before := distance - (end - base); before > 0 {
		end += copy(buf[end:stop], history[len(history)-before:])
	}
	// A match may overlap its own output (RFC 1951 §3.2.3). Each round has twice as much to
	// copy from as the one before, all in phase.
	for from := end - distance; end < stop; {
		end += copy(buf[end:stop], buf[from:end])
	}
	return end
}

package h2

// Windows are counted in 64 bits, so that no sum of two 31-bit values wraps, and that the
// negative windows of §6.9.2 are plain numbers.

// inflow is a window that we grant: how much the peer may send.
type inflow struct {
	left int64 // the peer may still send; below 0 after our setting has shrunk it
	owed int64 // free again, and not announced yet
}

// take notes that n bytes have come. It reports false, and nothing has changed, if the peer
// was not allowed to send them.
func (f *inflow) take(n int64) bool {
	if n > f.left {
		return false
	}
	f.left -= n
	return true
}

// refill notes that n bytes of a window of this size are free again. It returns the increment
// to announce now; 0: the refill is still too small to be worth a frame.
func (f *inflow) refill(n, size int64) (increment uint32) {
	f.owed += n
	if f.owed*2 < size {
		return 0
	}
	increment = uint32(f.owed)
	f.left, f.owed = f.left+f.owed, 0
	return increment
}

// outflow is a window that the peer grants: how much we may send. It may be below 0 (§6.9.2).
type outflow int64

// grow changes the window. It reports false, and nothing has changed, if it would become
// larger than §6.9.1 allows.
func (f *outflow) grow(n int64) bool {
	if int64(*f)+n > maxWindow {
		return false
	}
	*f += outflow(n)
	return true
}

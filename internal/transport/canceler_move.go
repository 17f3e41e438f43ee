package transport

import "net"

// Close closes the transport. It may be called from anywhere, of the two directions of a
// connection for that which reads: what it interrupts stays so.
func (c *Canceler) Close() error {
	c.state.set(retired) // Move either sees it, or Stream returns what it has put there
	return c.Stream().Close()
}

// Stream is Transport for callers outside the gate.
func (c *Canceler) Stream() Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.of
}

// Move has to make another transport of that of a connection, and puts it there. It is called
// inside both gates. It fails with net.ErrClosed if the transport is closed. Interruptions stay.
func Move(reading, writing *Canceler, to func() (Transport, error)) error {
	reading.mu.Lock()
	defer reading.mu.Unlock()
	writing.mu.Lock()
	defer writing.mu.Unlock()
	if reading.state.is(retired) {
		return net.ErrClosed
	}
	t, err := to()
	if err != nil {
		return err
	}
	*reading.of = t
	if reading.state.is(interrupted) {
		t.InterruptRead(true)
	}
	if writing.state.is(interrupted) {
		t.InterruptWrite(true)
	}
	return nil
}

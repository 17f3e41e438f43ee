package mux

import "time"

// A deadline is the end of the time for reading or for writing. It is under Conn.mu.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func (c *Conn) setDeadline(d *deadline, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.passed = false
	if t.IsZero() {
		return nil
	}
	var timer *time.Timer
	timer = time.AfterFunc(time.Until(t), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if d.timer == timer { // it is not an older one
			d.passed = true
			c.changed.Broadcast()
		}
	})
	d.timer = timer
	return nil
}

// SetReadDeadline sets when reads that wait fail with os.ErrDeadlineExceeded.
func (s *Stream) SetReadDeadline(t time.Time) error { return s.c.setDeadline(&s.reading, t) }

// SetWriteDeadline sets when writes that wait fail with os.ErrDeadlineExceeded.
func (s *Stream) SetWriteDeadline(t time.Time) error { return s.c.setDeadline(&s.writing, t) }

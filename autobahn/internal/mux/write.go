package mux

import (
	"bytes"
	"net"

	"golang.org/x/net/http2"
)

// frame puts frames into the queue. Under mu.
func (c *Conn) frame(put func(f *http2.Framer) error) {
	if c.err != nil {
		return
	}
	before := c.out.Len()
	_ = put(c.framer) // a buffer takes everything
	c.queued += int64(c.out.Len() - before)
	c.changed.Broadcast()
}

// write writes what is queued, until the connection has ended.
func (c *Conn) write() {
	var batch bytes.Buffer
	for {
		c.mu.Lock()
		for (c.out.Len() == 0 || c.phase == silent) && c.err == nil {
			c.changed.Wait()
		}
		if c.out.Len() == 0 {
			c.mu.Unlock()
			// What the peer still sends is read: TCP would reset our last frames otherwise.
			if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
			return
		}
		batch.Reset()
		_, _ = c.out.WriteTo(&batch)
		c.mu.Unlock()
		n, err := c.nc.Write(batch.Bytes())
		c.mu.Lock()
		c.written += int64(n)
		c.changed.Broadcast()
		if err != nil {
			c.out.Reset()
			if c.err == nil {
				c.end(&LostError{GoAway: c.goAway, Err: err}, http2.ErrCodeNo)
				c.out.Reset()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
}

// flush waits until what is queued now is written. stop is asked whether to give up. Under mu.
func (c *Conn) flush(stop func() error) error {
	for end := c.queued; c.written < end; {
		if err := stop(); err != nil {
			return err
		}
		if c.err != nil {
			return net.ErrClosed
		}
		c.changed.Wait()
	}
	return nil
}

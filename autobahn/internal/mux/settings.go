package mux

import (
	"io"
	"time"

	"golang.org/x/net/http2"
)

// Announce sends SETTINGS. Another window is that of streams that exist as well, once the peer has
// acknowledged it (RFC 9113 section 6.9.2).
func (c *Conn) Announce(list ...http2.Setting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.announce(list)
}

func (c *Conn) announce(list []http2.Setting) {
	window := c.window
	if n := len(c.offered); n > 0 {
		window = c.offered[n-1]
	}
	for _, set := range list {
		if set.ID == http2.SettingInitialWindowSize {
			window = int64(set.Val)
		}
	}
	c.offered = append(c.offered, window)
	c.frame(func(f *http2.Framer) error { return f.WriteSettings(list...) })
}

// Narrow makes the window of a server's streams as small as a case wants it for one of them, until
// Widen is called with that. Of several the smallest counts.
func (c *Conn) Narrow(s *Stream, window uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.narrow == nil {
		c.narrow = map[*Stream]uint32{}
	}
	c.narrow[s] = window
	c.announceSmallest()
}

// Widen undoes what Narrow did for a stream.
func (c *Conn) Widen(s *Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.narrow, s)
	c.announceSmallest()
}

func (c *Conn) announceSmallest() {
	smallest := c.cfg.Window
	for _, window := range c.narrow {
		smallest = min(smallest, window)
	}
	c.announce([]http2.Setting{{ID: http2.SettingInitialWindowSize, Val: smallest}})
}

// AwaitSettings waits for the peer's first settings, and returns its value of
// SETTINGS_ENABLE_CONNECT_PROTOCOL. It returns io.ErrNoProgress if they do not come in time.
func (c *Conn) AwaitSettings(d time.Duration) (connect uint32, err error) {
	late := c.alarm(d)
	defer late.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.peer.heard && c.err == nil && !late.rang {
		c.changed.Wait()
	}
	switch {
	case c.peer.heard:
		return c.peer.connect, nil
	case c.err != nil:
		return 0, c.err
	}
	return 0, io.ErrNoProgress
}

// takeSettings processes SETTINGS.
func (c *Conn) takeSettings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		if len(c.offered) == 0 {
			return faultf(http2.ErrCodeProtocol, "an acknowledgement of settings that were not sent (RFC 9113 section 6.5.3)")
		}
		grown := c.offered[0] - c.window
		c.window, c.offered = c.offered[0], c.offered[1:]
		for _, s := range c.streams {
			s.left += grown
		}
		return nil
	}
	err := f.ForeachSetting(func(set http2.Setting) error {
		if err := set.Valid(); err != nil && set.ID != http2.SettingEnableConnectProtocol {
			return faultf(http2.ErrCodeProtocol, "the setting %v", set)
		}
		switch set.ID {
		case http2.SettingEnableConnectProtocol:
			if set.Val > 1 {
				return faultf(http2.ErrCodeProtocol, "SETTINGS_ENABLE_CONNECT_PROTOCOL is %d (RFC 8441 section 3)", set.Val)
			}
			if c.peer.connect > set.Val {
				return faultf(http2.ErrCodeProtocol, "SETTINGS_ENABLE_CONNECT_PROTOCOL is 0 after 1 (RFC 8441 section 3)")
			}
			c.peer.connect = set.Val
		case http2.SettingInitialWindowSize:
			for _, s := range c.streams {
				s.may += int64(set.Val) - c.peer.window
			}
			c.peer.window = int64(set.Val)
		case http2.SettingMaxFrameSize:
			c.peer.frame = int(set.Val)
		case http2.SettingHeaderTableSize:
			c.encoder.SetMaxDynamicTableSizeLimit(set.Val)
		}
		return nil
	})
	c.peer.heard = true
	c.frame(func(out *http2.Framer) error { return out.WriteSettingsAck() })
	return err
}

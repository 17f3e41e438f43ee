package http3

import (
	"bufio"
	"io"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"
)

// The types of streams in one direction (RFC 9114 §6.2, RFC 9204 §4.2).
const (
	streamControl      = 0x0
	streamPush         = 0x1
	streamQPACKEncoder = 0x2
	streamQPACKDecoder = 0x3
)

// The settings that matter (RFC 9114 §7.2.4.1, RFC 9220 §5).
const (
	settingMaxFieldSectionSize   = 0x6
	settingEnableConnectProtocol = 0x8
)

// maxSettings bounds the server's SETTINGS frame, in bytes.
const maxSettings = 4 << 10

// sendSettings opens our control stream, which stays open (RFC 9114 §6.2.1). Without settings of
// QPACK there is no dynamic table, and neither end needs its streams (RFC 9204 §3.2.3).
func (c *conn) sendSettings() error {
	control, err := c.quic.OpenUniStream()
	if err != nil {
		return err
	}
	var settings []byte
	settings = quicvarint.Append(settings, settingMaxFieldSectionSize)
	settings = quicvarint.Append(settings, uint64(maxResponseHead))
	b := []byte{streamControl, frameSettings}
	b = append(quicvarint.Append(b, uint64(len(settings))), settings...)
	_, err = control.Write(b)
	return err
}

// accept takes the server's streams until the connection ends.
func (c *conn) accept() {
	for {
		s, err := c.quic.AcceptUniStream(c.quic.Context())
		if err != nil {
			return
		}
		c.running.Go(func() { c.receive(s) })
	}
}

// receive reads a stream of the server. There is one of each kind that it knows; they last as
// long as the connection.
func (c *conn) receive(s *quic.ReceiveStream) {
	r := bufio.NewReaderSize(s, 256)
	kind, err := quicvarint.Read(r)
	if err != nil {
		return // RFC 9114 §6.2: a stream may end before it has said what it is
	}
	switch kind {
	case streamControl, streamQPACKEncoder, streamQPACKDecoder:
	case streamPush: // RFC 9114 §4.6: we have allowed none
		c.fail(h3.ErrCodeIDError)
		return
	default: // RFC 9114 §6.2
		s.CancelRead(quic.StreamErrorCode(h3.ErrCodeStreamCreationError))
		return
	}
	if c.received[kind].Swap(true) {
		c.fail(h3.ErrCodeStreamCreationError)
		return
	}
	if kind == streamControl {
		c.fail(c.control(r))
		return
	}
	_, _ = io.Copy(io.Discard, r) // nothing in it concerns an empty table
	c.fail(h3.ErrCodeClosedCriticalStream)
}

// control reads the server's control stream. It returns what is wrong with it.
func (c *conn) control(r *bufio.Reader) h3.ErrCode {
	for first := true; ; first = false {
		kind, err := quicvarint.Read(r)
		if err != nil {
			return h3.ErrCodeClosedCriticalStream // RFC 9114 §6.2.1
		}
		size, err := quicvarint.Read(r)
		if err != nil {
			return h3.ErrCodeClosedCriticalStream
		}
		code := h3.ErrCode(0)
		switch {
		case first && kind != frameSettings: // RFC 9114 §6.2.1
			return h3.ErrCodeMissingSettings
		case first:
			code = c.receiveSettings(r, size)
		case kind == frameGoAway:
			code = c.receiveGoAway(r, size)
		case kind == frameCancelPush: // RFC 9114 §7.2.3: nothing was pushed
			return h3.ErrCodeIDError
		case !unknownFrame(kind): // also a second SETTINGS (RFC 9114 §7.2.4)
			return h3.ErrCodeFrameUnexpected
		default:
			if _, err := io.CopyN(io.Discard, r, int64(min(size, 1<<62))); err != nil {
				return h3.ErrCodeClosedCriticalStream
			}
		}
		if code != 0 {
			return code
		}
	}
}

// receiveSettings reads a SETTINGS frame (RFC 9114 §7.2.4).
func (c *conn) receiveSettings(r io.Reader, size uint64) h3.ErrCode {
	if size > maxSettings {
		return h3.ErrCodeExcessiveLoad
	}
	p := make([]byte, size)
	if _, err := io.ReadFull(r, p); err != nil {
		return h3.ErrCodeClosedCriticalStream
	}
	seen := make(map[uint64]bool)
	for len(p) > 0 {
		id, n, err := quicvarint.Parse(p)
		if err != nil {
			return h3.ErrCodeFrameError
		}
		value, m, err := quicvarint.Parse(p[n:])
		if err != nil {
			return h3.ErrCodeFrameError
		}
		p = p[n+m:]
		if seen[id] {
			return h3.ErrCodeSettingsError
		}
		seen[id] = true
		switch id {
		case 0x2, 0x3, 0x4, 0x5: // RFC 9114 §7.2.4.1: of HTTP/2
			return h3.ErrCodeSettingsError
		case settingEnableConnectProtocol:
			if value > 1 { // RFC 8441 §3
				return h3.ErrCodeSettingsError
			}
			c.extended = value == 1
		case settingMaxFieldSectionSize:
			c.maxFields = value
		}
	}
	close(c.settled)
	return 0
}

// receiveGoAway reads a GOAWAY frame (RFC 9114 §5.2): the server has not looked at requests from
// this number on, and takes no others.
func (c *conn) receiveGoAway(r io.Reader, size uint64) h3.ErrCode {
	p := make([]byte, min(size, 8))
	if _, err := io.ReadFull(r, p); err != nil {
		return h3.ErrCodeClosedCriticalStream
	}
	id, n, err := quicvarint.Parse(p)
	if err != nil || uint64(n) != size {
		return h3.ErrCodeFrameError
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if id%4 != 0 || id > c.goAway {
		return h3.ErrCodeIDError
	}
	c.goAway = id
	for s := range c.waiting {
		if c.turnedAway(s) {
			s.CancelRead(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
			s.CancelWrite(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
		}
	}
	c.restIfIdle()
	return 0
}

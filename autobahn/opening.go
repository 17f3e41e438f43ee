package autobahn

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// openAsClient does the opening handshake with a server. glued is what followed its response.
func (s *session) openAsClient(target *url.URL, c *Case) (response *head, glued []byte, err error) {
	key := freshNonce()
	request := newRequest(target, key, c.offer)
	if c.door != nil && c.door.request != nil {
		c.door.request(request, key)
		key = strings.Trim(request.get("Sec-WebSocket-Key"), " \t") // a server may accept an invalid key
	}
	out := request.encode()
	s.result.HTTPRequest = string(out)
	s.logWrite(out, false)
	s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	_, unsent := s.conn.Write(out)
	s.conn.SetWriteDeadline(time.Time{})
	// A server need not read all of a large request before it refuses it.
	raw, glued, err := readHead(s.conn, time.Now().Add(s.timeout))
	if err != nil && unsent != nil {
		err = unsent
	}
	s.result.HTTPResponse = string(raw)
	if len(raw) > 0 {
		s.result.RxOctetStats[len(raw)]++
		s.log(Entry{Kind: logRxOctets, Length: len(raw), Data: raw})
	}
	if err != nil {
		return nil, nil, s.handshakeError(err)
	}
	response, err = parseHead(raw)
	if err == nil {
		err = s.checkResponse(response, key, c)
	}
	return response, glued, err
}

// checkResponse checks a server's response against RFC 6455 section 4.1.
func (s *session) checkResponse(h *head, key string, c *Case) error {
	version, status, _ := strings.Cut(h.start, " ")
	status, _, _ = strings.Cut(status, " ")
	switch {
	case version != "HTTP/1.1" || status != "101":
		return &statusError{h.start}
	case !strings.EqualFold(h.get("Upgrade"), "websocket"):
		return fmt.Errorf("the 101 has Upgrade %q", h.get("Upgrade"))
	case !h.has("Connection", "upgrade"):
		return fmt.Errorf("the 101 has Connection %q", h.get("Connection"))
	case h.get("Sec-WebSocket-Accept") != acceptFor(key):
		return fmt.Errorf("the 101 has Sec-WebSocket-Accept %q, it should be %q", h.get("Sec-WebSocket-Accept"), acceptFor(key))
	case h.get("Sec-WebSocket-Protocol") != "" && !strings.Contains(s.result.HTTPRequest, "Sec-WebSocket-Protocol"):
		return fmt.Errorf("the 101 has a subprotocol, %q, and none was offered", h.get("Sec-WebSocket-Protocol"))
	}
	list, err := parseExtensions(h.values("Sec-WebSocket-Extensions"))
	if err != nil {
		return err
	}
	for i, e := range list {
		if e.name != deflateName || c.offer == nil || i > 0 {
			return fmt.Errorf("the 101 has the extension %s, which was not offered, or twice", e.name)
		}
		t, err := parseTerms(e, false)
		if err != nil {
			return err
		}
		if c.door != nil && c.door.declines {
			s.fault = fmt.Errorf("the server agreed to %q with %q", c.offer.offer(), h.get("Sec-WebSocket-Extensions"))
		} else if err := t.fits(c.offer.offer()); err != nil {
			if c.offer.strict {
				s.fault = err
			}
			s.note("But %v: see 20.10.", err)
		}
		s.agree(&t)
	}
	return nil
}

// errSilent reports that the opening handshake was not done in time.
var errSilent = errors.New("the peer did not finish the opening handshake in time")

// handshakeError rephrases a network error in terms of the handshake.
func (s *session) handshakeError(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		s.result.OpenTimeout = true
		return errSilent
	}
	return fmt.Errorf("TCP ended in the opening handshake: %w", err)
}

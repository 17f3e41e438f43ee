package autobahn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// A request opens connections with servers, by HTTP/1.1 (RFC 6455 section 4.1).
type request struct {
	target *url.URL
}

func (r *request) gives() need { return needHTTP1 | needTCP }

// open asks the server, and checks its response. If ctx ends first, it closes the connection.
func (r *request) open(ctx context.Context, s *session) (opened, error) {
	interrupt := context.AfterFunc(ctx, func() { s.stream.Close() })
	got, err := r.exchange(s)
	if !interrupt() {
		return got, context.Cause(ctx)
	}
	return got, err
}

func (r *request) exchange(s *session) (opened, error) {
	key := freshNonce()
	draft := newRequest(r.target, key, s.offer)
	if s.door != nil && s.door.request != nil {
		s.door.request(draft, key)
		key = strings.Trim(draft.get("Sec-WebSocket-Key"), " \t") // a server may accept an invalid key
	}
	out := draft.encode()
	s.result.HTTPRequest = string(out)
	s.logWrite(out, false)
	s.stream.SetWriteDeadline(time.Now().Add(s.timeout))
	_, unsent := s.stream.Write(out)
	s.stream.SetWriteDeadline(time.Time{})
	// A server need not read all of a large request before it refuses it.
	raw, glued, err := readHead(s.stream, time.Now().Add(s.timeout))
	if err != nil && unsent != nil {
		err = unsent
	}
	s.result.HTTPResponse = string(raw)
	if len(raw) > 0 {
		s.result.RxOctetStats[len(raw)]++
		s.log(Entry{Kind: logRxOctets, Length: len(raw), Data: raw})
	}
	if err != nil {
		return opened{}, s.handshakeError(err)
	}
	response, err := parseHead(raw)
	if err == nil {
		err = s.checkResponse(response, key)
	}
	return opened{head: response, glued: glued}, err
}

// checkResponse checks a server's response against RFC 6455 section 4.1.
func (s *session) checkResponse(h *head, key string) error {
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
		if e.name != deflateName || s.offer == nil || i > 0 {
			return fmt.Errorf("the 101 has the extension %s, which was not offered, or twice", e.name)
		}
		t, err := parseTerms(e, false)
		if err != nil {
			return err
		}
		if s.door != nil && s.door.declines {
			s.fault = fmt.Errorf("the server agreed to %q with %q", s.offer.offer(), h.get("Sec-WebSocket-Extensions"))
		} else if err := t.fits(s.offer.offer()); err != nil {
			if s.offer.strict {
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

package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A Request opens connections with servers, by HTTP/1.1 (RFC 6455 section 4.1).
type Request struct {
	Target *url.URL
	Extra  []Field // of the caller; see ExtraFields
}

func (r *Request) Gives() Need { return NeedHTTP1 | NeedTCP }

// Open asks the server, and checks its response. If ctx ends first, it closes the connection.
func (r *Request) Open(ctx context.Context, s *Session) (Opened, error) {
	interrupt := context.AfterFunc(ctx, func() { s.stream.Close() })
	got, err := r.exchange(s)
	if !interrupt() {
		return got, context.Cause(ctx)
	}
	return got, err
}

func (r *Request) exchange(s *Session) (Opened, error) {
	key := FreshNonce()
	draft := UsualRequest(r.Target, key, s.offer)
	addExtra(draft, r.Extra)
	if s.door != nil && s.door.Request != nil {
		s.door.Request(draft, key)
		key = strings.Trim(draft.Get("Sec-WebSocket-Key"), " \t") // a server may accept an invalid key
	}
	out := draft.Encode()
	s.logDraft(draft, r.Extra, len(out))
	s.stream.SetWriteDeadline(time.Now().Add(s.timeout))
	_, unsent := s.stream.Write(out)
	s.stream.SetWriteDeadline(time.Time{})
	// A server need not read all of a large request before it refuses it.
	raw, glued, err := ReadHead(s.stream, time.Now().Add(s.timeout))
	if err != nil && unsent != nil {
		err = unsent
	}
	s.Result.HTTPResponse = string(raw)
	if len(raw) > 0 {
		s.Result.RxOctetStats[len(raw)]++
		s.log(verdict.Entry{Kind: verdict.LogRxOctets, Length: len(raw), Data: raw})
	}
	if err != nil {
		return Opened{}, s.handshakeError(err)
	}
	response, err := ParseHead(raw)
	if err == nil {
		err = s.checkResponse(response, key)
	}
	return Opened{Head: response, Glued: glued}, err
}

// checkResponse checks a server's response against RFC 6455 section 4.1.
func (s *Session) checkResponse(h *Head, key string) error {
	version, status, _ := strings.Cut(h.Start, " ")
	status, _, _ = strings.Cut(status, " ")
	switch {
	case version != "HTTP/1.1" || status != "101":
		return &StatusError{h.Start}
	case !strings.EqualFold(h.Get("Upgrade"), "websocket"):
		return fmt.Errorf("the 101 has Upgrade %q", h.Get("Upgrade"))
	case !h.Has("Connection", "upgrade"):
		return fmt.Errorf("the 101 has Connection %q", h.Get("Connection"))
	case h.Get("Sec-WebSocket-Accept") != AcceptFor(key):
		return fmt.Errorf("the 101 has Sec-WebSocket-Accept %q, it should be %q", h.Get("Sec-WebSocket-Accept"), AcceptFor(key))
	}
	return s.checkAgreed(h)
}

// checkAgreed checks what a server agrees to, and agrees.
func (s *Session) checkAgreed(h *Head) error {
	if err := s.checkSubprotocol(h); err != nil {
		return err
	}
	list, err := parseExtensions(h.Values("Sec-WebSocket-Extensions"))
	if err != nil {
		return err
	}
	for i, e := range list {
		if e.name != DeflateName || s.offer == nil || i > 0 {
			return fmt.Errorf("the response has the extension %s, which was not offered, or twice", e.name)
		}
		t, err := parseTerms(e, false)
		if err != nil {
			return err
		}
		if s.door != nil && s.door.Declines {
			s.fault = fmt.Errorf("the server agreed to %q with %q", s.offer.Offer(), h.Get("Sec-WebSocket-Extensions"))
		} else if err := t.fits(s.offer.Offer()); err != nil {
			if s.offer.Strict {
				s.fault = err
			}
			s.Note("But %v: see 20.10.", err)
		}
		s.agree(&t)
	}
	return nil
}

// handshakeError rephrases a network error in terms of the handshake.
func (s *Session) handshakeError(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		s.Result.OpenTimeout = true
		return errSilent
	}
	return fmt.Errorf("TCP ended in the opening handshake: %w", err)
}

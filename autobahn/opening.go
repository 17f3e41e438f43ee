package autobahn

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// headLimit limits the head of a request or a response, in bytes.
const headLimit = 32 << 10

// A head is a request or a response, without a body.
type head struct {
	start  string // its first line
	fields []field
}

type field struct{ name, value string }

// values returns the values of all fields with this name, ignoring case.
func (h *head) values(name string) (list []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			list = append(list, f.value)
		}
	}
	return list
}

// get returns the value of a field; several values are joined.
func (h *head) get(name string) string { return strings.Join(h.values(name), ", ") }

// has reports whether a field lists a token, ignoring case.
func (h *head) has(name, token string) bool {
	for t := range strings.SplitSeq(h.get(name), ",") {
		if strings.EqualFold(strings.TrimSpace(t), token) {
			return true
		}
	}
	return false
}

var errHead = errors.New("what came is not HTTP")

// readHead reads up to the empty line. glued is what followed it.
func readHead(conn net.Conn, deadline time.Time) (raw, glued []byte, err error) {
	conn.SetReadDeadline(deadline)
	defer conn.SetReadDeadline(time.Time{})
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		raw = append(raw, buf[:n]...)
		if end := bytes.Index(raw, []byte("\r\n\r\n")); end >= 0 {
			return raw[:end+4], raw[end+4:], nil
		}
		if len(raw) > headLimit {
			return raw, nil, fmt.Errorf("%w: no empty line in %d bytes", errHead, len(raw))
		}
		if err != nil {
			return raw, nil, err
		}
	}
}

func parseHead(raw []byte) (*head, error) {
	lines := strings.Split(strings.TrimSuffix(string(raw), "\r\n\r\n"), "\r\n")
	h := &head{start: lines[0]}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return nil, fmt.Errorf("%w: header line %q", errHead, line)
		}
		h.fields = append(h.fields, field{name, strings.Trim(value, " \t")})
	}
	return h, nil
}

// acceptFor returns the Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
func acceptFor(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func freshNonce() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// openAsClient does the opening handshake with a server. glued is what followed its response.
func (s *session) openAsClient(target *url.URL, c *Case) (response *head, glued []byte, err error) {
	key := freshNonce()
	request := newRequest(target, key, c.offer)
	request.dress(s.extra)
	if c.door != nil && c.door.request != nil {
		c.door.request(request, key)
		key = strings.Trim(request.get("Sec-WebSocket-Key"), " \t") // a server may accept an invalid key
	}
	out := request.encode()
	s.logRequest(request, out)
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
	}
	if err := s.checkSubprotocol(h, c); err != nil {
		return err
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

// checkSubprotocol checks that a server selected one of the offered subprotocols, or none. What a
// case offers, the case checks.
func (s *session) checkSubprotocol(h *head, c *Case) error {
	got := h.values("Sec-WebSocket-Protocol")
	offers := offeredIn(s.result.HTTPRequest)
	switch {
	case len(got) == 0:
		return nil
	case len(offers) == 0:
		return fmt.Errorf("the 101 has a subprotocol, %q, and none was offered", got)
	case c.door != nil && c.door.check != nil:
		return nil
	case len(got) > 1:
		return fmt.Errorf("the 101 has %d Sec-WebSocket-Protocol fields, %q", len(got), got)
	case !slices.Contains(offers, got[0]):
		return fmt.Errorf("the 101 has the subprotocol %q, and %q were offered", got[0], offers)
	}
	return nil
}

// offeredIn returns the subprotocols in a request, which need not be a valid one.
func offeredIn(request string) (list []string) {
	for line := range strings.SplitSeq(request, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(name, "Sec-WebSocket-Protocol") {
			continue
		}
		for p := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(p))
		}
	}
	return list
}

// A statusError reports that a server answered with a status other than 101.
type statusError struct{ line string }

// code returns the status code, or 0 if there is none.
func (e *statusError) code() int {
	_, rest, _ := strings.Cut(e.line, " ")
	digits, _, _ := strings.Cut(rest, " ")
	code, _ := strconv.Atoi(digits)
	return code
}

func (e *statusError) Error() string { return fmt.Sprintf("the server answered %q", e.line) }

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

// Package transport has the rules of SIP over WebSocket, RFC 7118: what the opening handshake
// must agree on, and how SIP messages travel in WebSocket messages. Package websocket provides
// the WebSocket, sipgo the syntax of SIP.
package transport

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
)

// MaxMessage is the largest message in bytes: the most that sipgo parses.
const MaxMessage = 65535

var parser = sip.NewParser()

// MalformedError reports a message that violates the rules of SIP.
type MalformedError struct {
	// Request is the readable part of it, for the reply. It is nil for a response, and if no
	// reply is possible.
	Request *sip.Request
	// Status is the status code for the reply, such as 400.
	Status int
	Err    error
}

// Error says what is wrong with the message.
func (e *MalformedError) Error() string { return "malformed SIP message: " + e.Err.Error() }

// Unwrap returns Err.
func (e *MalformedError) Unwrap() error { return e.Err }

// Encode returns the WebSocket message that carries m (RFC 7118 §4.2). It is text, as most
// implementations want it, unless its body is not UTF-8.
func Encode(m sip.Message) (websocket.MessageType, []byte) {
	var b bytes.Buffer
	m.StringWrite(&b)
	if !utf8.Valid(b.Bytes()) {
		return websocket.MessageBinary, b.Bytes()
	}
	return websocket.MessageText, b.Bytes()
}

// Decode parses the SIP message in a WebSocket message, text or binary. A WebSocket message
// holds exactly one SIP message (RFC 7118 §4.2), so Content-Length may be missing, but must be
// correct if present. The error is a *MalformedError.
func Decode(p []byte) (sip.Message, error) {
	m, n, err := parser.Parse(p, false)
	switch {
	case errors.Is(err, sip.ErrParseReadBodyIncomplete):
		err = errors.New("Content-Length is larger than the body")
	case err == nil && n < len(p):
		err = errors.New("Content-Length is smaller than the body")
	}
	if err == nil && !lined(p) {
		err = errors.New("the headers contain a control character")
	}
	status := sip.StatusBadRequest
	if err == nil {
		status, err = check(m)
	}
	if err == nil {
		return m, nil
	}
	malformed := &MalformedError{Status: status, Err: err}
	// An ACK is never answered (RFC 3261 §17), and no answer is possible without a Via.
	if req, ok := m.(*sip.Request); ok && !req.IsAck() && req.Via() != nil && req.CSeq() != nil {
		malformed.Request = req
	}
	return nil, malformed
}

// lined reports whether header lines end in CRLF only (RFC 3261 §7) and have no NUL. sipgo
// accepts both inside a value. After forwarding, another program might see a further header
// there.
func lined(p []byte) bool {
	head, _, _ := bytes.Cut(p, []byte("\r\n\r\n"))
	return bytes.Count(head, []byte("\n")) == bytes.Count(head, []byte("\r\n")) && bytes.IndexByte(head, 0) < 0
}

// check checks what every message must have (RFC 3261 §8.1.1 and §8.2.6.2). It returns the
// status for the reply.
func check(m sip.Message) (int, error) {
	version := ""
	switch m := m.(type) {
	case *sip.Request:
		version = m.SipVersion
		if cseq := m.CSeq(); cseq != nil && cseq.MethodName != m.Method {
			return sip.StatusBadRequest, fmt.Errorf("CSeq says %s and the request %s", cseq.MethodName, m.Method)
		}
	case *sip.Response:
		version = m.SipVersion
		if m.StatusCode < 100 || m.StatusCode > 699 {
			return sip.StatusBadRequest, fmt.Errorf("status %d", m.StatusCode)
		}
	}
	if version != "SIP/2.0" {
		return sip.StatusVersionNotSupported, fmt.Errorf("version %q", version)
	}
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"Via", m.Via() == nil},
		{"From", m.From() == nil},
		{"To", m.To() == nil},
		{"Call-ID", m.CallID() == nil},
		{"CSeq", m.CSeq() == nil},
	} {
		if field.missing {
			return sip.StatusBadRequest, fmt.Errorf("no %s", field.name)
		}
	}
	return 0, nil
}

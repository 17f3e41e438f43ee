package websocket

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

// judge decides about a request. The rules that programs know by their texts come first,
// in the order that they know; package handshake judges what is left. The Reason of a
// refusal is the whole text of the HandshakeError.
func (u *Upgrader) judge(r *http.Request, responseHeader http.Header) (handshake.Acceptance, *handshake.Refusal) {
	if refusal := u.judgeNamed(r, responseHeader); refusal != nil {
		return handshake.Acceptance{}, refusal
	}
	policy := handshake.Policy{
		Subprotocols: u.Subprotocols,
		AnyOrigin:    true, // CheckOrigin has decided
	}
	if chosen := responseHeader.Get("Sec-Websocket-Protocol"); u.Subprotocols == nil && chosen != "" {
		policy.Subprotocols = []string{chosen}
	}
	if u.EnableCompression {
		policy.Deflate = &noContextTakeover
	}
	accepted, refusal := policy.Accept(collect(r))
	if refusal != nil {
		refusal.Reason, refusal.Section = "websocket: "+refusal.Error(), ""
	}
	return accepted, refusal
}

// judgeNamed applies the rules whose texts programs know.
func (u *Upgrader) judgeNamed(r *http.Request, responseHeader http.Header) *handshake.Refusal {
	const otherProtocol = "websocket: the client is not using the websocket protocol: "
	switch {
	case !hasToken(r, "Connection", "upgrade"):
		return refused(http.StatusBadRequest, otherProtocol+"'upgrade' token not found in 'Connection' header")
	case !hasToken(r, "Upgrade", "websocket"):
		return refused(http.StatusUpgradeRequired, otherProtocol+"'websocket' token not found in 'Upgrade' header")
	case r.Method != http.MethodGet:
		return refused(http.StatusMethodNotAllowed, otherProtocol+"request method is not GET")
	case !hasToken(r, "Sec-Websocket-Version", handshake.Version):
		refusal := refused(http.StatusBadRequest, "websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header")
		refusal.Version = true
		return refusal
	case len(responseHeader.Values("Sec-Websocket-Extensions")) > 0:
		return refused(http.StatusInternalServerError, "websocket: application specific 'Sec-WebSocket-Extensions' headers are unsupported")
	case !u.originAllowed(r):
		return refused(http.StatusForbidden, "websocket: request origin not allowed by Upgrader.CheckOrigin")
	case !handshake.ValidKey(strings.TrimSpace(r.Header.Get("Sec-Websocket-Key"))):
		return refused(http.StatusBadRequest, "websocket: not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length")
	}
	return nil
}

// collect is the request as the rules see it. net/http has judged it as HTTP. The version
// and Host make no difference here: nginx speaks HTTP/1.0 to the servers behind it unless
// it is told otherwise, and requests that tests make by hand have neither.
func collect(r *http.Request) *handshake.Request {
	req := &handshake.Request{}
	req.Collect(r.Header)
	req.Method, req.Target, req.Host = r.Method, r.RequestURI, "checked.by.net-http"
	req.ProtoMajor, req.ProtoMinor = 1, 1
	req.TransferEncoding = append(req.TransferEncoding, r.TransferEncoding...)
	return req
}

// originAllowed asks CheckOrigin or its default.
func (u *Upgrader) originAllowed(r *http.Request) bool {
	if u.CheckOrigin != nil {
		return u.CheckOrigin(r)
	}
	origin := r.Header.Values("Origin")
	if len(origin) == 0 {
		return true
	}
	// Programs that are no browsers send whole URLs, of which the host counts.
	parsed, err := url.Parse(origin[0])
	return err == nil && handshake.SameHost(parsed.Host, r.Host)
}

// Subprotocols returns what the client offers in Sec-Websocket-Protocol, in its order; nil
// if it offers nothing.
func Subprotocols(r *http.Request) []string {
	line := strings.TrimSpace(r.Header.Get("Sec-Websocket-Protocol"))
	if line == "" {
		return nil
	}
	names := strings.Split(line, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

// IsWebSocketUpgrade reports whether the request asks for the WebSocket protocol. Whether
// [Upgrader.Upgrade] would accept it is another question.
func IsWebSocketUpgrade(r *http.Request) bool {
	return hasToken(r, "Connection", "upgrade") && hasToken(r, "Upgrade", "websocket")
}

func hasToken(r *http.Request, name, token string) bool {
	return handshake.HasToken(r.Header.Values(name), token)
}

// responseFields are the fields of the application for the response.
func responseFields(h http.Header) ([]handshake.Field, *handshake.Refusal) {
	var fields []handshake.Field
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if handshake.Reserved(name) {
			continue
		}
		if !handshake.ValidFieldName(name) {
			return nil, refused(http.StatusInternalServerError, fmt.Sprintf("websocket: %q in the response header is not the name of a field", name))
		}
		for _, value := range h[name] {
			fields = append(fields, handshake.Field{Name: name, Value: oneLine(value)})
		}
	}
	return fields, nil
}

// oneLine replaces what would end the line of a header field by spaces.
func oneLine(value string) string {
	if handshake.ValidFieldValue(value) {
		return value
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return ' '
		}
		return r
	}, value)
}

func refused(status int, text string) *handshake.Refusal {
	return &handshake.Refusal{Status: status, Reason: text}
}

// hijackRefusal is for a writer whose connection cannot be taken over.
func hijackRefusal(err error) *handshake.Refusal {
	if errors.Is(err, http.ErrNotSupported) {
		return refused(http.StatusInternalServerError, "websocket: response does not implement http.Hijacker")
	}
	return refused(http.StatusInternalServerError, "websocket: hijack: "+err.Error())
}

// refuse answers the request and returns the HandshakeError.
func (u *Upgrader) refuse(w http.ResponseWriter, r *http.Request, refusal *handshake.Refusal) error {
	for _, f := range refusal.Fields() {
		w.Header().Set(f.Name, f.Value)
	}
	err := HandshakeError{refusal.Reason}
	if u.Error != nil {
		u.Error(w, r, refusal.Status, err)
		return err
	}
	w.Header().Set("Sec-Websocket-Version", handshake.Version)
	http.Error(w, http.StatusText(refusal.Status), refusal.Status)
	return err
}

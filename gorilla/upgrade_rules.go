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
	"github.com/hawser-ws/websocket/internal/nethttp"
)

// judge decides about the request, and sets h.accepted and h.extra. The rules that programs
// know by their texts come first, in the order that they know; package handshake judges what
// is left. The Reason of a refusal is the whole text of the HandshakeError.
func (h *serverHandshake) judge() *handshake.Refusal {
	if refusal := h.u.judgeNamed(h.r, h.header); refusal != nil {
		return refusal
	}
	h.setPolicy()
	h.collect()
	if refusal := h.policy.AcceptInto(&h.accepted, &h.request); refusal != nil {
		refusal.Reason, refusal.Section = "websocket: "+refusal.Error(), ""
		return refusal
	}
	return h.addFields()
}

// setPolicy sets what the server demands and offers.
func (h *serverHandshake) setPolicy() {
	h.policy.Subprotocols = h.u.Subprotocols
	h.policy.AnyOrigin = true         // CheckOrigin has decided
	h.policy.LooseSubprotocols = true // Kubernetes
	if h.u.Subprotocols == nil && h.header != nil {
		h.chosen[0] = h.header.Get("Sec-Websocket-Protocol")
		h.policy.Subprotocols = h.chosen[:]
	}
	if h.u.EnableCompression {
		h.policy.Deflate = &noContextTakeover
	}
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
	case responseHeader["Sec-Websocket-Extensions"] != nil:
		return refused(http.StatusInternalServerError, "websocket: application specific 'Sec-WebSocket-Extensions' headers are unsupported")
	case !u.originAllowed(r):
		return refused(http.StatusForbidden, "websocket: request origin not allowed by Upgrader.CheckOrigin")
	case !handshake.ValidKey(strings.TrimSpace(r.Header.Get("Sec-Websocket-Key"))):
		return refused(http.StatusBadRequest, "websocket: not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length")
	}
	return nil
}

// collect takes from the request what the rules look at. net/http has judged it as HTTP.
// The version and Host make no difference here: nginx speaks HTTP/1.0 to the servers behind
// it unless it is told otherwise, and requests that tests make by hand have neither.
func (h *serverHandshake) collect() {
	req := &h.request
	req.Collect(nethttp.Header(h.r.Header))
	req.Method, req.Target, req.Host = h.r.Method, h.r.RequestURI, "checked.by.net-http"
	req.ProtoMajor, req.ProtoMinor = 1, 1
	req.TransferEncoding = append(req.TransferEncoding, h.r.TransferEncoding...)
}

// originAllowed asks CheckOrigin or its default.
func (u *Upgrader) originAllowed(r *http.Request) bool {
	if u.CheckOrigin != nil {
		return u.CheckOrigin(r)
	}
	origin := r.Header["Origin"]
	if len(origin) == 0 {
		return true
	}
	if _, host, ok := strings.Cut(origin[0], "://"); ok && host != "" && host == r.Host {
		return true // as nearly always
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

// hasToken reports whether the field, by its canonical name, lists token.
func hasToken(r *http.Request, name, token string) bool {
	return handshake.HasToken(r.Header[name], token)
}

// addFields takes the fields of the application for the response.
func (h *serverHandshake) addFields() *handshake.Refusal {
	for _, name := range slices.Sorted(maps.Keys(h.header)) {
		if handshake.Reserved(name) {
			continue
		}
		if !handshake.ValidFieldName(name) {
			return refused(http.StatusInternalServerError, fmt.Sprintf("websocket: %q in the response header is not the name of a field", name))
		}
		for _, value := range h.header[name] {
			h.extra = append(h.extra, handshake.Field{Name: name, Value: oneLine(value)})
		}
	}
	return nil
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
func (h *serverHandshake) refuse(w http.ResponseWriter, refusal *handshake.Refusal) error {
	for _, f := range refusal.Fields() {
		w.Header().Set(f.Name, f.Value)
	}
	err := HandshakeError{refusal.Reason}
	if h.u.Error != nil {
		h.u.Error(w, h.r, refusal.Status, err)
		return err
	}
	w.Header().Set("Sec-Websocket-Version", handshake.Version)
	http.Error(w, http.StatusText(refusal.Status), refusal.Status)
	return err
}

package play

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// ExtraFields returns what a caller adds to every request: header fields, in the order of their
// names, and subprotocols to offer.
func ExtraFields(header http.Header, subprotocols []string) (list []Field, err error) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if ownField(name) {
			return nil, fmt.Errorf("autobahn: the header has %s, which the suite writes itself", name)
		}
		for _, value := range header[name] {
			if !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
				return nil, fmt.Errorf("autobahn: the header field %q cannot be sent with the value %q", name, value)
			}
			list = append(list, Field{name, value})
		}
	}
	for _, p := range subprotocols {
		if !isToken(p) {
			return nil, fmt.Errorf("autobahn: the subprotocol %q is not a token (RFC 6455 section 4.1)", p)
		}
	}
	if len(subprotocols) > 0 {
		list = append(list, Field{"Sec-WebSocket-Protocol", strings.Join(subprotocols, ", ")})
	}
	return list, nil
}

// ownField reports whether the suite writes the field.
func ownField(name string) bool {
	own := []string{"host", "upgrade", "connection", "content-length", "transfer-encoding"}
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "sec-websocket-") || slices.Contains(own, name)
}

// addExtra adds the fields of a caller to a request.
func addExtra(d *Draft, extra []Field) {
	for _, f := range extra {
		if strings.EqualFold(f.Name, "User-Agent") {
			d.Fields = slices.DeleteFunc(d.Fields, func(own Field) bool { return strings.EqualFold(own.Name, f.Name) })
		}
	}
	d.Fields = append(d.Fields, extra...)
}

// logDraft records a request, which is length bytes. The values that a caller added may be
// secret, and reports are published.
func (s *Session) logDraft(d *Draft, extra []Field, length int) {
	shown := *d
	shown.Fields = slices.Clone(d.Fields)
	public := []string{"Origin", "User-Agent", "Sec-WebSocket-Protocol"}
	for i, f := range shown.Fields {
		added := slices.ContainsFunc(extra, func(e Field) bool { return e.Name == f.Name })
		if added && !slices.ContainsFunc(public, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			shown.Fields[i].Value = "(not shown)"
		}
	}
	text := shown.Encode()
	s.Result.HTTPRequest = string(text)
	s.Result.TxOctetStats[length]++
	s.log(verdict.Entry{Kind: verdict.LogTxOctets, Length: length, Data: text})
}

// checkSubprotocol checks that a server selected one of the offered subprotocols, or none. What a
// case offers, the case checks.
func (s *Session) checkSubprotocol(h *Head) error {
	got := h.Values("Sec-WebSocket-Protocol")
	offers := offeredIn(s.Result.HTTPRequest)
	switch {
	case len(got) == 0:
		return nil
	case len(offers) == 0:
		return fmt.Errorf("the response has a subprotocol, %q, and none was offered", got)
	case s.door != nil && s.door.Check != nil:
		return nil
	case len(got) > 1:
		return fmt.Errorf("the response has %d Sec-WebSocket-Protocol fields, %q", len(got), got)
	case !slices.Contains(offers, got[0]):
		return fmt.Errorf("the response has the subprotocol %q, and %q were offered", got[0], offers)
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

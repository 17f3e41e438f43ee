package autobahn

import (
	"context"
	"errors"
)

// An answer opens connections with clients, by HTTP/1.1 (RFC 6455 section 4.2).
type answer struct {
	head   *head  // the client's request
	raw    []byte // its bytes
	glued  []byte // bytes behind it
	reused bool   // its Sec-WebSocket-Key came before
}

func (a *answer) gives() need { return needHTTP1 | needTCP }

// open answers the request. The error says why the client is refused.
func (a *answer) open(_ context.Context, s *session) (opened, error) {
	s.logRequest(a.raw)
	h := a.head
	accept := acceptFor(h.get("Sec-WebSocket-Key"))
	list, err := parseExtensions(h.values("Sec-WebSocket-Extensions"))
	var agreed *terms
	if err == nil && s.offer != nil {
		agreed, err = s.offer.accept(list)
	}
	if err != nil {
		s.write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), 0, false)
		return opened{head: h}, err
	}
	s.agree(agreed)
	if a.reused && s.door != nil && s.door.fresh {
		s.fault = errors.New("the Sec-WebSocket-Key was used before")
	}
	response := "HTTP/1.1 101 Switching Protocols\r\nServer: hawser-conform\r\n" +
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n"
	if agreed != nil {
		response += "Sec-WebSocket-Extensions: " + agreed.String() + "\r\n"
	}
	out := []byte(response + "\r\n")
	if s.door != nil && s.door.response != nil {
		out = s.door.response(h, accept)
	}
	s.result.HTTPResponse = string(out)
	s.write(out, 0, true)
	return opened{head: h, glued: a.glued}, nil
}

// logRequest keeps the request of a client.
func (s *session) logRequest(raw []byte) {
	if len(raw) == 0 {
		return
	}
	s.result.HTTPRequest = string(raw)
	s.result.RxOctetStats[len(raw)]++
	s.log(Entry{Kind: logRxOctets, Length: len(raw), Data: raw})
}

package play

import (
	"context"
	"errors"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// An Answer opens connections with clients, by HTTP/1.1 (RFC 6455 section 4.2).
type Answer struct {
	Head   *Head  // the client's request
	Raw    []byte // its bytes
	Glued  []byte // bytes behind it
	Reused bool   // its Sec-WebSocket-Key came before
}

func (a *Answer) Gives() Need { return NeedHTTP1 | NeedTCP }

// Open answers the request. The error says why the client is refused.
func (a *Answer) Open(_ context.Context, s *Session) (Opened, error) {
	s.logRequest(a.Raw)
	h := a.Head
	accept := AcceptFor(h.Get("Sec-WebSocket-Key"))
	list, err := parseExtensions(h.Values("Sec-WebSocket-Extensions"))
	var agreed *terms
	if err == nil && s.offer != nil {
		agreed, err = s.offer.accept(list)
	}
	if err != nil {
		s.write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), 0, false)
		return Opened{Head: h}, err
	}
	s.agree(agreed)
	if a.Reused && s.door != nil && s.door.Fresh {
		s.fault = errors.New("the Sec-WebSocket-Key was used before")
	}
	response := "HTTP/1.1 101 Switching Protocols\r\nServer: hawser-conform\r\n" +
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n"
	if agreed != nil {
		response += "Sec-WebSocket-Extensions: " + agreed.String() + "\r\n"
	}
	out := []byte(response + "\r\n")
	if s.door != nil && s.door.Response != nil {
		a := usualAnswer(accept)
		s.door.Response(a)
		out = a.Encode()
	}
	s.Result.HTTPResponse = string(out)
	s.write(out, 0, true)
	return Opened{Head: h, Glued: a.Glued}, nil
}

// logRequest keeps the request of a client.
func (s *Session) logRequest(raw []byte) {
	if len(raw) == 0 {
		return
	}
	s.Result.HTTPRequest = string(raw)
	s.Result.RxOctetStats[len(raw)]++
	s.log(verdict.Entry{Kind: verdict.LogRxOctets, Length: len(raw), Data: raw})
}

package play

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A Connect opens connections with servers, by extended CONNECT of HTTP/2 (RFC 8441). The session
// has a stream of mux that is not opened yet.
type Connect struct {
	Target *url.URL
	Extra  []Field // of the caller; see ExtraFields
}

func (c *Connect) Gives() Need { return NeedHTTP2 }

// ErrNoConnect reports that a server does not offer extended CONNECT.
var ErrNoConnect = errors.New("the server does not offer WebSockets over HTTP/2: its SETTINGS lack ENABLE_CONNECT_PROTOCOL = 1 (RFC 8441 section 3)")

// Open asks the server, and checks its response. If ctx ends first, it ends the stream.
func (c *Connect) Open(ctx context.Context, s *Session) (Opened, error) {
	interrupt := context.AfterFunc(ctx, func() { s.stream.Close() })
	got, err := c.exchange(s)
	if !interrupt() {
		return got, context.Cause(ctx)
	}
	return got, err
}

func (c *Connect) exchange(s *Session) (Opened, error) {
	x := s.HTTP2()
	connect, err := x.Conn().AwaitSettings(s.timeout)
	if err == nil && connect != 1 {
		err = ErrNoConnect
	}
	if err != nil {
		return Opened{}, s.connectError(err)
	}
	draft := usualConnect(c.Target, s.offer)
	addExtra(draft, lowerNames(c.Extra))
	if s.door != nil && s.door.Request != nil {
		s.door.Request(draft, "")
	}
	s.logDraft(draft, lowerNames(c.Extra), len(draft.Encode()))
	s.asked = draft.block()
	s.beforeHead(x)
	x.Head(s.asked, draft.Form)
	if len(draft.Tail) > 0 {
		s.stream.SetWriteDeadline(time.Now().Add(s.timeout))
		_, _ = s.stream.Write(draft.Tail)
		s.stream.SetWriteDeadline(time.Time{})
	}
	fields, err := x.AwaitHead(s.timeout)
	if err != nil {
		return Opened{}, s.connectError(err)
	}
	h := headOf("HTTP/2 ", fields)
	s.Result.HTTPResponse = s.logHead(h)
	return Opened{Head: h}, s.checkConnected(h)
}

// connectError rephrases an error of the connection in terms of the handshake.
func (s *Session) connectError(err error) error {
	if errors.Is(err, io.ErrNoProgress) || outOfTime(err) {
		s.Result.OpenTimeout = true
		return errSilent
	}
	return fmt.Errorf("in the opening handshake: %w", err)
}

// checkConnected checks a server's response to extended CONNECT.
func (s *Session) checkConnected(h *Head) error {
	status := h.Values(":status")
	switch {
	case len(status) != 1:
		return fmt.Errorf("%w: the response has %d :status fields (RFC 9113 section 8.3.2)", ErrHead, len(status))
	case len(status[0]) != 3 || status[0][0] != '2':
		return &StatusError{h.Start}
	}
	if s.HTTP2().Bare() {
		return fmt.Errorf("the %s has END_STREAM: its stream is no connection", status[0])
	}
	if err := checkFields(h); err != nil {
		return fmt.Errorf("the %s has %w", status[0], err)
	}
	return s.checkAgreed(h)
}

// checkFields checks what holds for requests and responses of HTTP/2.
func checkFields(h *Head) error {
	regular := false
	for _, f := range h.Fields {
		switch pseudo := strings.HasPrefix(f.Name, ":"); {
		case pseudo && regular:
			return fmt.Errorf("%s behind a regular field (RFC 9113 section 8.3)", f.Name)
		case strings.ToLower(f.Name) != f.Name:
			return fmt.Errorf("the field name %q, which is not in small letters (RFC 9113 section 8.2)", f.Name)
		case slices.Contains([]string{"connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"}, f.Name):
			return fmt.Errorf("the field %s, which HTTP/2 does not have (RFC 9113 section 8.2.2)", f.Name)
		case !pseudo:
			regular = true
		}
	}
	return nil
}

// headOf returns a head. Its first line is begin and the status, or what begin says.
func headOf(begin string, fields []hpack.HeaderField) *Head {
	h := &Head{Start: begin}
	for _, f := range fields {
		h.Fields = append(h.Fields, Field{f.Name, f.Value})
		if f.Name == ":status" && strings.HasSuffix(begin, " ") {
			h.Start = begin + f.Value
		}
	}
	return h
}

// logHead logs a head of the peer's, and returns it as reports show it.
func (s *Session) logHead(h *Head) string {
	text := (&Draft{Fields: h.Fields}).Encode()
	s.Result.RxOctetStats[len(text)]++
	s.log(verdict.Entry{Kind: verdict.LogRxOctets, Length: len(text), Data: text})
	return string(text)
}

// lowerNames returns fields with names as HTTP/2 has them.
func lowerNames(fields []Field) []Field {
	out := slices.Clone(fields)
	for i := range out {
		out[i].Name = strings.ToLower(out[i].Name)
	}
	return out
}

// A ConnectAnswer opens connections with clients, by extended CONNECT. The session has the stream
// of the request.
type ConnectAnswer struct{ Head *Head }

// RequestOf returns the head of a request of HTTP/2.
func RequestOf(fields []hpack.HeaderField) *Head {
	h := headOf("", fields)
	h.Start = h.Get(":method") + " " + h.Get(":path") + " HTTP/2"
	return h
}

func (a *ConnectAnswer) Gives() Need { return NeedHTTP2 }

// Open answers the request. The error says why the client is refused.
func (a *ConnectAnswer) Open(_ context.Context, s *Session) (Opened, error) {
	x := s.HTTP2()
	s.Result.HTTPRequest = s.logHead(a.Head)
	list, err := parseExtensions(a.Head.Values("sec-websocket-extensions"))
	var agreed *terms
	if err == nil && s.offer != nil {
		agreed, err = s.offer.accept(list)
	}
	draft := usualStatus()
	if err != nil {
		draft.Set(":status", "400")
		x.Head(draft.block(), mux.Form{EndStream: true})
		return Opened{Head: a.Head}, err
	}
	s.agree(agreed)
	if agreed != nil {
		draft.Add("sec-websocket-extensions", agreed.String())
	}
	if s.door != nil && s.door.Response != nil {
		s.door.Response(draft)
	}
	s.beforeHead(x)
	text := draft.Encode()
	s.Result.HTTPResponse = string(text)
	s.logWrite(text, true)
	x.Head(draft.block(), draft.Form)
	if len(draft.Tail) > 0 {
		s.write(draft.Tail, 0, true)
	}
	return Opened{Head: a.Head}, nil
}

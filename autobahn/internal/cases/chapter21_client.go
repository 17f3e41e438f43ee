package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// clientConnects returns what is asked of a client's request, and of when it comes.
func clientConnects() (cases []*play.Case) {
	next := numbering("21.5")
	asks := func(sentence, expectation string, look func(h *play.Head) error) *play.Case {
		c := play.Scripted(next(), "The client's request.", expectation, comesBack())
		c.Door = &play.Door{Check: look}
		cases = append(cases, over(verdict.Client, sentence, c))
		return c
	}
	asks(overIncluded+` Section 5: :authority "is required on every HTTP/2 transaction"`, "It has :method CONNECT, :protocol websocket, :scheme http or https, :path and :authority, once each and before all other fields.", pseudoFields)
	asks(`RFC 8441 section 5: "[RFC6455] requires the use of Connection and Upgrade header fields that are not part of HTTP/2. They MUST NOT be included in the CONNECT request defined here."`,
		"It has no Connection, no Upgrade, and no name with capital letters.", noConnectionFields)
	asks(`RFC 6455 section 4.1: "The request MUST include a header field with the name |Sec-WebSocket-Version|. The value of this header field MUST be 13." `+overFields,
		"It has Sec-WebSocket-Version: 13, once.", func(h *play.Head) error {
			if got := h.Values("sec-websocket-version"); !slices.Equal(got, []string{"13"}) {
				return fmt.Errorf("the request has Sec-WebSocket-Version %q", got)
			}
			return nil
		})
	asks(`RFC 9110 section 9.3.6: "A CONNECT request message does not have content."`, "It has no Content-Length, and does not end its stream.", func(h *play.Head) error {
		if got := h.Values("content-length"); len(got) > 0 {
			return fmt.Errorf("the request has Content-Length %q", got)
		}
		return nil
	})
	bare := cases[len(cases)-1]
	bare.Begin = looking(func(s *play.Session) error {
		if s.HTTP2().Bare() {
			return errors.New("the request has END_STREAM")
		}
		return nil
	})
	waits := func(sentence, description, expectation string, look func(s *play.Session) error) *play.Case {
		c := play.Scripted(next(), description, expectation, comesBack())
		c.Begin = looking(look)
		cases = append(cases, over(verdict.Client, sentence, c))
		return c
	}
	waits(`RFC 8441 section 3: "Upon receipt of SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1, a client MAY use the Extended CONNECT as defined in this document when creating new streams."`,
		"The server's first SETTINGS come 50 ms late.", "The client asks after it has read them.", func(s *play.Session) error {
			if s.HTTP2().Early() {
				return errors.New("the client used extended CONNECT before the server had said that it may")
			}
			return nil
		})
	late := waits(`RFC 6455 section 4.1: "Once the client's opening handshake has been sent, the client MUST wait for a response from the server before sending any further data."`,
		"The server's answer comes 300 ms late.", "The client sends nothing before.", func(s *play.Session) error {
			if s.HTTP2().Hasty() {
				return errors.New("the client sent DATA before the answer had come")
			}
			return nil
		})
	late.Wire = &play.Wire{Before: func(*mux.Stream) { time.Sleep(300 * time.Millisecond) }}
	return cases
}

// looking begins a play that looks at the session when it is open.
func looking(look func(s *play.Session) error) func() play.Play {
	return func() play.Play {
		p := comesBack(check(look))
		return &p
	}
}

func pseudoFields(h *play.Head) error {
	seen, regular := map[string]int{}, false
	for _, f := range h.Fields {
		switch pseudo := strings.HasPrefix(f.Name, ":"); {
		case pseudo && regular:
			return fmt.Errorf("the request has %s behind a regular field", f.Name)
		case pseudo:
			seen[f.Name]++
		default:
			regular = true
		}
	}
	for _, want := range []struct {
		name string
		fits func(value string) bool
	}{
		{":method", func(v string) bool { return v == "CONNECT" }},
		{":protocol", func(v string) bool { return v == "websocket" }},
		{":scheme", func(v string) bool { return v == "http" || v == "https" }},
		{":path", func(v string) bool { return strings.HasPrefix(v, "/") }},
		{":authority", func(v string) bool { return v != "" }},
	} {
		if value := h.Get(want.name); seen[want.name] != 1 || !want.fits(value) {
			return fmt.Errorf("the request has %d %s fields, %q", seen[want.name], want.name, value)
		}
		delete(seen, want.name)
	}
	for name := range seen {
		return fmt.Errorf("the request has %s, which does not exist", name)
	}
	return nil
}

func noConnectionFields(h *play.Head) error {
	for _, f := range h.Fields {
		if strings.ToLower(f.Name) != f.Name {
			return fmt.Errorf("the request has the field name %q", f.Name)
		}
		if slices.Contains([]string{"connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"}, f.Name) {
			return fmt.Errorf("the request has the field %s", f.Name)
		}
	}
	return nil
}

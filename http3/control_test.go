package http3_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
)

// A server that breaks a rule of the connection loses it, with the code that the rule names.
func TestControlViolations(t *testing.T) {
	settings := func(values ...uint64) []byte {
		return append([]byte{0}, h3frame(frameSettings, integers(values...))...)
	}
	for name, row := range map[string]struct {
		control []byte   // what the server says on its control stream
		others  [][]byte // on streams beside it
		code    h3.ErrCode
	}{
		"something before SETTINGS": {append([]byte{0}, h3frame(greaseFrame, nil)...), nil, h3.ErrCodeMissingSettings},
		"SETTINGS twice":            {slices.Concat(welcome, welcome[1:]), nil, h3.ErrCodeFrameUnexpected},
		"a setting twice":           {settings(0x8, 1, 0x8, 1), nil, h3.ErrCodeSettingsError},
		"a setting of HTTP/2":       {settings(0x2, 0), nil, h3.ErrCodeSettingsError},
		"2 for CONNECT":             {settings(0x8, 2), nil, h3.ErrCodeSettingsError},
		"half a setting":            {settings(0x8), nil, h3.ErrCodeFrameError},
		"half an identifier":        {append([]byte{0}, h3frame(frameSettings, []byte{0x40})...), nil, h3.ErrCodeFrameError},
		"endless SETTINGS":          {append([]byte{0, frameSettings}, integers(1<<30)...), nil, h3.ErrCodeExcessiveLoad},
		"DATA":                      {append(bytes.Clone(welcome), h3frame(frameData, nil)...), nil, h3.ErrCodeFrameUnexpected},
		"HEADERS":                   {append(bytes.Clone(welcome), h3frame(frameHeaders, nil)...), nil, h3.ErrCodeFrameUnexpected},
		"a frame of HTTP/2":         {append(bytes.Clone(welcome), h3frame(0x8, nil)...), nil, h3.ErrCodeFrameUnexpected},
		"CANCEL_PUSH":               {append(bytes.Clone(welcome), h3frame(0x3, []byte{0})...), nil, h3.ErrCodeIDError},
		"GOAWAY of a server":        {append(bytes.Clone(welcome), h3frame(frameGoAway, integers(3))...), nil, h3.ErrCodeIDError},
		"GOAWAY that rises":         {slices.Concat(welcome, h3frame(frameGoAway, integers(4)), h3frame(frameGoAway, integers(8))), nil, h3.ErrCodeIDError},
		"GOAWAY that is longer":     {append(bytes.Clone(welcome), h3frame(frameGoAway, []byte{0, 0})...), nil, h3.ErrCodeFrameError},
		"two control streams":       {welcome, [][]byte{welcome}, h3.ErrCodeStreamCreationError},
		"two QPACK encoders":        {welcome, [][]byte{{2}, {2}}, h3.ErrCodeStreamCreationError},
		"a push":                    {welcome, [][]byte{{1, 0}}, h3.ErrCodeIDError},
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t)
			done := s.dial(nil)
			c, _ := s.accept(row.control)
			for _, p := range row.others {
				u, err := c.OpenUniStream()
				if err != nil {
					t.Fatal(err)
				}
				_, _ = u.Write(p)
			}
			await(t, c.Context().Done())
			if code := codeOf(t, context.Cause(c.Context())); code != row.code {
				t.Errorf("%v, want %v", code, row.code)
			}
			if d := await(t, done); !errors.As(d.err, new(*websocket.HandshakeError)) {
				t.Errorf("%+v", d)
			}
		})
	}
}

// Streams on which the connection depends must not end (RFC 9114 §6.2.1, RFC 9204 §4.2).
func TestCriticalStreams(t *testing.T) {
	for name, end := range map[string]func(*quic.SendStream){
		"FIN": func(u *quic.SendStream) { _ = u.Close() },
		"RST": func(u *quic.SendStream) { u.CancelWrite(0) },
	} {
		for kind, first := range map[string][]byte{"control": welcome, "QPACK": {3}} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				s := listen(t)
				done := s.dial(nil)
				var c *quic.Conn
				var u *quic.SendStream
				if kind == "control" {
					c, u = s.accept(first)
				} else {
					c, _ = s.accept(welcome)
					u, _ = c.OpenUniStream()
					_, _ = u.Write(first)
				}
				peer, _ := asked(t, c)
				peer.send(block(":status", "200"))
				d := await(t, done)
				if d.err != nil {
					t.Fatal(d.err)
				}
				end(u)
				await(t, c.Context().Done())
				if code := codeOf(t, context.Cause(c.Context())); code != h3.ErrCodeClosedCriticalStream {
					t.Errorf("%v", code)
				}
				if _, _, err := d.c.Read(within(t)); !errors.As(err, new(*websocket.ClosedError)) {
					t.Error(err)
				}
			})
		}
	}
}

// A server's streams of kinds that nobody knows are stopped, and one that ends before it has said
// what it is costs nothing.
func TestUnknownStreams(t *testing.T) {
	ws, peer, c := opened(t)
	u, err := c.OpenUniStream()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = u.Write(integers(0x21))
	<-u.Context().Done()
	if code := codeOf(t, context.Cause(u.Context())); code != h3.ErrCodeStreamCreationError {
		t.Errorf("%v", code)
	}
	u, _ = c.OpenUniStream()
	_ = u.Close()
	peer.data(message("still here", websocket.RoleClient))
	if _, p, err := ws.Read(within(t)); string(p) != "still here" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}

//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"
)

// A row of the table of frames: what the page or the server saw of one.
type row struct {
	Side, Direction, Opcode, FIN, Masked, Message string
}

const rows = `[...document.querySelectorAll("#trace-frames tbody tr")]
	.map(tr => Object.fromEntries([...tr.cells].map(td => [td.dataset.name, td.textContent.trim()])))
	.filter(row => row.Opcode)`

// A call from the handshake to the closing, as the panel beside it tells it:
// with text at Ann's side, and binary messages at Bob's.
func sceneTrace(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0")
	s.meet(t, srv.url+"/rooms/harbour?name=Ann&codec=json", srv.url+"/rooms/harbour?name=Bob&codec=cbor")
	for b, opcode := range map[*chromium]string{s.ann: "text", s.bob: "binary"} {
		for _, signal := range []string{"offer", "answer"} {
			b.traces(t, "both sides of the "+signal, func(rows []row) bool {
				of := func(side string) bool {
					return slices.ContainsFunc(rows, func(r row) bool {
						return r.Side == side && r.Opcode == opcode && strings.Contains(r.Message, signal)
					})
				}
				// Below the page's row there is no need to say again what it is.
				return of("page") && slices.ContainsFunc(rows, func(r row) bool { return r.Side == "server" && r.Opcode == opcode })
			})
		}
		b.tracesMasks(t)
		s.show(t, b, "frames")

		b.click(t, "#trace-handshake-tab")
		b.reads(t, "#trace-handshake", "Sec-WebSocket-Accept")
		b.reads(t, "#trace-handshake", b.accept())
		b.reads(t, "#trace-handshake", "✓ Checked here")
		s.show(t, b, "handshake")
	}

	for _, b := range []*chromium{s.ann, s.bob} {
		b.click(t, "#leave")
		b.in(t, "ended")
		b.click(t, "#trace-closing-tab")
		b.reads(t, "#trace-closing .trace-verdict", "Clean")
		for _, step := range []string{"server sends Close 1000", "page answers with Close 1000", "server closes TCP", "page sees 1000"} {
			b.reads(t, "#trace-closing", step)
		}
		s.show(t, b, "closing")
		b.traces(t, "a Close frame with 1000 each way", func(rows []row) bool {
			way := func(direction string) bool {
				return slices.ContainsFunc(rows, func(r row) bool {
					return r.Side == "server" && r.Opcode == "close" && strings.Contains(r.Direction, direction) && strings.Contains(r.Message, "1000")
				})
			}
			return way("read") && way("written")
		})

		b.click(t, "#trace-diagram-tab")
		// The opening handshake and join, welcome, a peer, an offer, an answer and leave are more.
		const fewest = 8
		var arrows int
		if !b.until(t, func() bool {
			arrows = evaluate[int](t, b, `document.querySelectorAll("#trace-diagram svg .item.arrow").length`)
			return arrows >= fewest
		}) {
			t.Errorf("%s's diagram has %d arrows, and should have %d", b.name, arrows, fewest)
		}
		s.show(t, b, "diagram")
	}
	srv.stop(t)
}

// traces waits until the table has what is wanted.
func (b *chromium) traces(t *testing.T, wanted string, ok func([]row) bool) {
	t.Helper()
	var seen []row
	if !b.until(t, func() bool { seen = evaluate[[]row](t, b, rows); return ok(seen) }) {
		t.Errorf("%s's table of frames lacks %s:\n%+v", b.name, wanted, seen)
	}
}

// tracesMasks: "a client MUST mask all frames that it sends to the server", "a
// server MUST NOT mask any frames that it sends to the client" (RFC 6455 §5.1).
func (b *chromium) tracesMasks(t *testing.T) {
	t.Helper()
	b.traces(t, "whole frames, masked one way only", func(rows []row) bool {
		mask := map[string]string{"↑ read": "1", "↓ written": "0"}
		return !slices.ContainsFunc(rows, func(r row) bool {
			return r.Side == "server" && (r.FIN != "1" || r.Masked != mask[r.Direction])
		})
	})
}

package trace

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http2"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/internal/h2"
)

// What a half does with its frames: see http2.Sink.

func markOf(f *http2.Frame) Mark { return Mark{f.Packet, f.Time} }

// connectionFault is a rule of RFC 9113 that costs an endpoint the connection.
func connectionFault(section, format string, args ...any) *h2.Violation {
	return &h2.Violation{Section: section, Reason: fmt.Sprintf(format, args...)}
}

// Begin judges the header of a frame.
func (h *half) Begin(f *http2.Frame) {
	if h.state == givenUp {
		return
	}
	h.about().count(f.Type.String())
	if v := h.judge(f); v != nil {
		h.fault(markOf(f), v)
	}
	h.frames++
	if h.block.stream != 0 && f.Type != h2.TypeContinuation {
		h.loseFields(markOf(f))
	}
}

// judge says what is wrong with a header, or nil.
func (h *half) judge(f *http2.Frame) *h2.Violation {
	limit := uint32(anyLength) // if the other side may have announced as much
	if other := &h.m.halves[1-h.side]; !other.gap && other.heard > 0 {
		limit = other.maxFrame
	}
	if err := f.CheckSize(limit); err != nil {
		return &err.Violation
	}
	under := h.block.stream
	if h.frames == 0 && !h.gap && (f.Type != h2.TypeSettings || f.Flags.Has(h2.FlagAck)) {
		if !h.m.c.syn[h.side] { // it may not be the first
			h.gap = true
			return nil
		}
		return connectionFault("3.4", "the first frame is not SETTINGS")
	}
	switch {
	case under != 0 && (f.Type != h2.TypeContinuation || f.Stream != under):
		return connectionFault("6.10", "another frame inside the field block of stream %d", under)
	case under == 0 && f.Type == h2.TypeContinuation && !h.gap:
		return connectionFault("6.10", "CONTINUATION without HEADERS before it")
	case f.Type != h2.TypeData && f.Type != h2.TypeHeaders:
		return nil
	}
	if s := h.m.streams[f.Stream]; s != nil && s.conv.has(Dir(h.side)) {
		return connectionFault("5.1", "%v on stream %d, which its sender has ended", f.Type, f.Stream)
	}
	return nil
}

// anyLength is the largest length that a header can have, in bytes.
const anyLength = 1<<24 - 1

// Data takes a piece of DATA.
func (h *half) Data(f *http2.Frame, c reassembly.Chunk) {
	if h.state == givenUp {
		return
	}
	if s := h.m.streamOf(f); s != nil {
		s.data(h.side, c)
		h.m.weigh(s)
	}
}

// Torn takes DATA of which it is not known how much is missing.
func (h *half) Torn(f *http2.Frame) {
	if s := h.m.streams[f.Stream]; s != nil && h.state != givenUp {
		s.tear(h.side, markOf(f))
		h.m.weigh(s)
	}
}

// End takes a whole frame.
func (h *half) End(f *http2.Frame) {
	if h.state == givenUp {
		return
	}
	switch f.Type {
	case h2.TypeData:
		if f.Flags.Has(h2.FlagEndStream) {
			h.m.ended(f.Stream, End{By: Dir(h.side), What: EndStream, Mark: Mark{f.LastPacket, f.Time}})
		}
		return
	case h2.TypeHeaders, h2.TypePushPromise, h2.TypeContinuation:
		h.fragment(f)
		return
	}
	if f.Missing || f.CheckSize(anyLength) != nil {
		return
	}
	switch f.Type {
	case h2.TypeSettings:
		h.onSettings(f)
	case h2.TypeResetStream:
		code := h2.Code(binary.BigEndian.Uint32(f.Payload)).String()
		h.m.ended(f.Stream, End{By: Dir(h.side), What: ResetStream, Code: code, Mark: markOf(f)})
	case h2.TypeGoAway:
		last, code := binary.BigEndian.Uint32(f.Payload)&(1<<31-1), h2.Code(binary.BigEndian.Uint32(f.Payload[4:]))
		text := fmt.Sprintf("GOAWAY %v, the last stream is %d", code, last)
		if debug := f.Payload[8:]; len(debug) > 0 {
			text += `, "` + payload.Visible(string(debug[:min(len(debug), maxDebug)])) + `"`
		}
		h.note(markOf(f), "%s", text)
	}
}

// maxDebug is how much of the text of a GOAWAY is shown, in bytes.
const maxDebug = 256

func (h *half) onSettings(f *http2.Frame) {
	if f.Flags.Has(h2.FlagAck) {
		return
	}
	h.heard++
	h.note(markOf(f), "%s", settingsWords(f.Payload))
	for id, value := range h2.SettingsIn(f.Payload) {
		h.about().set(id.String(), value)
	}
	from := h2.Client
	if h.dir() == FromServer {
		from = h2.Server
	}
	if err := h.settings.Read(f.Payload, from); err != nil {
		h.fault(markOf(f), &err.Violation)
	}
	h.maxFrame = max(h.maxFrame, h.settings.MaxFrameSize)
	if h.settings.ConnectProtocol == 1 && h.m.announced == 0 {
		h.m.announced = f.Packet
	}
}

// settingsWords lists settings, the one that matters here first: lines may be cut.
func settingsWords(payload []byte) string {
	var list []string
	for id, value := range h2.SettingsIn(payload) {
		text := fmt.Sprintf("%v %d", id, value)
		switch {
		case id == h2.SettingConnectProtocol:
			list = slices.Insert(list, 0, text)
		case len(list) == maxSettings:
			list = append(list, "…")
		case len(list) < maxSettings:
			list = append(list, text)
		}
	}
	if len(list) == 0 {
		return "SETTINGS, all as they are by default"
	}
	return "SETTINGS " + strings.Join(list, ", ")
}

package h2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// raw is a frame of any kind, right or wrong.
func raw(typ Type, flags Flags, stream uint32, payload ...byte) []byte {
	return lying(len(payload), typ, flags, stream, payload...)
}

// lying is a frame whose header gives another length.
func lying(length int, typ Type, flags Flags, stream uint32, payload ...byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(length)<<8|uint32(typ))
	head = append(head, byte(flags))
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

func be32(values ...uint32) (p []byte) {
	for _, v := range values {
		p = binary.BigEndian.AppendUint32(p, v)
	}
	return p
}

func dataFrame(stream uint32, flags Flags, text string) []byte {
	return raw(TypeData, flags, stream, []byte(text)...)
}

func resetOf(stream uint32, code Code) []byte {
	return raw(TypeResetStream, 0, stream, be32(uint32(code))...)
}

func update(stream, n uint32) []byte { return raw(TypeWindowUpdate, 0, stream, be32(n)...) }

func goAwayOf(last uint32, code Code, debug string) []byte {
	return raw(TypeGoAway, 0, 0, append(be32(last, uint32(code)), debug...)...)
}

func settingsOf(pairs ...uint32) []byte {
	var p []byte
	for i := 0; i < len(pairs); i += 2 {
		p = appendSetting(p, Setting(pairs[i]), pairs[i+1])
	}
	return raw(TypeSettings, 0, 0, p...)
}

var settingsAck = raw(TypeSettings, FlagAck, 0)

// rig is an endpoint and the peer that the test plays.
type rig struct {
	*Endpoint
	t       *testing.T
	now     time.Time
	wire    bytes.Buffer // what the endpoint has written, not read yet
	framer  *http2.Framer
	decoder *hpack.Decoder
	encoder *hpack.Encoder
	block   bytes.Buffer
	step    int // how many bytes Receive is shown at a time; 0: all
	streams map[uint32]*Stream
}

func newRig(t *testing.T, role Role, cfg Config) *rig {
	r := &rig{Endpoint: new(Endpoint), t: t, now: noon, streams: make(map[uint32]*Stream)}
	r.Init(role, cfg, noon)
	r.framer = http2.NewFramer(nil, &r.wire)
	r.decoder = hpack.NewDecoder(4096, nil)
	r.encoder = hpack.NewEncoder(&r.block)
	return r
}

// settled is a rig after the exchange of settings, of which nothing is left to read.
func settled(t *testing.T, role Role, cfg Config, peer ...uint32) *rig {
	t.Helper()
	r := newRig(t, role, cfg)
	var in []byte
	if role == Server {
		in = []byte(Preface)
	} else {
		peer = append([]uint32{uint32(SettingConnectProtocol), 1}, peer...)
	}
	in = append(in, settingsOf(peer...)...)
	r.hears("settings", slices.Concat(in, settingsAck), "settled")
	r.flush()
	if role == Client {
		r.wire.Next(len(Preface))
	}
	r.output()
	return r
}

// head is HEADERS with the fields "name: value" and END_HEADERS.
func (r *rig) head(stream uint32, flags Flags, fields ...string) []byte {
	return raw(TypeHeaders, flags|FlagEndHeaders, stream, r.encode(fields...)...)
}

func (r *rig) encode(fields ...string) []byte {
	r.block.Reset()
	for _, f := range fields {
		at := strings.Index(f[1:], ":") + 1
		_ = r.encoder.WriteField(hpack.HeaderField{Name: f[:at], Value: strings.TrimPrefix(f[at+1:], " ")})
	}
	return bytes.Clone(r.block.Bytes())
}

var connectFields = []string{":method: CONNECT", ":scheme: https", ":authority: a.example", ":path: /chat", ":protocol: websocket"}

// opens has the client open a stream of a server's rig.
func (r *rig) opens(id uint32) *Stream {
	r.t.Helper()
	r.hears("a request", r.head(id, 0, connectFields...), fmt.Sprintf("requested %d", id))
	return r.streams[id]
}

// opened is a stream that is open, of either role, after nothing is left to read.
func (r *rig) opened() *Stream {
	r.t.Helper()
	if r.role == Server {
		st := r.opens((r.table.remote + 1) | 1)
		if err := r.Respond(st, &Head{Status: 200}); err != nil {
			r.t.Fatal(err)
		}
		r.output()
		return st
	}
	st, err := r.Open(requestHead(), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.streams[st.id] = st
	r.output()
	r.hears("a response", r.head(st.id, 0, ":status: 200"), fmt.Sprintf("answered %d", st.id))
	return st
}

func requestHead() *Head {
	return &Head{Method: "CONNECT", Scheme: "https", Authority: "a.example", Path: "/chat", Protocol: "websocket"}
}

// receive shows the endpoint bytes and returns what has happened, one line an event.
func (r *rig) receiveAll(in []byte) (lines []string) {
	step := r.step
	if step == 0 {
		step = max(len(in), 1)
	}
	text, last := "", uint32(0) // DATA that comes in parts is one line
	flush := func() {
		if text != "" {
			lines = append(lines, fmt.Sprintf("received %d %q", last, text))
		}
		text = ""
	}
	for first := true; first || len(in) > 0; first = false {
		part := in[:min(step, len(in))]
		in = in[len(part):]
		for {
			ev, n, err := r.Receive(part, r.now)
			part = part[n:]
			if err != nil {
				flush()
				var broken *ConnError
				if !errors.As(err, &broken) || r.Err() != err {
					r.t.Fatalf("the error is %v", err)
				}
				lines = append(lines, "broken "+broken.Code.String()+" "+broken.Section)
				continue
			}
			if ev.Kind == Received {
				if last != ev.Stream.id {
					flush()
				}
				text, last = text+string(ev.Data), ev.Stream.id
				continue
			}
			if ev.Kind == Nothing {
				if len(part) > 0 {
					r.t.Fatalf("%d bytes were not taken", len(part))
				}
				break
			}
			flush()
			lines = append(lines, r.line(ev))
		}
	}
	flush()
	return lines
}

func (r *rig) line(ev Event) string {
	switch ev.Kind {
	case Requested, Answered, Informed:
		r.streams[ev.Stream.id] = ev.Stream
		line := fmt.Sprintf("%v %d", ev.Kind, ev.Stream.id)
		if ev.Head.EndStream {
			line += " at end"
		}
		return line
	case Refused:
		return fmt.Sprintf("refused %d %v %s", ev.Err.Stream, ev.Err.Code, ev.Err.Section)
	case Failed:
		return fmt.Sprintf("failed %d %v %s", ev.Stream.id, ev.Err.Code, ev.Err.Section)
	case Ended:
		return fmt.Sprintf("ended %d", ev.Stream.id)
	case ResetByPeer, NotProcessed:
		return fmt.Sprintf("%v %d %v", ev.Kind, ev.Stream.id, ev.Code)
	case GoingAway:
		return fmt.Sprintf("going away %v %q", ev.Code, ev.Data)
	case Pong:
		return fmt.Sprintf("pong %q", ev.Data)
	}
	return ev.Kind.String()
}

// hears shows the endpoint bytes and compares what has happened.
func (r *rig) hears(why string, in []byte, want ...string) {
	r.t.Helper()
	if got := r.receiveAll(in); !slices.Equal(got, want) {
		r.t.Fatalf("%s:\n got %q\nwant %q", why, got, want)
	}
}

// flush puts everything that is pending on the wire.
func (r *rig) flush() {
	for p := r.Pending(); len(p) > 0; p = r.Pending() {
		r.wire.Write(p)
		r.Advance(len(p))
	}
}

// output reads what the endpoint has written, one line a frame.
func (r *rig) output() (lines []string) {
	r.t.Helper()
	r.flush()
	for {
		f, err := r.framer.ReadFrame()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			r.t.Fatalf("the other implementation refuses what was written: %v", err)
		}
		lines = append(lines, r.frameLine(f))
	}
}

func (r *rig) frameLine(f http2.Frame) string {
	h := f.Header()
	line := h.Type.String()
	if h.StreamID != 0 {
		line += fmt.Sprint(" ", h.StreamID)
	}
	switch f := f.(type) {
	case *http2.DataFrame:
		line += fmt.Sprintf(" %q", f.Data())
		if f.StreamEnded() {
			line += " end"
		}
	case *http2.HeadersFrame:
		if !f.HeadersEnded() {
			return line + " to be continued"
		}
		fields, err := r.decoder.DecodeFull(f.HeaderBlockFragment())
		if err != nil {
			r.t.Fatal(err)
		}
		for _, f := range fields {
			line += fmt.Sprintf(" %s: %s,", f.Name, f.Value)
		}
	case *http2.SettingsFrame:
		if f.IsAck() {
			return line + " ack"
		}
		_ = f.ForeachSetting(func(s http2.Setting) error {
			line += fmt.Sprintf(" %d=%d", s.ID, s.Val)
			return nil
		})
	case *http2.PingFrame:
		line += fmt.Sprintf(" %q", f.Data)
		if f.IsAck() {
			line += " ack"
		}
	case *http2.GoAwayFrame:
		line += fmt.Sprintf(" %d %v", f.LastStreamID, Code(f.ErrCode))
	case *http2.RSTStreamFrame:
		line += fmt.Sprintf(" %v", Code(f.ErrCode))
	case *http2.WindowUpdateFrame:
		line += fmt.Sprintf(" +%d", f.Increment)
	}
	return line
}

// writes compares what the endpoint has written.
func (r *rig) writes(why string, want ...string) {
	r.t.Helper()
	if got := r.output(); !slices.Equal(got, want) {
		r.t.Fatalf("%s: written\n got %q\nwant %q", why, got, want)
	}
}

func bothRoles(t *testing.T, f func(t *testing.T, role Role)) {
	for _, role := range []Role{Client, Server} {
		t.Run(role.String(), func(t *testing.T) { f(t, role) })
	}
}

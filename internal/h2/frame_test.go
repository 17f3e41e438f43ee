package h2

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"golang.org/x/net/http2"
)

func TestFrameHeader(t *testing.T) {
	h := FrameHeader{Length: 0x123456, Type: TypePing, Flags: 0xa5, Stream: 0x7fedcba9}
	wire := AppendFrameHeader([]byte("x"), h)
	if want := "x\x12\x34\x56\x06\xa5\x7f\xed\xcb\xa9"; string(wire) != want {
		t.Errorf("% x, want % x", wire, want)
	}
	wire[6] |= 0x80 // "MUST be ignored when receiving"
	if got := ParseFrameHeader(wire[1:]); got != h {
		t.Errorf("%+v, want %+v", got, h)
	}
}

// RFC 9113 §6 says of each type where it may come and how long it is.
func TestFrameCheck(t *testing.T) {
	const ok = NoError
	for _, test := range []struct {
		why  string
		h    FrameHeader
		want Code
	}{
		{"DATA", FrameHeader{0, TypeData, 0, 1}, ok},
		{"DATA as large as we take", FrameHeader{16384, TypeData, 0, 1}, ok},
		{"DATA larger", FrameHeader{16385, TypeData, 0, 1}, FrameSizeError},
		{"DATA on stream 0", FrameHeader{1, TypeData, 0, 0}, ProtocolError},
		{"DATA without room for its Pad Length", FrameHeader{0, TypeData, FlagPadded, 1}, FrameSizeError},
		{"HEADERS on stream 0", FrameHeader{1, TypeHeaders, 0, 0}, ProtocolError},
		{"PRIORITY", FrameHeader{5, TypePriority, 0, 9}, ok},
		{"PRIORITY cut short", FrameHeader{4, TypePriority, 0, 9}, FrameSizeError},
		{"PRIORITY on stream 0", FrameHeader{5, TypePriority, 0, 0}, ProtocolError},
		{"RST_STREAM on stream 0", FrameHeader{4, TypeResetStream, 0, 0}, ProtocolError},
		{"RST_STREAM too long", FrameHeader{5, TypeResetStream, 0, 1}, FrameSizeError},
		{"SETTINGS", FrameHeader{12, TypeSettings, 0, 0}, ok},
		{"SETTINGS on a stream", FrameHeader{12, TypeSettings, 0, 1}, ProtocolError},
		{"SETTINGS of 7 bytes", FrameHeader{7, TypeSettings, 0, 0}, FrameSizeError},
		{"an ack of 6 bytes", FrameHeader{6, TypeSettings, FlagAck, 0}, FrameSizeError},
		{"PUSH_PROMISE cut short", FrameHeader{3, TypePushPromise, 0, 1}, FrameSizeError},
		{"PING of 7 bytes", FrameHeader{7, TypePing, 0, 0}, FrameSizeError},
		{"PING on a stream", FrameHeader{8, TypePing, 0, 1}, ProtocolError},
		{"GOAWAY of 7 bytes", FrameHeader{7, TypeGoAway, 0, 0}, FrameSizeError},
		{"GOAWAY on a stream", FrameHeader{8, TypeGoAway, 0, 1}, ProtocolError},
		{"WINDOW_UPDATE of the connection", FrameHeader{4, TypeWindowUpdate, 0, 0}, ok},
		{"WINDOW_UPDATE of 3 bytes", FrameHeader{3, TypeWindowUpdate, 0, 1}, FrameSizeError},
		{"CONTINUATION on stream 0", FrameHeader{3, TypeContinuation, 0, 0}, ProtocolError},
		{"an unknown type", FrameHeader{16384, 0x77, 0xff, 5}, ok},
		{"an unknown type, too large", FrameHeader{16385, 0x77, 0xff, 5}, FrameSizeError},
	} {
		err := test.h.Check()
		if (err == nil) != (test.want == ok) || err != nil && (err.Code != test.want || err.Section == "" || err.Error() == "") {
			t.Errorf("%s: %v, want %v", test.why, err, test.want)
		}
	}
}

func TestFragment(t *testing.T) {
	for _, test := range []struct {
		why, payload string
		flags        Flags
		want         string
		code         Code
	}{
		{"plain", "abc", 0, "abc", NoError},
		{"padded", "\x02abc\x00\x00", FlagPadded, "abc", NoError},
		{"all padding", "\x03abc", FlagPadded, "", NoError},
		{"too much padding", "\x04abc", FlagPadded, "", ProtocolError},
		{"no pad length", "", FlagPadded, "", FrameSizeError},
		{"with a priority", "\x00\x00\x00\x00\x10abc", FlagPriority, "abc", NoError},
		{"without its priority", "\x00\x00\x00\x00", FlagPriority, "", FrameSizeError},
		{"both", "\x01\x80\x00\x00\x00\x10abcd", FlagPadded | FlagPriority, "abc", NoError},
	} {
		got, err := FrameHeader{Flags: test.flags}.Fragment([]byte(test.payload))
		if code := codeOf(err); string(got) != test.want || code != test.code {
			t.Errorf("%s: %q, %v", test.why, got, err)
		}
	}
}

func codeOf(err *ConnError) Code {
	if err == nil {
		return NoError
	}
	return err.Code
}

// FuzzFrame holds what we say of a frame by itself against http2.Framer.
func FuzzFrame(f *testing.F) {
	for _, seed := range [][]byte{
		dataFrame(1, FlagPadded, "\x01abc\x00"), dataFrame(0, 0, "x"), raw(TypeData, FlagPadded, 1), raw(TypeData, FlagPadded, 1, 9),
		raw(TypeHeaders, FlagPadded|FlagPriority|FlagEndHeaders, 1, []byte("\x01\x00\x00\x00\x00\x10abc\x00")...),
		raw(TypeHeaders, FlagPadded|FlagEndHeaders, 1), raw(TypeHeaders, FlagPriority|FlagEndHeaders, 3, 1, 2),
		raw(TypePriority, 0, 1, 1, 2, 3, 4, 5), resetOf(1, Cancel), settingsOf(1, 2, 4, 1<<31), settingsAck, raw(TypeSettings, 0, 0, 1),
		raw(TypePing, 0, 0, make([]byte, 8)...), goAwayOf(1, Cancel, "why"), update(1, 0), update(0, 1<<31|5), raw(0x77, 1, 1, 2),
		raw(TypePushPromise, FlagEndHeaders, 1, be32(2)...), raw(TypeContinuation, 4, 1), lying(16385, TypeData, 0, 1), raw(TypeWindowUpdate, 0, 0, 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) < FrameHeaderSize {
			return
		}
		h := ParseFrameHeader(wire)
		switch h.Type {
		case TypePushPromise, TypeContinuation: // refused, and judged by what came before
			return
		case TypePriorityUpdate: // ignored, as an unknown type is (RFC 9113 §5.5)
			return
		}
		broken := h.Check()
		var rest []byte
		if broken == nil {
			if len(wire) < FrameHeaderSize+int(h.Length) {
				return
			}
			rest = wire[FrameHeaderSize : FrameHeaderSize+h.Length]
		}
		framer := http2.NewFramer(io.Discard, bytes.NewReader(wire))
		framer.SetMaxReadFrameSize(MaxFrameSize)
		frame, err := framer.ReadFrame()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return // it reads the payload before it judges
		}
		var fragment []byte
		if broken == nil {
			switch h.Type {
			case TypeHeaders:
				fragment, broken = h.Fragment(rest)
			case TypeData:
				if h.Flags.Has(FlagPadded) && int(rest[0]) > len(rest)-1 {
					broken = connError(ProtocolError, "6.1", "")
				}
			case TypeSettings:
				s := initialSettings
				if broken = s.read(rest, Client); broken != nil {
					return // it judges fewer of them
				}
			case TypeWindowUpdate:
				if rest[0]&0x7f == 0 && rest[1] == 0 && rest[2] == 0 && rest[3] == 0 {
					broken = connError(ProtocolError, "6.9", "")
				}
			}
		}
		if (broken == nil) != (err == nil) {
			t.Fatalf("% x: %v, the other says %v", wire, broken, err)
		}
		if err != nil {
			return
		}
		other := frame.Header()
		if again := AppendFrameHeader(nil, h); !bytes.Equal(again[:5], wire[:5]) || other.StreamID != h.Stream || other.Length != h.Length || uint8(other.Type) != uint8(h.Type) {
			t.Fatalf("% x: %+v, the other %+v, again % x", wire, h, other, again)
		}
		if headers, ok := frame.(*http2.HeadersFrame); ok && !bytes.Equal(headers.HeaderBlockFragment(), fragment) {
			t.Fatalf("% x: %q, the other %q", wire, fragment, headers.HeaderBlockFragment())
		}
	})
}

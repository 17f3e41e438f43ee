package h2

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBeginning(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		r := newRig(t, Client, Config{})
		if p := r.Pending(); !strings.HasPrefix(string(p), Preface) {
			t.Fatalf("it begins with %q", p)
		}
		r.flush()
		r.wire.Next(len(Preface))
		r.writes("settings", "SETTINGS 2=0 4=65535 6=16384", "WINDOW_UPDATE +983041")
		if _, err := r.Open(requestHead(), nil); err != ErrNotSettled {
			t.Errorf("before the settings: %v", err)
		}
		// "Upon receipt of SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1, a client MAY use
		// the Extended CONNECT": not before.
		// https://www.rfc-editor.org/rfc/rfc8441#section-3
		r.hears("settings without it", settingsOf(3, 1), "settled")
		r.writes("an answer", "SETTINGS ack")
		if _, err := r.Open(requestHead(), nil); err != ErrNoConnectProtocol {
			t.Errorf("without the setting: %v", err)
		}
		r.hears("the setting", settingsOf(8, 1), "settled")
		if _, err := r.Open(requestHead(), nil); err != nil {
			t.Error(err)
		}
		r.writes("a request", "SETTINGS ack", "HEADERS 1 :method: CONNECT, :scheme: https, :authority: a.example, :path: /chat, :protocol: websocket,")
		// "Endpoints MUST NOT exceed the limit set by their peer."
		// https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2
		if _, err := r.Open(requestHead(), nil); err != ErrTooManyStreams {
			t.Errorf("a stream too many: %v", err)
		}
		r.hears("a higher limit, a setting that nobody knows", settingsOf(3, 2, 0x99, 7), "settled")
		st, err := r.Open(requestHead(), "owner")
		if err != nil || st.ID() != 3 || st.Owner != "owner" || r.Peer().MaxStreams != 2 || r.InUse() != 2 {
			t.Errorf("%+v, %v", st, err)
		}
	})
	t.Run("server", func(t *testing.T) {
		r := newRig(t, Server, Config{MaxStreams: 7, StreamWindow: 1000, ConnWindow: 1})
		r.writes("settings", "SETTINGS 8=1 3=7 4=1000 6=16384")
		if r.Heard() || r.Deadline() != noon.Add(DefaultSettingsTimeout) {
			t.Error("it has heard something")
		}
		r.step = 5
		r.hears("preface and settings", slices.Concat([]byte(Preface), settingsOf(), settingsAck), "settled")
		r.writes("an answer", "SETTINGS ack")
		if !r.Heard() || !r.Deadline().IsZero() || r.Expire(noon.Add(time.Hour)) != nil || r.Err() != nil {
			t.Error("something is missing")
		}
	})
}

// A server that does not speak HTTP/2 is told of in words that say so.
func TestBeginningTexts(t *testing.T) {
	for in, want := range map[string]string{
		"HTTP/1.1 400 Bad Request":        "the server answers in HTTP/1.1",
		"\x15\x03\x01\x00\x02\x02\x46 \n": `the peer begins with "\x15\x03\x01\x00\x02\x02F \n", and not with SETTINGS`,
	} {
		r := newRig(t, Client, Config{})
		r.receiveAll([]byte(in))
		if r.Err() == nil || !strings.Contains(r.Err().Error(), want) {
			t.Errorf("%q: %v", in, r.Err())
		}
	}
}

// What comes first, and what may not.
func TestBeginningBroken(t *testing.T) {
	good := settingsOf()
	for _, test := range []struct {
		why  string
		role Role
		in   []byte
		want string
	}{
		{"no preface", Server, []byte("GET / HTTP/1.1\r\n"), "broken PROTOCOL_ERROR 3.4"},
		{"an odd preface", Server, []byte(strings.Replace(Preface, "SM", "MS", 1)), "broken PROTOCOL_ERROR 3.4"},
		// "This sequence MUST be followed by a SETTINGS frame"
		// https://www.rfc-editor.org/rfc/rfc9113#section-3.4
		{"PING first", Server, []byte(Preface + string(raw(TypePing, 0, 0, make([]byte, 8)...))), "broken PROTOCOL_ERROR 3.4"},
		{"an ack first", Client, settingsAck, "broken PROTOCOL_ERROR 3.4"},
		{"HTTP/1.1", Client, []byte("HTTP/1.1 505 HTTP Version Not Supported\r\n"), "broken PROTOCOL_ERROR 3.4"},
		{"a page", Client, []byte("<!DOCTYPE html>"), "broken PROTOCOL_ERROR 3.4"},
		{"an unknown type first", Client, raw(0x77, 0, 0), "broken PROTOCOL_ERROR 3.4"},
		{"settings on a stream", Client, raw(TypeSettings, 0, 1), "broken PROTOCOL_ERROR 6.5"},
		{"settings cut short", Client, raw(TypeSettings, 0, 0, 1, 2, 3), "broken FRAME_SIZE_ERROR 6.5"},
		{"an ack with settings", Client, slices.Concat(good, raw(TypeSettings, FlagAck, 0, make([]byte, 6)...)), "broken FRAME_SIZE_ERROR 6.5"},
		{"two acks", Client, slices.Concat(good, settingsAck, settingsAck), "broken PROTOCOL_ERROR 6.5.3"},
		{"push by a server", Client, settingsOf(2, 1), "broken PROTOCOL_ERROR 6.5.2"},
		{"push of 2", Server, append([]byte(Preface), settingsOf(2, 2)...), "broken PROTOCOL_ERROR 6.5.2"},
		{"a window of 2^31", Client, settingsOf(4, 1<<31), "broken FLOW_CONTROL_ERROR 6.5.2"},
		{"frames too small", Client, settingsOf(5, 16383), "broken PROTOCOL_ERROR 6.5.2"},
		{"frames too large", Client, settingsOf(5, 1<<24), "broken PROTOCOL_ERROR 6.5.2"},
		// "A sender MUST NOT send a SETTINGS_ENABLE_CONNECT_PROTOCOL parameter with the value of
		// 0 after previously sending a value of 1."
		// https://www.rfc-editor.org/rfc/rfc8441#section-3
		{"connect protocol back to 0", Client, slices.Concat(settingsOf(8, 1), settingsOf(8, 0)), "broken PROTOCOL_ERROR 3"},
		{"connect protocol back to 0 in one frame", Client, settingsOf(8, 1, 8, 0), "broken PROTOCOL_ERROR 3"},
		{"connect protocol of 2", Client, settingsOf(8, 2), "broken PROTOCOL_ERROR 3"},
		{"connect protocol of 2 by a client", Server, append([]byte(Preface), settingsOf(8, 2)...), "broken PROTOCOL_ERROR 3"},
	} {
		for _, step := range []int{0, 1} {
			r := newRig(t, test.role, Config{})
			r.step = step
			got := r.receiveAll(test.in)
			if len(got) == 0 || got[len(got)-1] != test.want {
				t.Errorf("%s, step %d: %q, want %q", test.why, step, got, test.want)
				continue
			}
			if r.Err() == nil || !strings.Contains(r.Err().Error(), "_ERROR: ") {
				t.Errorf("%s: %v", test.why, r.Err())
			}
			r.hears("afterwards nothing means anything", good)
			r.flush()
			if test.role == Client {
				r.wire.Next(len(Preface))
			}
			out := r.output()
			if last := out[len(out)-1]; !strings.HasPrefix(last, "GOAWAY 0 ") {
				t.Errorf("%s: the last is %q", test.why, last)
			}
		}
	}
}

func TestSettingsOfNoUse(t *testing.T) {
	r := newRig(t, Server, Config{})
	r.hears("what a client says of CONNECT", append([]byte(Preface), settingsOf(8, 1, 8, 0, 2, 1, 6, 100)...), "settled")
	if r.Peer().ConnectProtocol != 0 {
		t.Error("a client's setting means something")
	}
	if (Config{StreamWindow: 1 << 31, ConnWindow: 1 << 31}).withDefaults().StreamWindow != maxWindow {
		t.Error("a window is too large")
	}
}

// "If the sender of a SETTINGS frame does not receive an acknowledgment within a reasonable
// amount of time, it MAY issue a connection error (Section 5.4.1) of type SETTINGS_TIMEOUT."
// https://www.rfc-editor.org/rfc/rfc9113#section-6.5.3
func TestSettingsTimeout(t *testing.T) {
	bothRoles(t, func(t *testing.T, role Role) {
		r := newRig(t, role, Config{SettingsTimeout: time.Minute})
		if err := r.Expire(r.Deadline().Add(-1)); err != nil {
			t.Fatal(err)
		}
		err := r.Expire(r.Deadline())
		if broken, ok := err.(*ConnError); !ok || broken.Code != SettingsTimeout {
			t.Fatal(err)
		}
		if !r.Deadline().IsZero() || r.Expire(noon.Add(time.Hour)) != nil {
			t.Error("it expires twice")
		}
		if r.CanOpen() != r.Err() {
			t.Errorf("it can open a stream: %v", r.CanOpen())
		}
	})
}

package h2

import (
	"maps"
	"testing"
)

// Whoever only looks at a connection judges as an Endpoint does.
func TestObserve(t *testing.T) {
	h, v := ParseRequest(fieldsOf(":method: CONNECT", ":protocol: websocket", ":scheme: https", ":path: /", ":authority: a"))
	if v != nil || h.Protocol != "websocket" || h.Status != 0 {
		t.Errorf("%+v, %v", h, v)
	}
	if _, v := ParseRequest(fieldsOf(":status: 200")); v == nil || v.Rule() != "RFC 9113 §8.3" {
		t.Errorf("a response as a request: %v", v)
	}
	if h, v := ParseResponse(fieldsOf(":status: 200")); v != nil || h.Status != 200 {
		t.Errorf("%+v, %v", h, v)
	}
	if v := (&Violation{Code: EnhanceYourCalm}); v.Rule() != "" || v.Error() != "ENHANCE_YOUR_CALM: " {
		t.Errorf("a limit of ours: %q, %q", v.Rule(), v.Error())
	}

	s := InitialSettings()
	if s.MaxFrameSize != MaxFrameSize || s.ConnectProtocol != 0 {
		t.Errorf("%+v", s)
	}
	payload := settingsOf(uint32(SettingMaxFrameSize), 20_000, uint32(SettingConnectProtocol), 1, 0x9, 1, 0x4a, 7)[FrameHeaderSize:]
	if err := s.Read(payload, Server); err != nil || s.MaxFrameSize != 20_000 || s.ConnectProtocol != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	err := s.Read(settingsOf(uint32(SettingConnectProtocol), 0)[FrameHeaderSize:], Server)
	if err == nil || err.Rule() != "RFC 8441 §3" {
		t.Errorf("ENABLE_CONNECT_PROTOCOL back to 0: %v", err)
	}
	named := map[string]uint32{}
	for id, value := range SettingsIn(append(payload, 1)) {
		named[id.String()] = value
	}
	want := map[string]uint32{"MAX_FRAME_SIZE": 20_000, "ENABLE_CONNECT_PROTOCOL": 1, "NO_RFC7540_PRIORITIES": 1, "setting 0x4a": 7}
	if !maps.Equal(named, want) {
		t.Errorf("%v, want %v", named, want)
	}
}

// A receiver that takes larger frames gets them judged by its own limit.
func TestFrameCheckSize(t *testing.T) {
	for _, kind := range []Type{TypeData, TypeHeaders, TypeContinuation, 0x77} {
		h := FrameHeader{Length: 20_000, Type: kind, Stream: 1}
		if err := h.CheckSize(20_000); err != nil {
			t.Errorf("%v: %v", kind, err)
		}
		if err := h.CheckSize(19_999); codeOf(err) != FrameSizeError || err.Section != "4.2" {
			t.Errorf("%v: %v", kind, err)
		}
	}
	if err := (FrameHeader{Length: 5, Type: TypeResetStream, Stream: 1}).CheckSize(20_000); codeOf(err) != FrameSizeError {
		t.Errorf("RST_STREAM of 5 bytes: %v", err)
	}
}

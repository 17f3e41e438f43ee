package h2

import (
	"encoding/binary"
	"iter"
	"math"
)

// Setting is the identifier of a setting (RFC 9113 §6.5.2, RFC 8441 §3).
type Setting uint16

const (
	SettingHeaderTableSize Setting = 0x1
	SettingEnablePush      Setting = 0x2
	SettingMaxStreams      Setting = 0x3
	SettingInitialWindow   Setting = 0x4
	SettingMaxFrameSize    Setting = 0x5
	SettingMaxHeaderList   Setting = 0x6
	SettingConnectProtocol Setting = 0x8
)

const (
	settingSize = 6 // bytes: identifier, value

	// initialWindow is the window of the connection, and of streams without a setting.
	initialWindow = 1<<16 - 1
	// maxWindow is how large a window may become (§6.9.1).
	maxWindow = 1<<31 - 1
	// largestMaxFrameSize is the largest value of SETTINGS_MAX_FRAME_SIZE.
	largestMaxFrameSize = 1<<24 - 1
)

// Settings are the values that one side has announced. Unknown ones are left out (§6.5.2).
type Settings struct {
	HeaderTableSize uint32 // bytes
	MaxStreams      uint32
	InitialWindow   uint32 // bytes, of each stream
	MaxFrameSize    uint32 // bytes of payload
	MaxHeaderList   uint32 // bytes, as §6.5.2 counts them
	ConnectProtocol uint32 // 1: extended CONNECT is understood
}

// initialSettings hold until a SETTINGS frame says otherwise (§6.5.2).
var initialSettings = Settings{
	HeaderTableSize: 4096,
	MaxStreams:      math.MaxUint32,
	InitialWindow:   initialWindow,
	MaxFrameSize:    MaxFrameSize,
	MaxHeaderList:   math.MaxUint32,
}

// read takes over the settings in the payload of a frame, in order. from is the role of the
// peer that sent it.
func (s *Settings) read(payload []byte, from Role) *ConnError {
	for id, value := range settingsIn(payload) {
		if err := s.set(id, value, from); err != nil {
			return err
		}
	}
	return nil
}

// settingsIn are the settings in the payload of a frame, in order.
func settingsIn(payload []byte) iter.Seq2[Setting, uint32] {
	return func(yield func(Setting, uint32) bool) {
		for ; len(payload) >= settingSize; payload = payload[settingSize:] {
			if !yield(Setting(binary.BigEndian.Uint16(payload)), binary.BigEndian.Uint32(payload[2:])) {
				return
			}
		}
	}
}

func (s *Settings) set(id Setting, value uint32, from Role) *ConnError {
	switch id {
	case SettingHeaderTableSize:
		s.HeaderTableSize = value
	case SettingEnablePush:
		if value > 1 || value == 1 && from == Server {
			return connError(ProtocolError, "6.5.2", "the %v sets ENABLE_PUSH to %d", from, value)
		}
	case SettingMaxStreams:
		s.MaxStreams = value
	case SettingInitialWindow:
		if value > maxWindow {
			return connError(FlowControlError, "6.5.2", "INITIAL_WINDOW_SIZE is %d", value)
		}
		s.InitialWindow = value
	case SettingMaxFrameSize:
		if value < MaxFrameSize || value > largestMaxFrameSize {
			return connError(ProtocolError, "6.5.2", "MAX_FRAME_SIZE is %d", value)
		}
		s.MaxFrameSize = value
	case SettingMaxHeaderList:
		s.MaxHeaderList = value
	case SettingConnectProtocol:
		return s.setConnectProtocol(value, from)
	}
	return nil
}

// setConnectProtocol follows RFC 8441 §3. What a client says has no meaning.
func (s *Settings) setConnectProtocol(value uint32, from Role) *ConnError {
	why := ""
	switch {
	case value > 1:
		why = "the value is neither 0 nor 1"
	case from == Server && value < s.ConnectProtocol:
		why = "it goes back from 1 to 0"
	case from == Server:
		s.ConnectProtocol = value
	}
	if why == "" {
		return nil
	}
	err := connError(ProtocolError, "3", "ENABLE_CONNECT_PROTOCOL: %s", why)
	err.RFC = rfcExtendedConnect
	return err
}

// appendSetting appends one setting to the payload of a frame.
func appendSetting(dst []byte, id Setting, value uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(dst, uint16(id)), value)
}

package h2

import (
	"fmt"
	"iter"
)

// What follows is for those who only look at a connection of others, as a decoder of packet
// captures does. They have the same rules, but no Endpoint.

// ParseRequest judges the field list of a request (RFC 9113 §8.3) and sorts it. The violation is
// that of a malformed message (§8.1.1).
func ParseRequest(list []Field) (*Head, *Violation) { return parseHead(list, request) }

// ParseResponse is ParseRequest for a response.
func ParseResponse(list []Field) (*Head, *Violation) { return parseHead(list, response) }

// InitialSettings returns what holds until a SETTINGS frame says otherwise (RFC 9113 §6.5.2).
func InitialSettings() Settings { return initialSettings }

// Read takes over the settings in the payload of a frame, up to the first that is wrong. from is
// the role of the sender.
func (s *Settings) Read(payload []byte, from Role) *ConnError { return s.read(payload, from) }

// SettingsIn yields the settings in the payload of a frame, in order. Bytes after the last whole
// one are left out.
func SettingsIn(payload []byte) iter.Seq2[Setting, uint32] { return settingsIn(payload) }

var settingNames = map[Setting]string{
	SettingHeaderTableSize: "HEADER_TABLE_SIZE",
	SettingEnablePush:      "ENABLE_PUSH",
	SettingMaxStreams:      "MAX_CONCURRENT_STREAMS",
	SettingInitialWindow:   "INITIAL_WINDOW_SIZE",
	SettingMaxFrameSize:    "MAX_FRAME_SIZE",
	SettingMaxHeaderList:   "MAX_HEADER_LIST_SIZE",
	SettingConnectProtocol: "ENABLE_CONNECT_PROTOCOL",
	settingNoPriorities:    "NO_RFC7540_PRIORITIES",
}

// settingNoPriorities has no meaning here, only a name (RFC 9218 §2.1).
const settingNoPriorities Setting = 0x9

// String returns the name of the RFC without "SETTINGS_", or the number of a setting that is not
// known.
func (s Setting) String() string {
	if name, ok := settingNames[s]; ok {
		return name
	}
	return fmt.Sprintf("setting %#x", uint16(s))
}

// Rule is the section that a violation breaks, as in "RFC 9113 §6.5"; empty if it is a limit of
// ours.
func (v *Violation) Rule() string {
	if v.Section == "" {
		return ""
	}
	rfc := v.RFC
	if rfc == 0 {
		rfc = defaultRFC
	}
	return fmt.Sprintf("RFC %d §%s", rfc, v.Section)
}

package trace

// HTTP2Conn is what is known of an HTTP/2 connection as a whole. Each of its WebSockets is a
// conversation of its own: see Conversation.HTTP2Stream.
type HTTP2Conn struct {
	WebSockets int `json:"webSockets"` // streams that asked for one, or prove to be one
	Requests   int `json:"requests"`   // others
	// Unknown counts streams with DATA whose requests are not in the capture. No WebSocket could
	// be proven in them.
	Unknown int `json:"unknown,omitempty"`

	C2S HTTP2Side `json:"c2s"`
	S2C HTTP2Side `json:"s2c"`
}

// HTTP2Side is one side of an HTTP/2 connection.
type HTTP2Side struct {
	Frames   []FrameCount `json:"frames,omitempty"`   // in the order in which the types came
	Settings []Setting    `json:"settings,omitempty"` // the last value of each
	// Partial is set if a field block is not in the capture. Fields of later ones may then be
	// unknown: their names or values are "?".
	Partial bool `json:"partial,omitempty"`
}

// FrameCount says how many frames of a type there are.
type FrameCount struct {
	Type  string `json:"type"`
	Count int    `json:"count"`
}

// Setting is a setting, by its name without "SETTINGS_".
type Setting struct {
	Name  string `json:"name"`
	Value uint32 `json:"value"`
}

// count counts a frame.
func (s *HTTP2Side) count(kind string) {
	for i := range s.Frames {
		if s.Frames[i].Type == kind {
			s.Frames[i].Count++
			return
		}
	}
	s.Frames = append(s.Frames, FrameCount{kind, 1})
}

// maxSettings is how many settings are kept. Nine are defined.
const maxSettings = 32

// set records a setting.
func (s *HTTP2Side) set(name string, value uint32) {
	for i := range s.Settings {
		if s.Settings[i].Name == name {
			s.Settings[i].Value = value
			return
		}
	}
	if len(s.Settings) < maxSettings {
		s.Settings = append(s.Settings, Setting{name, value})
	}
}

func (h *HTTP2Conn) side(d Dir) *HTTP2Side {
	if d == FromServer {
		return &h.S2C
	}
	return &h.C2S
}

package peers_test

import "slices"

// gobwasList is what gobwas sees otherwise.
var gobwasList = []*difference{
	{
		name: "length not minimal", section: "5.2",
		why:   `"the minimal number of bytes MUST be used to encode the length": we refuse the frame, gobwas takes it`,
		about: func(p placed) bool { return slices.Contains(p.broken(), "length not minimal") || p.longControl() },
	},
	{
		name: "close codes registered since", section: "7.4.2",
		why:   `1012 to 1014 are in the registry that the section has IANA keep: we take them, gobwas knows those of the RFC`,
		about: func(p placed) bool { return p.closes(1012, 1014) },
	},
	{
		name: "close codes beyond 4999", section: "7.4.2",
		why:   `the ranges end at 4999: we refuse what lies beyond, gobwas takes it`,
		about: func(p placed) bool { return p.closes(5000, 65535) },
	},
	{
		name: "a header that has only begun", section: "5.2",
		why:   `two bytes may show that a frame cannot be taken: we refuse it then, gobwas when all of its header has come`,
		about: func(p placed) bool { return p.begun && len(p.broken()) > 0 },
	},
}

// closes tells that it is a Close frame with a code in a range.
func (p placed) closes(from, to int) bool {
	if p.Opcode != 8 || !p.complete || len(p.Payload) < 2 {
		return false
	}
	code := int(p.Payload[0])<<8 | int(p.Payload[1])
	return from <= code && code <= to
}

// longControl tells that a control frame has its length in more bytes than it takes.
func (p placed) longControl() bool { return p.Opcode >= 8 && p.Extended > 0 && p.Length <= 125 }

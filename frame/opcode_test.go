package frame

import "testing"

// https://www.rfc-editor.org/rfc/rfc6455#section-5.5
//
// "Control frames are identified by opcodes where the most significant bit of
// the opcode is 1. [...] Opcodes 0xB-0xF are reserved for further control
// frames yet to be defined."
func TestOpcode(t *testing.T) {
	for o, want := range [256]struct {
		control, reserved bool
		name              string
	}{
		0:  {false, false, "continuation"},
		1:  {false, false, "text"},
		2:  {false, false, "binary"},
		3:  {false, true, "reserved(3)"},
		4:  {false, true, "reserved(4)"},
		5:  {false, true, "reserved(5)"},
		6:  {false, true, "reserved(6)"},
		7:  {false, true, "reserved(7)"},
		8:  {true, false, "close"},
		9:  {true, false, "ping"},
		10: {true, false, "pong"},
		11: {true, true, "reserved(11)"},
		12: {true, true, "reserved(12)"},
		13: {true, true, "reserved(13)"},
		14: {true, true, "reserved(14)"},
		15: {true, true, "reserved(15)"},
	} {
		o := Opcode(o)
		if o > 15 { // cannot be on the wire
			if !o.IsReserved() {
				t.Errorf("opcode %d is not reserved", o)
			}
			continue
		}
		if o.IsControl() != want.control || o.IsReserved() != want.reserved || o.String() != want.name {
			t.Errorf("opcode %d: control %v, reserved %v, %q", uint8(o), o.IsControl(), o.IsReserved(), o)
		}
	}
}

package conn

import (
	"testing"

	"github.com/hawser-ws/websocket/frame"
)

// "a client MUST mask all frames that it sends to the server [...]
// A server MUST NOT mask any frames that it sends to the client."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestOnlyTheClientMasks(t *testing.T) {
	for _, test := range []struct {
		role, peer  Role
		name        string
		masks       bool
		closesFirst bool
	}{
		{role: Server, peer: Client, name: "server", masks: false, closesFirst: true},
		{role: Client, peer: Server, name: "client", masks: true, closesFirst: false},
	} {
		if got := test.role.String(); got != test.name {
			t.Errorf("Role(%d).String() = %q, want %q", test.role, got, test.name)
		}
		if got := test.role.Peer(); got != test.peer {
			t.Errorf("the peer of a %v is a %v, want a %v", test.role, got, test.peer)
		}
		if got := test.role.Peer().Peer(); got != test.role {
			t.Errorf("the peer of the peer of a %v is a %v", test.role, got)
		}
		if got := test.role.Masks(); got != test.masks {
			t.Errorf("%v masks: %v, want %v", test.role, got, test.masks)
		}
		// "The underlying TCP connection, in most normal cases, SHOULD be closed
		// first by the server"
		// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
		if got := test.role.ClosesFirst(); got != test.closesFirst {
			t.Errorf("%v closes first: %v, want %v", test.role, got, test.closesFirst)
		}
		for _, deflate := range []bool{false, true} {
			want := frame.Expectation{Masked: !test.masks, RSV1: deflate}
			if got := test.role.Expects(deflate); got != want {
				t.Errorf("%v with deflate %v expects %+v, want %+v", test.role, deflate, got, want)
			}
		}
	}
	if got, want := Role(0).String(), "no role"; got != want {
		t.Errorf("the zero Role is called %q, want %q", got, want)
	}
}

// "The server MUST close the connection upon receiving a frame that is not
// masked. [...] A client MUST close a connection if it detects a masked frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestWhatOneRoleSendsTheOtherExpects(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		ours := frame.Header{FIN: true, Opcode: frame.Text, Masked: role.Masks()}
		if v := frame.Check(ours, role.Peer().Expects(false)); v != nil {
			t.Errorf("the peer refuses what a %v sends: %v", role, v)
		}
		if v := frame.Check(ours, role.Expects(false)); v == nil {
			t.Errorf("a %v accepts the frames of another %v", role, role)
		}
	}
}

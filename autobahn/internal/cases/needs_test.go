package cases

import (
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Cases of frames need a stream and nothing else; these do not. 20.10 and 20.11 are about a field
// that RFC 8441 has as well.
func TestNeeds(t *testing.T) {
	for _, role := range []verdict.Role{verdict.Server, verdict.Client} {
		for _, c := range Cases(role) {
			want := play.Need(0)
			switch {
			case strings.HasPrefix(c.ID, "20.1."), strings.HasPrefix(c.ID, "20.2."), strings.HasPrefix(c.ID, "20.3."), strings.HasPrefix(c.ID, "20.4."):
				want = play.NeedHTTP1
			case strings.HasPrefix(c.ID, "21."):
				want = play.NeedHTTP2
			case c.ID == "20.8.14", matchesID("20.9.[4-7]", c.ID):
				want = play.NeedTCP
			}
			if c.Needs != want {
				t.Errorf("%v: %s needs %b, want %b", role, c.ID, c.Needs, want)
			}
			if d := c.Door; d != nil && c.Needs&(play.NeedHTTP1|play.NeedHTTP2) == 0 && (d.Request != nil || d.Response != nil || d.Fresh || d.Refused) {
				t.Errorf("%v: %s changes the opening handshake and does not say so", role, c.ID)
			}
		}
	}
}

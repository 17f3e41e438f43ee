package rtc

import (
	"time"

	"github.com/livekit/protocol/auth"
)

// Grant is what an access token says: who may join which room, for how long. The
// token is a JWT signed with the API secret; the server reads everything from it, and
// so nothing of it is in the URL.
type Grant struct {
	Key, Secret string // of the server's API
	Room        string
	Identity    string        // unique in the room: a second one shows the first out
	Name        string        // to show to people; may be empty
	Hidden      bool          // others are not told of the participant
	ValidFor    time.Duration // for joining; who has joined stays. Zero: the library's six hours
}

// Token returns the token. It may join the room, publish, and subscribe.
func (g Grant) Token() (string, error) {
	t := auth.NewAccessToken(g.Key, g.Secret).
		SetIdentity(g.Identity).
		SetName(g.Name).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: g.Room, Hidden: g.Hidden}).
		SetValidFor(g.ValidFor)
	return t.ToJWT()
}

package rtc

import (
	"time"

	"github.com/livekit/protocol/auth"
)

// Grant is the content of an access token: who may join which room, for how long. The token is
// a JWT signed with the API secret. The server reads everything from it, so none of it is in
// the URL.
type Grant struct {
	Key, Secret string // of the server's API
	Room        string
	Identity    string        // unique in the room: a second one replaces the first
	Name        string        // to show to people; may be empty
	Hidden      bool          // others are not told of the participant
	ValidFor    time.Duration // how long it can be used to join; it does not limit the session. Zero: the library's six hours
}

// Token returns the token. It allows joining the room, publishing, and subscribing.
func (g Grant) Token() (string, error) {
	t := auth.NewAccessToken(g.Key, g.Secret).
		SetIdentity(g.Identity).
		SetName(g.Name).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: g.Room, Hidden: g.Hidden}).
		SetValidFor(g.ValidFor)
	return t.ToJWT()
}

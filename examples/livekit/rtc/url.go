package rtc

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// Protocol is the protocol version of this client: a leave request has an action (13), a failed
// request is answered (15), a participant may be moved to another room (16). What 17 adds
// concerns media.
const Protocol = 16

// Version is the form of the join request.
type Version int

const (
	// V0 is /rtc: parameters in the query. The server offers a PeerConnection for what the
	// participant subscribes to, the client offers another for what it publishes.
	V0 Version = iota
	// V1 is /rtc/v1: one protobuf message in the query. There is one PeerConnection, offered by
	// the client; the server says how many media sections it needs.
	V1
)

// entry says how to join.
type entry int

const (
	join   entry = iota // as a new participant
	resume              // as the participant whose connection was lost
)

// joinURL returns the URL to dial. server may have a path, for a server behind a proxy.
func joinURL(server string, v Version, how entry, sid string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("the server's URL: %w", err)
	}
	query := url.Values{}
	switch v {
	case V0:
		u = u.JoinPath("rtc")
		query.Set("protocol", strconv.Itoa(Protocol))
		query.Set("sdk", "go")
		query.Set("auto_subscribe", "1")
		if how == resume {
			query.Set("reconnect", "1")
			query.Set("reconnect_reason", strconv.Itoa(int(livekit.ReconnectReason_RR_SIGNAL_DISCONNECTED)))
			query.Set("sid", sid)
		}
	case V1:
		u = u.JoinPath("rtc", "v1")
		request, err := joinRequest(how, sid)
		if err != nil {
			return "", err
		}
		query.Set("join_request", request)
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// joinRequest returns the parameter of /rtc/v1: base64 of a message around a message. The inner
// one may be compressed with gzip, which pays off if it has an offer.
func joinRequest(how entry, sid string) (string, error) {
	request := &livekit.JoinRequest{
		ClientInfo:         &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: Protocol},
		ConnectionSettings: &livekit.ConnectionSettings{AutoSubscribe: true},
	}
	if how == resume {
		request.Reconnect = true
		request.ReconnectReason = livekit.ReconnectReason_RR_SIGNAL_DISCONNECTED
		request.ParticipantSid = sid
	}
	inner, err := proto.Marshal(request)
	if err != nil {
		return "", err
	}
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	return base64.URLEncoding.EncodeToString(outer), err
}

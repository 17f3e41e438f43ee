package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// describe returns the essential parts of a signal. The first line follows its name.
func describe(m proto.Message, sdp bool) []string {
	switch c := rtc.Content(m).(type) {
	case *livekit.JoinResponse:
		return joined(c)
	case *livekit.ReconnectResponse:
		return append([]string{"resumed"}, iceServers(c.IceServers)...)
	case *livekit.SessionDescription:
		return session(c, sdp)
	case *livekit.TrickleRequest:
		return trickle(c)
	case *livekit.ParticipantUpdate:
		return oneOrMore(c.Participants, participant)
	case *livekit.RoomUpdate:
		return []string{fmt.Sprintf("%s, %s", room(c.Room), count(int(c.Room.GetNumParticipants()), "participant"))}
	case *livekit.RoomMovedResponse:
		return []string{"to " + room(c.Room)}
	case *livekit.LeaveRequest:
		return []string{fmt.Sprintf("%v: %v", c.Reason, c.Action)}
	case *livekit.AddTrackRequest:
		return []string{fmt.Sprintf("%v %q from %v, cid %s", c.Type, c.Name, c.Source, c.Cid)}
	case *livekit.TrackPublishedResponse:
		return []string{fmt.Sprintf("cid %s is %s", c.Cid, track(c.Track))}
	case *livekit.Ping:
		return []string{fmt.Sprintf("the last took %d ms", c.Rtt)}
	case *livekit.Pong:
		return []string{"to that of " + clock(c.LastPingTimestamp)}
	case string: // only refresh_token
		return []string{token(c)}
	}
	// Rare signals, and those of newer protocol versions, by their field names.
	var b bytes.Buffer
	if err := json.Compact(&b, messageJSON(m)); err != nil {
		return []string{err.Error()}
	}
	return []string{b.String()}
}

// joined describes the room that the participant has entered.
func joined(j *livekit.JoinResponse) []string {
	if j.AlternativeUrl != "" {
		return []string{"not here: " + j.AlternativeUrl}
	}
	lines := []string{
		fmt.Sprintf("%s, we are %s", room(j.Room), participant(j.Participant)),
		fmt.Sprintf("server %s, protocol %d, node %s", j.GetServerInfo().GetVersion(), j.GetServerInfo().GetProtocol(), j.GetServerInfo().GetNodeId()),
		fmt.Sprintf("ping every %d s, gone after %d s without an answer", j.PingInterval, j.PingTimeout),
	}
	lines = append(lines, iceServers(j.IceServers)...)
	for _, p := range j.OtherParticipants {
		lines = append(lines, "here already: "+participant(p))
	}
	return lines
}

func iceServers(servers []*livekit.ICEServer) (lines []string) {
	for _, s := range servers {
		line := "ICE server " + strings.Join(s.Urls, " ")
		if s.Username != "" {
			line += " for user " + s.Username
		}
		lines = append(lines, line)
	}
	return lines
}

func room(r *livekit.Room) string { return fmt.Sprintf("room %s (%s)", r.GetName(), r.GetSid()) }

func participant(p *livekit.ParticipantInfo) string {
	s := fmt.Sprintf("%s (%s) %v", p.GetIdentity(), p.GetSid(), p.GetState())
	if p.GetState() == livekit.ParticipantInfo_DISCONNECTED {
		s += fmt.Sprintf(", %v", p.GetDisconnectReason())
	}
	for _, t := range p.GetTracks() {
		s += ", " + track(t)
	}
	return s
}

func track(t *livekit.TrackInfo) string {
	return fmt.Sprintf("%v track %s %q", t.GetType(), t.GetSid(), t.GetName())
}

// trickle shows the candidate, in the form of the browser's RTCIceCandidateInit.
func trickle(t *livekit.TrickleRequest) []string {
	line := t.Target.String()
	if t.CandidateInit != "" {
		line += ": " + t.CandidateInit
	}
	if t.Final {
		line += ", the last"
	}
	return []string{line}
}

// token says for whom a token is and for how long, but not the token itself.
func token(jwt string) string {
	t, err := auth.ParseAPIToken(jwt)
	if err != nil {
		return "which is no token: " + err.Error()
	}
	return fmt.Sprintf("a new one for %s, key %s", t.Identity(), t.APIKey())
}

func clock(unixMilli int64) string {
	return time.UnixMilli(unixMilli).Format("15:04:05.000")
}

// oneOrMore describes a list. The first element follows the name of the signal.
func oneOrMore[T any](list []T, one func(T) string) []string {
	var lines []string
	for v := range slices.Values(list) {
		lines = append(lines, one(v))
	}
	if len(lines) == 0 {
		return []string{"nobody"}
	}
	return lines
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

package rtc

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

func TestJoinURL(t *testing.T) {
	for _, test := range []struct {
		server string
		how    entry
		want   string
	}{
		{"ws://127.0.0.1:7880", join, "ws://127.0.0.1:7880/rtc?auto_subscribe=1&protocol=16&sdk=go"},
		{"https://example.com/livekit/", join, "https://example.com/livekit/rtc?auto_subscribe=1&protocol=16&sdk=go"},
		{"ws://[::1]/", resume, "ws://[::1]/rtc?auto_subscribe=1&protocol=16&reconnect=1&reconnect_reason=1&sdk=go&sid=PA_1"},
	} {
		if got, err := joinURL(test.server, V0, test.how, "PA_1"); got != test.want || err != nil {
			t.Errorf("%s: %s, %v\nwant %s", test.server, got, err, test.want)
		}
	}
	if got, err := joinURL("ws://a b/", V0, join, ""); err == nil {
		t.Errorf("no URL at all is %s", got)
	}
}

func TestJoinRequest(t *testing.T) {
	for _, how := range []entry{join, resume} {
		raw, err := joinURL("ws://127.0.0.1:7880", V1, how, "PA_1")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if u.Path != "/rtc/v1" {
			t.Errorf("the path is %s", u.Path)
		}
		outer, err := base64.URLEncoding.DecodeString(u.Query().Get("join_request"))
		if err != nil {
			t.Fatal(err)
		}
		var wrapped livekit.WrappedJoinRequest
		var request livekit.JoinRequest
		if err := proto.Unmarshal(outer, &wrapped); err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(wrapped.JoinRequest, &request); err != nil {
			t.Fatal(err)
		}
		if request.ClientInfo.Protocol != Protocol || !request.ConnectionSettings.AutoSubscribe {
			t.Errorf("%v", &request)
		}
		if request.Reconnect != (how == resume) || (request.ParticipantSid == "PA_1") != (how == resume) {
			t.Errorf("entry %v: %v", how, &request)
		}
	}
}

func TestToken(t *testing.T) {
	token, err := Grant{Key: "devkey", Secret: "secret", Room: "demo", Identity: "ann", Name: "Ann", Hidden: true}.Token()
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.ParseAPIToken(token)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := verifier.Verify("another"); err == nil {
		t.Error("it is good for any secret")
	}
	_, claims, err := verifier.Verify("secret")
	if err != nil {
		t.Fatal(err)
	}
	if v := claims.Video; verifier.APIKey() != "devkey" || claims.Identity != "ann" || claims.Name != "Ann" || !v.RoomJoin || v.Room != "demo" || !v.Hidden {
		t.Errorf("%+v", claims)
	}
	if _, err := (Grant{Key: "devkey"}).Token(); err == nil {
		t.Error("a token without a secret")
	}
}

func TestRedacted(t *testing.T) {
	const secret = "ey.secret"
	for _, m := range []*livekit.SignalResponse{
		{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: secret}},
		{Message: &livekit.SignalResponse_RoomMoved{RoomMoved: &livekit.RoomMovedResponse{Token: secret}}},
		{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
			Room:       &livekit.Room{TurnPassword: secret},
			IceServers: []*livekit.ICEServer{{Urls: []string{"turn:a"}}, {Urls: []string{"turn:b"}, Credential: secret}},
		}}},
	} {
		redacted := Redacted(m).(*livekit.SignalResponse)
		if strings.Contains(redacted.String(), secret) || !strings.Contains(redacted.String(), "<secret>") {
			t.Errorf("%v", redacted)
		}
		if Name(redacted) != Name(m) || !strings.Contains(m.String(), secret) {
			t.Errorf("it has changed: %v", m)
		}
	}
}

func TestName(t *testing.T) {
	for want, m := range map[string]proto.Message{
		"ping_req": &livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{}}},
		"pong":     &livekit.SignalResponse{Message: &livekit.SignalResponse_Pong{}},
		"nothing":  &livekit.SignalResponse{},
	} {
		if got := Name(m); got != want {
			t.Errorf("%v: %s, want %s", m, got, want)
		}
	}
	var newer livekit.SignalResponse
	if err := proto.Unmarshal([]byte{0xaa, 0x3f, 1, 0}, &newer); err != nil { // field 1013
		t.Fatal(err)
	}
	if got := Name(&newer); got != "field 1013" || Content(&newer) != nil {
		t.Errorf("a signal of a newer protocol is %s, %v", got, Content(&newer))
	}
}

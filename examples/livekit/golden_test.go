package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/hawser-ws/websocket/wstest"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestMain(m *testing.M) {
	time.Local = time.UTC // for the times in testdata
	os.Exit(m.Run())
}

const offer = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=candidate:1 1 udp 1 127.0.0.1 7 typ host\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sctp-port:5000\r\n"

// signals are one of each that has a line of its own, and some that have not.
func signals() []rtc.Event {
	got := func(m *livekit.SignalResponse) rtc.Event {
		return rtc.Signal{Direction: rtc.Received, Message: m, Size: proto.Size(m)}
	}
	said := func(m *livekit.SignalRequest) rtc.Event {
		return rtc.Signal{Direction: rtc.Sent, Message: m, Size: proto.Size(m)}
	}
	demo := &livekit.Room{Sid: "RM_1", Name: "demo", NumParticipants: 2}
	ann := &livekit.ParticipantInfo{Sid: "PA_1", Identity: "ann"}
	bob := &livekit.ParticipantInfo{
		Sid: "PA_2", Identity: "bob\x1b[2J\n", State: livekit.ParticipantInfo_ACTIVE,
		Tracks: []*livekit.TrackInfo{{Sid: "TR_1", Name: "cam\u202e", Type: livekit.TrackType_VIDEO}},
	}
	gone := &livekit.ParticipantInfo{Sid: "PA_2", Identity: "bob", State: livekit.ParticipantInfo_DISCONNECTED, DisconnectReason: livekit.DisconnectReason_CLIENT_INITIATED}
	token, err := rtc.Grant{Key: "devkey", Secret: "secret", Room: "demo", Identity: "ann"}.Token()
	if err != nil {
		panic(err)
	}
	return []rtc.Event{
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
			Room: demo, Participant: ann, OtherParticipants: []*livekit.ParticipantInfo{bob},
			ServerInfo:   &livekit.ServerInfo{Version: "1.13.5", Protocol: 17, NodeId: "ND_1"},
			IceServers:   []*livekit.ICEServer{{Urls: []string{"stun:a:3478"}}, {Urls: []string{"turn:b"}, Username: "u", Credential: "a secret"}},
			PingInterval: 5, PingTimeout: 15,
		}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{AlternativeUrl: "wss://elsewhere"}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{Type: "offer", Id: 1, Sdp: offer}}}),
		said(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{Type: "answer", Id: 1, Sdp: "nonsense"}}}),
		said(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{
			CandidateInit: `{"candidate":"candidate:1 1 udp 1 127.0.0.1 7 typ host","sdpMid":"0"}`, Target: livekit.SignalTarget_SUBSCRIBER,
		}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Trickle{Trickle: &livekit.TrickleRequest{Final: true}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{ann, gone}}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_RoomUpdate{RoomUpdate: &livekit.RoomUpdate{Room: demo}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_RoomMoved{RoomMoved: &livekit.RoomMovedResponse{Room: demo, Token: token}}}),
		said(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{Cid: "mic", Name: "mic", Source: livekit.TrackSource_MICROPHONE}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_TrackPublished{TrackPublished: &livekit.TrackPublishedResponse{Cid: "mic", Track: &livekit.TrackInfo{Sid: "TR_2", Name: "mic"}}}}),
		said(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: 946684800000, Rtt: 3}}}),
		rtc.Signal{Direction: rtc.Received, Size: 9, RoundTrip: 1234567, Message: &livekit.SignalResponse{Message: &livekit.SignalResponse_PongResp{PongResp: &livekit.Pong{LastPingTimestamp: 946684800000}}}},
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_PongResp{PongResp: &livekit.Pong{LastPingTimestamp: 946684800000}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Pong{Pong: 7}}),
		rtc.Signal{Direction: rtc.Received, Size: 200, Message: &livekit.SignalResponse{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: token}}},
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: "none"}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Reconnect{Reconnect: &livekit.ReconnectResponse{IceServers: []*livekit.ICEServer{{Urls: []string{"stun:a:3478"}}}}}}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_SubscribedQualityUpdate{SubscribedQualityUpdate: &livekit.SubscribedQualityUpdate{TrackSid: "TR_2"}}}),
		got(&livekit.SignalResponse{}),
		got(&livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{Reason: livekit.DisconnectReason_SERVER_SHUTDOWN, Action: livekit.LeaveRequest_RESUME}}}),
	}
}

// events are a session's, as it may go.
func events(t *testing.T) []rtc.Event {
	there, here := wstest.Pipe(nil)
	t.Cleanup(func() { there.CloseNow(); here.CloseNow() })
	response := &http.Response{Status: "101 Switching Protocols", Header: http.Header{"Sec-Websocket-Extensions": {"x"}}}
	ended := &websocket.ClosedError{
		Sent: &websocket.CloseError{Code: 1000}, Received: &websocket.CloseError{Code: 1000, Reason: "bye"}, Began: websocket.SideLocal,
	}
	all := []rtc.Event{rtc.Dialing{URL: "ws://server/rtc"}, rtc.Connected{Conn: here, Response: response}}
	all = append(all, signals()...)
	return append(all,
		rtc.Disconnected{Err: &websocket.ClosedError{Began: websocket.SideRemote, Cause: io.EOF}},
		rtc.Waiting{For: 449 * time.Millisecond, Attempt: 1, Of: 10},
		rtc.Dialing{URL: "ws://server/rtc", Resume: true},
		rtc.Connected{Conn: here},
		rtc.Disconnected{Err: ended},
		rtc.Disconnected{Err: errors.New("websocket: refused\x1b")},
		rtc.Disconnected{Err: &websocket.ClosedError{
			Sent: &websocket.CloseError{Code: 1000}, Received: &websocket.CloseError{Code: 1000, Reason: "bye"}, Began: websocket.SideRemote,
		}},
		rtc.Disconnected{Err: &websocket.ClosedError{Sent: &websocket.CloseError{Code: 1000}, Began: websocket.SideLocal, Cause: websocket.ErrCloseTimeout}},
		rtc.Disconnected{},
	)
}

// What is printed of a session is that in testdata, and has neither secrets nor
// control characters.
func TestPrinted(t *testing.T) {
	for name, printer := range map[string]func(io.Writer) func(rtc.Event){
		"session.txt":     func(w io.Writer) func(rtc.Event) { return (&text{out: w}).event },
		"session-sdp.txt": func(w io.Writer) func(rtc.Event) { return (&text{out: w, sdp: true}).event },
		"session.jsonl":   func(w io.Writer) func(rtc.Event) { return (&jsonLines{out: w}).event },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				print := printer(&out)
				for _, e := range events(t) {
					time.Sleep(time.Millisecond)
					print(e)
				}
				wantGolden(t, "testdata/"+name, out.Bytes())
				for _, never := range []string{"a secret", "eyJ", "\x1b", "\r"} {
					if strings.Contains(out.String(), never) {
						t.Errorf("%q is printed", never)
					}
				}
			})
		})
	}
}

func wantGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (- is what it says; -update writes it anew)\n%s", name, diff)
	}
}

func TestFlags(t *testing.T) {
	for _, name := range []string{"LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"} {
		t.Setenv(name, "")
	}
	f, err := readFlags([]string{"-attempts", "0", "-v1"})
	if err != nil {
		t.Fatal(err)
	}
	if f.server != "ws://127.0.0.1:7880" || f.grant.Secret != "secret" || f.attempts != -1 || f.version() != rtc.V1 {
		t.Errorf("%+v", f)
	}
	t.Setenv("LIVEKIT_API_SECRET", "other")
	if f, err := readFlags(nil); err != nil || f.grant.Secret != "other" || f.version() != rtc.V0 {
		t.Errorf("%+v, %v", f, err)
	}
	for _, bad := range [][]string{{"x"}, {"-room", ""}, {"-identity="}} {
		if _, err := readFlags(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestTokenOnly(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-token", "-api-secret", "secret"}, &out); err != nil {
		t.Fatal(err)
	}
	if token := out.String(); strings.Count(token, ".") != 2 || !strings.HasSuffix(token, "\n") || strings.Count(token, "\n") != 1 {
		t.Errorf("the token is %q", token)
	}
}

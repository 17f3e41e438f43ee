package livekit

import (
	"context"
	"net"
	"testing"

	"github.com/hawser-ws/websocket/examples/livekit/peer"
	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// A session and a PeerConnection in this process: nothing of them is left when they
// have ended, as goleak sees in the end. Candidates are of the loopback only.
func TestPeer(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		for name, version := range map[string]rtc.Version{"rtc": rtc.V0, "rtc v1": rtc.V1} {
			t.Run(name, func(t *testing.T) {
				ctx := patience(t)
				s := startServer(t, ctx, program)
				var engine webrtc.SettingEngine
				engine.SetIncludeLoopbackCandidate(true)
				engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
				engine.SetIPFilter(net.IP.IsLoopback)
				p := peer.New(version)
				p.API = webrtc.NewAPI(webrtc.WithSettingEngine(engine))
				states := make(chan webrtc.PeerConnectionState, 10)
				p.Changed = func(state webrtc.PeerConnectionState) { states <- state }
				active := make(chan string, 10)
				candidates := map[rtc.Direction]int{}
				session := rtc.NewSession(rtc.Options{
					Server: s.url, Token: token(t, "ann", "demo"), Version: version,
					Observe: func(e rtc.Event) {
						p.Observe(e)
						signal, ok := e.(rtc.Signal)
						if !ok {
							return
						}
						if rtc.Name(signal.Message) == "trickle" {
							candidates[signal.Direction]++
						}
						if update, ok := rtc.Content(signal.Message).(*livekit.ParticipantUpdate); ok {
							for _, who := range update.Participants {
								if who.State == livekit.ParticipantInfo_ACTIVE {
									active <- who.Identity
								}
							}
						}
					},
				})
				sessionCtx, leave := context.WithCancel(ctx)
				defer leave()
				peerCtx, hangUp := context.WithCancel(ctx)
				defer hangUp()
				ended := make(chan error, 2)
				go func() { ended <- session.Run(sessionCtx) }()
				go func() { ended <- p.Run(peerCtx, session) }()

				for _, want := range []webrtc.PeerConnectionState{webrtc.PeerConnectionStateConnecting, webrtc.PeerConnectionStateConnected} {
					select {
					case got := <-states:
						if got != want {
							t.Fatalf("the PeerConnection is %v, want %v", got, want)
						}
					case err := <-ended:
						t.Fatalf("ended: %v", err)
					case <-ctx.Done():
						t.Fatalf("the PeerConnection is not %v", want)
					}
				}
				select {
				case who := <-active:
					if who != "ann" {
						t.Errorf("%s is active", who)
					}
				case <-ctx.Done():
					t.Fatal("the server does not say that it is connected")
				}
				for _, end := range []func(){leave, hangUp} {
					end()
					if err := <-ended; err != nil {
						t.Error(err)
					}
				}
				if candidates[rtc.Sent] == 0 || candidates[rtc.Received] == 0 {
					t.Errorf("candidates: %v", candidates)
				}
			})
		}
	})
}

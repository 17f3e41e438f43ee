package livekit

import (
	"regexp"
	"strings"
	"testing"
)

// deflate is how the server answers our offer of permessage-deflate.
const deflate = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// Two participants see each other come, get connected, and go; with every step of the
// signalling, by either form of it.
func TestTwoInARoom(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		for name, form := range map[string]struct {
			flags           []string
			offers, answers string // which way
			target, dialed  string
		}{
			"rtc":    {nil, "←", "→", "SUBSCRIBER", "/rtc?auto_subscribe=1"},
			"rtc v1": {[]string{"-v1"}, "→", "←", "PUBLISHER", "/rtc/v1?join_request="},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // it waits for pings most of the time
				ctx := patience(t)
				s := startServer(t, ctx, program)
				ann := s.join(t, "ann", append(form.flags, "-sdp")...)
				ann.await(ctx, "* dialing "+s.url+form.dialed)
				ann.await(ctx, "* 101 Switching Protocols, "+deflate)
				ann.await(ctx, "← join", "room demo (RM_", "we are ann (PA_")
				ann.await(ctx, "server 1.13.5, protocol 17")
				ann.await(ctx, "ping every 5 s, gone after 15 s")
				ann.await(ctx, "* PeerConnection connected")
				ann.await(ctx, "ann (PA_", "ACTIVE")
				for _, want := range []string{
					form.offers + " offer", form.answers + " answer", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
					"← trickle", form.target + `: {"candidate":"candidate:`, "→ trickle", "← refresh_token",
				} {
					if !strings.Contains(ann.printed(), want) {
						t.Errorf("without %s", want)
					}
				}

				bob := s.join(t, "bob", form.flags...)
				bob.await(ctx, "here already: ann (PA_")
				bob.await(ctx, "* PeerConnection connected")
				ann.await(ctx, "bob (PA_", "ACTIVE")
				ann.await(ctx, "→ ping_req")
				ann.await(ctx, "← pong_resp", "round trip")

				bob.interrupt()
				bob.await(ctx, "→ leave", "CLIENT_INITIATED: DISCONNECT")
				// The server closes when it hears leave, and so do we when we have said it.
				end := bob.await(ctx, "* disconnected: ")
				if !regexp.MustCompile(`closed by (us|the peer), [→←] close 1000, [→←] close 1000$`).MatchString(end) {
					t.Errorf("it ends with %s", end)
				}
				bob.exit(ctx, 0)
				ann.await(ctx, "bob (PA_", "DISCONNECTED, CLIENT_INITIATED")
			})
		}
	})
}

// A second one with the same identity shows the first out, for good.
func TestSameIdentity(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		ctx := patience(t)
		s := startServer(t, ctx, program)
		first := s.join(t, "ann")
		first.await(ctx, "← join")
		second := s.join(t, "ann")
		second.await(ctx, "← join")
		first.await(ctx, "← leave", "DUPLICATE_IDENTITY: DISCONNECT")
		first.await(ctx, "* disconnected: closed by ", "close 1000")
		first.await(ctx, "the server said leave: DUPLICATE_IDENTITY")
		first.exit(ctx, 1)
		second.interrupt()
		second.exit(ctx, 0)
	})
}

// Who is not let in is told why, by the server.
func TestRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		ctx := patience(t)
		s := startServer(t, ctx, program)
		wrong := s.join(t, "ann", "-api-secret", "another secret that has 32 characters, too")
		wrong.await(ctx, "401 Unauthorized", `"invalid token: <token>, error: `)
		wrong.exit(ctx, 1)

		stranger := s.join(t, "ann", "-api-key", "stranger")
		stranger.await(ctx, "401 Unauthorized", `"invalid API key: stranger"`)
		stranger.exit(ctx, 1)

		if lines := s.printed(); !strings.Contains(lines, "invalid API key: stranger") {
			t.Errorf("the server's own view:\n%s", lines)
		}
	})
}

// A token is for one room: participants with tokens for two do not see each other.
func TestTwoRooms(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		t.Parallel() // it waits for pings most of the time
		ctx := patience(t)
		s := startServer(t, ctx, program)
		ann := s.join(t, "ann", "-room", "harbour")
		ann.await(ctx, "room harbour")
		ann.await(ctx, "ann (PA_", "ACTIVE")
		bob := s.join(t, "bob", "-room", "pub")
		bob.await(ctx, "room pub")
		bob.await(ctx, "bob (PA_", "ACTIVE")
		ann.await(ctx, "← pong_resp")
		if strings.Contains(bob.printed(), "ann") || strings.Contains(ann.printed(), "bob") {
			t.Error("they see each other")
		}
	})
}

//go:build unix

package main

import (
	"strings"
	"testing"
)

func sceneCall(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0")
	s.ann.open(t, srv.url+"/rooms/harbour?name=Ann&codec=json")
	if v := s.ann.in(t, "waiting"); len(v.Peers) != 0 {
		t.Errorf("Ann waits alone, with %v", v.Peers)
	} else if len(v.Self) != 16 {
		t.Errorf("Ann's identity is %q", v.Self)
	}
	s.show(t, s.ann, "waiting")

	ann, bob := s.meet(t, srv.url+"/rooms/harbour?name=Ann&codec=json", srv.url+"/rooms/harbour?name=Bob&codec=json")
	s.flows(t, ann, bob)

	const line = "the tide is at a quarter past four"
	s.ann.say(t, line)
	s.bob.reads(t, "#chat-log", line)
	s.show(t, s.ann, "call")
	s.show(t, s.bob, "call")
	for _, b := range []*chromium{s.ann, s.bob} {
		if b.count(true, "join") == 0 {
			t.Errorf("%s's WebSocket carried no join: nothing has been seen of it", b.name)
		}
		for _, m := range b.wire() {
			if strings.Contains(m.text, line) {
				t.Errorf("what Ann said went over %s's WebSocket: %s", b.name, m.text)
			}
		}
	}
	// TODO the server's trace
}

func sceneGlare(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0")
	ann, bob := s.meet(t, srv.url+"/rooms/harbour?name=Ann", srv.url+"/rooms/harbour?name=Bob")
	for range 3 {
		annBefore, bobBefore := s.ann.negotiation(t), s.bob.negotiation(t)
		annSent, bobSent := len(s.ann.wire()), len(s.bob.wire())
		// Neither offer arrives before the other has been made.
		srv.hold(t)
		evaluate[any](t, s.ann, "negotiation.restart()")
		evaluate[any](t, s.bob, "negotiation.restart()")
		s.ann.offered(t, annSent)
		s.bob.offered(t, bobSent)
		srv.goOn(t)
		s.agree(t, annBefore, bobBefore)
	}
	s.inCall(t, ann, bob)
	s.flows(t, ann, bob)
}

// A browser that is gone from one moment to the next is away, and then a new
// one comes that knows nothing.
func sceneBrowserKilled(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0")
	ann, bob := s.meet(t, srv.url+"/rooms/harbour?name=Ann", srv.url+"/rooms/harbour?name=Bob")
	s.bob.kill(t)
	s.ann.await(t, "in the state lost, with Bob away", func(v view) bool {
		return v.State == "lost" && len(v.Peers) == 1 && v.Peers[0].ID == bob && v.Peers[0].Presence == "away"
	})
	s.show(t, s.ann, "lost")

	s.bob = launch(s.t, "Bob")
	s.bob.open(t, srv.url+"/rooms/harbour?name=Bob")
	again := s.bob.in(t, "call").Self
	if again == bob {
		t.Errorf("a new profile has the old identity %s", bob)
	}
	s.ann.await(t, "in a call with the new Bob", func(v view) bool { return v.State == "call" })
	s.flows(t, ann, again)
	s.show(t, s.ann, "back")
}

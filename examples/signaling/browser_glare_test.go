//go:build unix

package main

import "testing"

// Both ask for something at once, again and again: one gives way, and both get it.
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

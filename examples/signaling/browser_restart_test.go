//go:build unix

package main

import "testing"

// While there is no server the call goes on, and with the next one it can be
// changed again.
func sceneServerRestarted(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the first server", "127.0.0.1:0")
	ann, bob := s.meet(t, srv.url+"/rooms/harbour?name=Ann", srv.url+"/rooms/harbour?name=Bob")
	srv.stop(t)
	for _, b := range []*chromium{s.ann, s.bob} {
		b.in(t, "reconnecting")
	}
	s.flows(t, ann, bob)
	s.ann.in(t, "reconnecting")
	s.show(t, s.ann, "reconnecting")

	// What is to be signalled meanwhile is kept.
	annBefore, bobBefore := s.ann.negotiation(t), s.bob.negotiation(t)
	evaluate[any](t, s.ann, "negotiation.restart()")
	next := serve(t, s.program, "the next server", srv.addr)
	s.inCall(t, ann, bob)
	s.agree(t, annBefore, bobBefore)
	s.renegotiate(t, s.ann)
	s.renegotiate(t, s.bob)
	s.flows(t, ann, bob)
	s.show(t, s.bob, "resumed")
	next.stop(t)
}

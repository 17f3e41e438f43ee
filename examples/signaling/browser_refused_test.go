//go:build unix

package main

import "testing"

// The third in a room for two is told so, and does not come back by itself.
func sceneRoomFull(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0", "-capacity", "2")
	ann, bob := s.meet(t, srv.url+"/rooms/closet?name=Ann", srv.url+"/rooms/closet?name=Bob")

	cid := launch(t, "Cid")
	cid.open(t, srv.url+"/rooms/closet?name=Cid")
	if v := cid.in(t, "ended"); v.Reason == "" {
		t.Error("Cid is not told why")
	}
	s.show(t, cid, "refused")
	cid.tell(t)
	s.inCall(t, ann, bob)
}

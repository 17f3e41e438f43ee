//go:build unix

package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func sceneCall(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0")
	s.ann.open(t, srv.url+"/rooms/harbour?name=Ann&codec=json")
	v := s.ann.in(t, "waiting")
	if len(v.Peers) != 0 {
		t.Errorf("Ann waits alone, with %v", v.Peers)
	}
	ann := v.Self
	s.show(t, s.ann, "waiting")
	s.bob.open(t, srv.url+"/rooms/harbour?name=Bob&codec=json")
	bob := s.bob.in(t, "call").Self
	s.inCall(t, ann, bob)
	s.ann.in(t, "call")
	s.flows(t, ann, bob)
	ended := s.ann.follow(t, srv)

	const line = "the tide is at a quarter past four"
	s.ann.say(t, line)
	s.bob.reads(t, "#chat-log", line)
	s.show(t, s.ann, "call")
	s.show(t, s.bob, "call")

	// It went from page to page: neither the browsers nor the server have seen
	// it on a WebSocket, and they have seen what there was.
	s.ann.click(t, "#leave")
	s.ann.in(t, "ended")
	s.bob.in(t, "waiting")
	traced := ended()
	for witness, text := range map[string]string{"Ann's browser": s.ann.carried(), "Bob's browser": s.bob.carried(), "the server": traced} {
		if !strings.Contains(text, "candidate") {
			t.Errorf("%s has seen nothing of the call on its WebSocket", witness)
		}
		if strings.Contains(text, line) {
			t.Errorf("%s has seen on a WebSocket what Ann said to Bob", witness)
		}
	}
	srv.stop(t)
}

// follow reads what the server tells of the page's connection. The function that
// it returns waits until that has ended, and returns all of it.
func (b *chromium) follow(t *testing.T, srv *server) (ended func() string) {
	t.Helper()
	var known struct{ Key, Connection string } // from join and welcome
	for _, m := range b.wire() {
		if err := json.Unmarshal([]byte(m.text), &known); err != nil {
			t.Fatalf("%s's page: %v: %s", b.name, err, m.text)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", srv.url+"/trace/"+known.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+known.Key)
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the trace of %s's connection: %s", b.name, resp.Status)
	}
	return func() string {
		t.Helper()
		events, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("the trace of %s's connection: %v\n%s", b.name, err, events)
		}
		return string(events)
	}
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
	s.ann.checkParts(t, "lost")
	s.show(t, s.ann, "lost")

	s.bob = launch(s.t, "Bob")
	s.bob.open(t, srv.url+"/rooms/harbour?name=Bob")
	again := s.bob.in(t, "call").Self
	if again == bob {
		t.Errorf("a new profile has the old identity %s", bob)
	}
	s.ann.in(t, "call")
	s.flows(t, ann, again)
	s.show(t, s.ann, "back")
}

// A page that is loaded again is the same member, in another session.
func scenePageReloaded(t *testing.T, s *stage) {
	srv := serve(t, s.program, "the server", "127.0.0.1:0")
	ann, bob := s.meet(t, srv.url+"/rooms/harbour?name=Ann", srv.url+"/rooms/harbour?name=Bob&codec=cbor")
	s.bob.open(t, srv.url+"/rooms/harbour?name=Bob")
	s.inCall(t, ann, bob)
	s.flows(t, ann, bob)
}

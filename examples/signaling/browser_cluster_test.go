//go:build unix

package main

import (
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// Two servers that carry a NATS of their own.
func sceneCluster(t *testing.T, s *stage) {
	one, two := free(t), free(t)
	playTwoServers(t, s, []string{"-cluster", one, "-routes", two}, []string{"-cluster", two, "-routes", one})
}

// Two servers on a NATS that was there before.
func sceneNATS(t *testing.T, s *stage) {
	ns, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not take connections")
	}
	playTwoServers(t, s, []string{"-nats", ns.ClientURL()}, []string{"-nats", ns.ClientURL()})
}

// Ann is at one server and Bob at the other. Then hers is gone from one moment
// to the next.
func playTwoServers(t *testing.T, s *stage, atFirst, atSecond []string) {
	one := serve(t, s.program, "one server", "127.0.0.1:0", atFirst...)
	two := serve(t, s.program, "the other server", "127.0.0.1:0", atSecond...)
	atOne, atTwo := balance(t, one.addr, two.addr), balance(t, two.addr, one.addr)

	ann, bob := s.meet(t, "http://"+atOne.addr+"/rooms/harbour?name=Ann", "http://"+atTwo.addr+"/rooms/harbour?name=Bob")
	s.renegotiate(t, s.ann)
	s.flows(t, ann, bob)

	first := s.ann.accept()
	one.kill(t)
	if !s.ann.until(t, func() bool { return s.ann.accept() != first }) {
		t.Fatal("Ann's page has not connected again")
	}
	s.inCall(t, ann, bob)
	s.renegotiate(t, s.ann)
	s.renegotiate(t, s.bob)
	s.flows(t, ann, bob)
	two.stop(t)
}

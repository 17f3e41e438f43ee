package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// startNATS starts a NATS server as an operator would have one, at a port or at any.
func startNATS(t *testing.T, port int) *natsserver.Server {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(atMost) {
		t.Fatal("the NATS server does not start")
	}
	t.Cleanup(func() { stopNATS(s) })
	return s
}

func stopNATS(s *natsserver.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// The lives of servers are shorter here than they are by default.
func quickly(o *options) { o.beat, o.grace = 100*time.Millisecond, time.Minute }

// twoHosts are servers that one and the same room spans, and have found each other.
func twoHosts(t *testing.T, first, second func(*options, *host)) (a, b *host) {
	t.Helper()
	a = newHost(t, func(o *options) { quickly(o); first(o, nil) })
	b = newHost(t, func(o *options) { quickly(o); second(o, a) })
	meet(t, a, b)
	return a, b
}

// meet waits until both servers know who is on the other.
func meet(t *testing.T, a, b *host) {
	t.Helper()
	for _, pair := range [][2]*host{{a, b}, {b, a}} {
		scout := newGuest(t, wire.JSON)
		scout.join(pair[0], "meeting")
		pair[1].wantMembers(t, 1)
		scout.say(fields{"type": "leave"})
		scout.wantClosed(1000, "")
		pair[1].wantMembers(t, 0)
	}
}

// wantMembers waits until the server knows so many members, on all servers.
func (h *host) wantMembers(t *testing.T, count int) {
	t.Helper()
	for end := time.Now().Add(atMost); ; time.Sleep(time.Millisecond) {
		_, members := h.service.rooms.Count()
		if members == count {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the server knows %d members; want %d", members, count)
		}
	}
}

func byCluster(o *options, other *host) {
	o.cluster = "hawser:pass@127.0.0.1:0"
	if other != nil {
		o.routes = other.service.bus.(*bus.NATS).ClusterAddr()
	}
}

// die ends a server without goodbye: its connections and its way to the others are gone.
func (h *host) die() {
	h.service.bus.Close()
	for c := range h.service.members.All() {
		_ = c.CloseNow()
	}
}

// talk wants signals to go both ways.
func talk(t *testing.T, a, b *guest) {
	t.Helper()
	for _, pair := range [][2]*guest{{a, b}, {b, a}} {
		pair[0].say(fields{"type": "signal", "to": pair[1].id, "seq": 1, "data": fields{"candidate": nil}})
		pair[1].hear("signal", fields{"from": pair[0].id, "seq": 1, "data": fields{"candidate": nil}})
	}
}

// A room on two servers, of which one is lost without a word: its member comes back on
// the other, and is the same.
func TestServerDies(t *testing.T) {
	a, b := twoHosts(t, byCluster, byCluster)
	ann, bob := newGuest(t, wire.JSON), newGuest(t, wire.CBOR)
	ann.join(a, "room")
	b.wantMembers(t, 1)
	bob.join(b, "room")
	ann.hear("peer", fields{"id": bob.id, "state": "present"})
	talk(t, ann, bob)

	b.die()
	if _, err := bob.next(); err == nil {
		t.Error("the connection of the dead server goes on")
	}
	ann.hear("peer", fields{"id": bob.id, "state": "away"})
	w := bob.join(a, "room")
	if peers := w["peers"].([]any); len(peers) != 1 || peers[0].(fields)["id"] != ann.id {
		t.Errorf("welcome %v", w)
	}
	ann.hear("peer", fields{"id": bob.id, "session": bob.session, "state": "present"})
	talk(t, ann, bob)
}

// A server that is stopped says so: its members are away at once, and 1001 sends them on.
func TestServerStops(t *testing.T) {
	a, b := twoHosts(t, byCluster, byCluster)
	ann, bob := newGuest(t, wire.JSON), newGuest(t, wire.JSON)
	ann.join(a, "room")
	b.wantMembers(t, 1)
	bob.join(b, "room")
	ann.hear("peer", fields{"id": bob.id, "state": "present"})
	b.end()
	bob.wantClosed(1001, "")
	ann.hear("peer", fields{"id": bob.id, "state": "away"})
	bob.join(a, "room")
	ann.hear("peer", fields{"id": bob.id, "state": "present"})
	talk(t, ann, bob)
}

// Servers joined by a NATS server that is somebody else's; it goes and comes back.
func TestNATS(t *testing.T) {
	broker := startNATS(t, natsserver.RANDOM_PORT)
	url := broker.ClientURL()
	byNATS := func(o *options, _ *host) { o.nats, o.grace = url, time.Second }
	a, b := twoHosts(t, byNATS, byNATS)
	ann, bob, cid := newGuest(t, wire.JSON), newGuest(t, wire.CBOR), newGuest(t, wire.JSON)
	connection := ann.join(a, "room")["connection"].(string)
	b.wantMembers(t, 1)
	bob.join(b, "room")
	ann.hear("peer", fields{"id": bob.id, "state": "present"})
	talk(t, ann, bob)

	// Any server shows the trace, to whom it belongs.
	if got := traceStatusOf(t, b, connection, bob.key); got != http.StatusNotFound {
		t.Errorf("somebody else's trace on another server: %d", got)
	}
	elsewhere := newGuest(t, wire.JSON)
	itsConnection := elsewhere.join(a, "elsewhere")["connection"].(string)
	done := make(chan string, 1)
	go func() { done <- story(readTrace(t, b, itsConnection, elsewhere.key)) }()
	elsewhere.say(fields{"type": "leave"})
	elsewhere.wantClosed(1000, "")
	there, here := <-done, story(readTrace(t, a, itsConnection, elsewhere.key))
	if there != here || !strings.Contains(here, "out close 1000") {
		t.Errorf("the trace on another server is\n%s\nand where it happened\n%s", there, here)
	}

	addr := broker.Addr().String()
	stopNATS(broker)
	cid.join(a, "room") // before bob's server is missed
	ann.hear("peer", fields{"id": cid.id, "state": "present"})
	ann.hear("peer", fields{"id": bob.id, "state": "away"})
	ann.hear("peer", fields{"id": bob.id, "state": "left", "reason": "lost"})
	cid.hear("peer", fields{"id": bob.id, "state": "away"})
	cid.hear("peer", fields{"id": bob.id, "state": "left", "reason": "lost"})
	talk(t, ann, cid)
	bob.hear("peer", fields{"id": ann.id, "state": "away"})
	bob.hear("peer", fields{"id": ann.id, "state": "left", "reason": "lost"})

	_, port, _ := strings.Cut(addr, ":")
	startNATS(t, atoi(t, port))
	for _, g := range []*guest{ann, cid} {
		g.hear("peer", fields{"id": bob.id, "state": "present"})
		bob.hear("peer", fields{"state": "present"}) // the one or the other
	}
	talk(t, cid, bob)
}

// The program itself: what it prints first is where it is.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	printed, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-listen", "127.0.0.1:0", "-tls-self-signed", "-name", "test", "-ice-servers", `[{"urls":"stun:x"}]`, "-capacity", "3"}, out)
		_ = out.Close()
		ended <- err
	}()
	lines := bufio.NewScanner(printed)
	line := func() string {
		if !lines.Scan() {
			t.Fatalf("no more lines: %v", <-ended)
		}
		return lines.Text()
	}
	url, ok := strings.CutPrefix(line(), "signaling: open ")
	if !ok || !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatalf("it says it is at %q", url)
	}
	mark, ok := strings.CutPrefix(line(), "signaling: certificate, SHA-256 ")
	if !ok {
		t.Fatalf("it says of its certificate %q", mark)
	}
	rest := make(chan struct{})
	go func() {
		defer close(rest)
		for lines.Scan() {
		}
	}()

	var leaf *x509.Certificate
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // it is judged by its fingerprint
		VerifyConnection: func(s tls.ConnectionState) error {
			leaf = s.PeerCertificates[0]
			return nil
		},
	}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(url + "config.json")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != `{"iceServers":[{"urls":"stun:x"}],"capacity":3}`+"\n" {
		t.Errorf("config.json is %s, %v", body, err)
	}
	if got := fingerprint(&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}}}}); got != mark {
		t.Errorf("the certificate is %s, and said to be %s", got, mark)
	}
	if err := leaf.VerifyHostname("localhost"); err != nil {
		t.Error(err)
	}
	client.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	<-rest
}

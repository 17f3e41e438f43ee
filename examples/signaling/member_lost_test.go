package main

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// Who does not read is closed, and holds nobody up.
func TestSlowMember(t *testing.T) {
	h := newHost(t, func(o *options) { o.queue = 8 })
	slow, quick, other := newGuest(t, wire.JSON), newGuest(t, wire.JSON), newGuest(t, wire.JSON)
	slow.join(h, "a")
	quick.join(h, "a")
	other.join(h, "a")
	quick.hear("peer", fields{"id": other.id})
	slow.hear("peer", fields{"id": quick.id})
	slow.hear("peer", fields{"id": other.id})

	// What does not compress, until the server has had enough of it. Nobody else waits.
	var random [30 << 10]byte
	for n := 1; ; n++ {
		if n > 5000 {
			t.Fatal("the server has taken 200 MB for somebody who does not read")
		}
		_, _ = rand.Read(random[:]) // which never fails
		quick.say(fields{"type": "signal", "to": slow.id, "seq": n, "data": base64.StdEncoding.EncodeToString(random[:])})
		quick.say(fields{"type": "signal", "to": other.id, "ack": n})
		m := other.hear("")
		if m["type"] == "peer" && m["id"] == slow.id && m["state"] == "away" {
			break
		}
		if m["ack"] != float64(n) {
			t.Fatalf("heard %v", m)
		}
	}
	slow.wantClosed(websocket.StatusTryAgainLater, "you do not read: 8 messages wait for you")
	slow.join(h, "a")
}

// A peer whose network is gone, of which TCP tells nothing.
func TestKeepAlive(t *testing.T) {
	h := newHost(t, func(o *options) {
		o.keepAlive = websocket.KeepAlive{Interval: 20 * time.Millisecond, Timeout: time.Second}
		o.grace = 50 * time.Millisecond
	})
	ann, bob := newGuest(t, wire.JSON), newGuest(t, wire.JSON)
	bob.join(h, "a")
	heard := make(chan fields, 10)
	go func() {
		defer close(heard)
		for {
			m, err := bob.next()
			if err != nil {
				return
			}
			heard <- m
		}
	}()
	ann.join(h, "a") // and reads no more, so that no ping is answered
	for _, want := range []string{"present ", "away ", "left lost"} {
		m := <-heard
		reason, _ := m["reason"].(string)
		if state, _ := m["state"].(string); state+" "+reason != want || m["id"] != ann.id {
			t.Fatalf("heard %v; want %s", m, want)
		}
	}
	if err := bob.conn.CloseNow(); err != nil {
		t.Error(err)
	}
	for range heard { // until it ends
	}
}

// How a page's connection ends decides whether it is expected back.
func TestHowItEnds(t *testing.T) {
	h := newHost(t, func(o *options) { o.grace = time.Minute })
	bob := newGuest(t, wire.JSON)
	bob.join(h, "a")
	for _, test := range []struct {
		what string
		end  func(*guest)
		want fields
	}{
		{"1000", func(g *guest) { _ = g.conn.Close(1000, "") }, fields{"state": "left", "reason": "left"}},
		{"1001", func(g *guest) { _ = g.conn.Close(1001, "") }, fields{"state": "left", "reason": "left"}},
		{"no code", func(g *guest) { _ = g.conn.Close(websocket.StatusNoStatusRcvd, "") }, fields{"state": "away"}},
		{"cut", func(g *guest) { _ = g.conn.CloseNow() }, fields{"state": "away"}},
		{"what may not be said", func(g *guest) { g.say(fields{"type": "?"}) }, fields{"state": "away"}},
	} {
		ann := newGuest(t, wire.CBOR)
		ann.join(h, "a")
		bob.hear("peer", fields{"id": ann.id, "state": "present"})
		test.end(ann)
		bob.hear("peer", fields{"id": ann.id}, test.want)
		if test.want["state"] == "away" {
			back := newGuest(t, wire.JSON)
			back.key, back.id, back.attempt = ann.key, ann.id, ann.attempt
			back.join(h, "a")
			bob.hear("peer", fields{"id": ann.id, "state": "present"})
			back.say(fields{"type": "leave"})
			bob.hear("peer", fields{"id": ann.id, "state": "left"})
		}
	}
}

func TestGracefulEnd(t *testing.T) {
	h := newHost(t, nil)
	ann, bob, silent := newGuest(t, wire.JSON), newGuest(t, wire.CBOR), newGuest(t, wire.JSON)
	ann.join(h, "a")
	bob.join(h, "a")
	ann.hear("peer")
	silent.connect(h, "a") // has not joined, and does not answer yet
	healthz := func(want int) {
		t.Helper()
		resp, err := http.Get(h.url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != want {
			t.Errorf("healthz is %d, %v; want %d", resp.StatusCode, err, want)
		}
	}
	healthz(http.StatusOK)
	h.end()
	ann.wantClosed(websocket.StatusGoingAway, "")
	bob.wantClosed(websocket.StatusGoingAway, "")
	healthz(http.StatusServiceUnavailable) // the silent one is waited for
	if got := dialStatus(t, h, "/rooms/a/socket", "signaling.v1.json", ""); got != http.StatusServiceUnavailable {
		t.Errorf("who comes now is answered %d", got)
	}
	silent.wantClosed(websocket.StatusGoingAway, "")
	select {
	case err := <-h.ended:
		h.ended <- err
	case <-time.After(atMost):
		t.Error("it does not end")
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://")); err == nil {
		t.Error("the port is still open")
	}
}

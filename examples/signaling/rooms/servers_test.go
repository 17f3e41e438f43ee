package rooms

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// beforeLost is how long a server may be silent: that and a beat later it is lost.
const beforeLost = missedBeats*defaultBeat - time.Millisecond

func TestTwoServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, nil)
		ann, bob := newPage(t, 7), newPage(t, 8)
		ann.enter(n[0], "room", "ann")
		synctest.Wait()
		bob.enter(n[1], "room", "bob")
		bob.want("the other is elsewhere", "welcome ann:7:present")
		ann.want("the other is elsewhere", "welcome", "bob:8 present")
		wantCount(t, "one server", n[0], 1, 2)
		wantCount(t, "the other", n[1], 1, 2)

		bob.seat.Lose()
		ann.want("lost elsewhere", "bob:8 away")
		moved := bob.again()
		moved.enter(n[0], "room", "bob")
		ann.want("back here", "bob:8 present")
		moved.want("back here", "welcome ann:7:present")
		time.Sleep(2 * grace)
		ann.want("the server before does not count any more")
		wantCount(t, "where it was", n[1], 1, 2)

		// A connection that its server thinks alive.
		back := moved.again()
		back.enter(n[1], "room", "bob")
		moved.want("while it was present", "close 4009")
		ann.want("while it was present", "bob:8 present")
		moved.seat.Lose()
		ann.want("the connection before means nothing")
		back.seat.Leave()
		ann.want("leaves there", "bob:8 left left")
		wantCount(t, "one server", n[0], 1, 1)
		wantCount(t, "the other", n[1], 1, 1)
	})
}

// A server dies without goodbye: its members are away, and the same when they are back.
func TestServerLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, nil)
		ann, bob, cid := newPage(t, 7), newPage(t, 8), newPage(t, 9)
		ann.enter(n[0], "room", "ann")
		bob.enter(n[1], "room", "bob")
		cid.enter(n[1], "room", "cid")
		synctest.Wait()
		forget(ann)

		n[1].fail()
		time.Sleep(beforeLost)
		ann.want("nobody knows yet")
		back := bob.again()
		back.enter(n[0], "room", "bob")
		ann.want("one was faster than we", "bob:8 present")
		time.Sleep(2 * defaultBeat)
		ann.want("the server is lost", "cid:9 away")
		time.Sleep(grace)
		ann.want("grace is over", "cid:9 left lost")
		wantCount(t, "two are left", n[0], 1, 2)
	})
}

// A server ends and says so.
func TestServerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, nil)
		ann, bob := newPage(t, 7), newPage(t, 8)
		ann.enter(n[0], "room", "ann")
		bob.enter(n[1], "room", "bob")
		synctest.Wait()
		forget(ann, bob)
		n[1].Shutdown()
		ann.want("at once", "bob:8 away")
		bob.seat.Leave() // its page closes as well
		ann.want("that is not to leave")
		back := bob.again()
		back.enter(n[0], "room", "bob")
		ann.want("on the other server", "bob:8 present")
		time.Sleep(2 * grace)
		ann.want("for good")
	})
}

// Servers that cannot see each other go on, and agree when they can.
func TestApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, func(o *Options) { o.Capacity = 5 })
		ann, bob, cid, dan := newPage(t, 1), newPage(t, 2), newPage(t, 3), newPage(t, 4)
		for i, p := range []*page{ann, bob, cid, dan} {
			p.enter(n[min(i, 1)], "room", []string{"ann", "bob", "cid", "dan"}[i])
			synctest.Wait()
		}
		forget(ann, bob, cid)

		n[1].cut.Store(true)
		time.Sleep(beforeLost + 2*defaultBeat)
		bob.want("here", "ann:1 away")
		ann.wantAll("there", "bob:2 away", "cid:3 away", "dan:4 away")
		ann.seat.Signal(wire.Signal{To: bob.id, Ack: 1})
		bob.seat.Signal(wire.Signal{To: cid.id, Ack: 1})
		cid.want("on one server they talk on", "ann:1 away", "signal 0/1")
		// bob's page has given its connection up and gone to the other server.
		bob2 := bob.again()
		bob2.enter(n[0], "room", "bob")
		ann.want("one is back", "bob:2 present")
		dan.seat.Leave()
		cid.want("one leaves", "dan:4 left left")
		bob.want("one leaves", "dan:4 left left")
		forget(bob2)

		n[1].cut.Store(false)
		time.Sleep(2 * defaultBeat)
		synctest.Wait()
		if heard := bob.take(); !slices.Contains(heard, "close 4009") { // before or after it heard of ann
			t.Errorf("the higher attempt wins: heard %q", heard)
		}
		bob2.want("the higher attempt wins", "cid:3 present")
		cid.wantAll("together again", "bob:2 present", "ann:1 present")
		ann.want("together again", "cid:3 present")
		time.Sleep(grace)
		ann.want("of whom nobody has heard since", "dan:4 left lost")
		cid.want("all is said")
		wantCount(t, "one", n[0], 1, 3)
		wantCount(t, "the other", n[1], 1, 3)
	})
}

// A change that was lost is noticed by the next beat.
func TestMissedChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, nil)
		ann, bob, cid := newPage(t, 1), newPage(t, 2), newPage(t, 3)
		ann.enter(n[0], "room", "ann")
		synctest.Wait()
		n[1].cut.Store(true)
		bob.enter(n[1], "room", "bob")
		n[1].cut.Store(false)
		ann.want("lost", "welcome")
		time.Sleep(2 * defaultBeat)
		ann.want("learnt", "bob:2 present")

		n[1].cut.Store(true)
		bob.seat.Leave()
		n[1].cut.Store(false)
		cid.enter(n[1], "room", "cid") // the change after the one that was lost
		ann.want("learnt at once", "cid:3 present", "bob:2 away")
		time.Sleep(grace)
		ann.want("why, nobody can say", "bob:2 left lost")
	})
}

// Both servers let the member in while they could not see each other.
func TestBothClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, nil)
		n[1].cut.Store(true)
		here := newPage(t, 5)
		there := here.again()
		there.session = 6 // two tabs
		here.enter(n[0], "room", "here")
		there.enter(n[1], "room", "there")
		n[1].cut.Store(false)
		time.Sleep(2 * defaultBeat)
		here.want("of two sessions one stays, the same for both", "welcome", "close 4009")
		there.want("of two sessions one stays, the same for both", "welcome")
		wantCount(t, "one", n[0], 1, 1)
		wantCount(t, "the other", n[1], 1, 1)
	})
}

// A claim without a connection does not take the member from one with a connection.
func TestAwayClaimsLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, nil)
		n[1].cut.Store(true)
		p := newPage(t, 5)
		p.attempt = 9
		p.enter(n[1], "room", "p")
		p.seat.Lose()
		back, ann := p.again(), newPage(t, 1)
		back.attempt = 3 // it must have been restored from somewhere
		back.enter(n[0], "room", "p")
		ann.enter(n[0], "room", "ann")
		n[1].cut.Store(false)
		time.Sleep(2 * defaultBeat)
		back.want("stays", "welcome", "ann:1 present")
		time.Sleep(2 * grace)
		back.want("for good")
		wantCount(t, "one", n[0], 1, 2)
		wantCount(t, "the other", n[1], 1, 2)
	})
}

// A server that comes later learns of everybody, however many they are.
func TestLateServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const members = 2*rosterPart + 50
		var exchange bus.Exchange
		roomy := func(o *Options) { o.Rooms, o.Capacity = members/2, 4 }
		first := startNode(t, &exchange, "first", roomy)
		for i := range members {
			newPage(t, 1).enter(first, fmt.Sprint("room", i/2), "p")
		}
		second := startNode(t, &exchange, "second", roomy)
		wantCount(t, "the second", second, members/2, members)
		p := newPage(t, 1)
		p.enter(second, "room0", "third")
		wantCount(t, "the first", first, members/2, members+1)
		first.Shutdown()
		time.Sleep(grace)
		wantCount(t, "the second, later", second, 1, 1)
	})
}

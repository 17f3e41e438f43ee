package rooms

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 1, nil)[0]
		ann, bob := newPage(t, 7), newPage(t, 8)
		ann.enter(n, "room", "ann")
		ann.want("alone", "welcome")
		bob.enter(n, "room", "bob")
		bob.want("the second", "welcome ann:7:present")
		ann.want("the second", "bob:8 present")

		bob.seat.Lose()
		ann.want("a connection is lost", "bob:8 away")
		bob.want("who is away is told nothing")
		time.Sleep(grace - time.Millisecond)
		ann.want("within the time of grace")
		bob = bob.again()
		bob.enter(n, "room", "bob")
		ann.want("back in time", "bob:8 present")
		bob.want("back in time", "welcome ann:7:present")
		time.Sleep(2 * grace)
		ann.want("the grace of before counts no more")

		bob.seat.Lose()
		ann.want("again", "bob:8 away")
		cid := newPage(t, 9)
		cid.enter(n, "room", "cid")
		cid.wantWelcome("ann:7:present", "bob:8:away")
		ann.want("a third", "cid:9 present")
		time.Sleep(grace)
		ann.want("grace is over", "bob:8 left lost")
		cid.want("grace is over", "bob:8 left lost")

		cid.seat.Leave()
		ann.want("one leaves", "cid:9 left left")
		cid.seat.Lose()
		ann.want("what was left cannot be lost")
		wantCount(t, "one is left", n, 1, 1)
		ann.seat.Leave()
		wantCount(t, "nobody is left", n, 0, 0)
	})
}

// A later connection takes the place of one that may not know yet that it is dead.
func TestReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 1, nil)[0]
		ann, bob := newPage(t, 7), newPage(t, 8)
		ann.enter(n, "room", "ann")
		bob.enter(n, "room", "bob")
		bob.want("", "welcome ann:7:present")
		ann.want("", "welcome", "bob:8 present")

		second := ann.again()
		second.enter(n, "room", "ann")
		ann.want("replaced", "close 4009")
		second.want("by this", "welcome bob:8:present")
		bob.want("whose signals are to be sent again", "ann:7 present")
		ann.seat.Lose()
		ann.seat.Leave()
		ann.seat.Signal(wire.Signal{To: bob.id, Ack: 1})
		bob.want("the old connection means nothing")

		late := ann.again() // its attempt is that of second
		wantRefused(t, late.join(n, "room", "ann"), wire.StatusReplaced)
		second.want("nor does one that comes late")

		tab := ann.again()
		tab.session, tab.attempt = 3, 0
		tab.enter(n, "room", "ann in a new tab")
		second.want("another tab", "close 4009")
		bob.want("another tab", "ann in a new tab:3 present")
		wantCount(t, "still two", n, 1, 2)
	})
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 1, nil)[0] // 3 members, 2 rooms
		first := newPage(t, 1)
		first.enter(n, "a", "first")
		newPage(t, 2).enter(n, "a", "second")
		third := newPage(t, 3)
		third.enter(n, "a", "third")
		wantRefused(t, newPage(t, 4).join(n, "a", "fourth"), wire.StatusRoomFull)
		third.seat.Lose()
		wantRefused(t, newPage(t, 4).join(n, "a", "fourth"), wire.StatusRoomFull) // it is kept
		third.again().enter(n, "a", "third")
		first.seat.Leave()
		newPage(t, 4).enter(n, "a", "fourth")

		other := newPage(t, 5)
		other.enter(n, "b", "other")
		wantRefused(t, newPage(t, 6).join(n, "c", "too much"), wire.StatusTooManyRooms)
		other.seat.Leave()
		newPage(t, 6).enter(n, "c", "not any more")

		n.Shutdown()
		wantRefused(t, newPage(t, 7).join(n, "a", "too late"), 1001)
	})
}

func TestSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nodes(t, 2, nil)
		for _, place := range []struct {
			name     string
			ann, bob *node
		}{{"on one server", n[0], n[0]}, {"on two servers", n[0], n[1]}} {
			ann, bob := newPage(t, 7), newPage(t, 8)
			ann.enter(place.ann, "room", "ann")
			synctest.Wait()
			bob.enter(place.bob, "room", "bob")
			synctest.Wait()
			forget(ann, bob)

			data, err := wire.NewData(wire.CBOR, []byte{0xa1, 0x61, 'x', 0x20}) // {"x": -1}
			if err != nil {
				t.Fatal(err)
			}
			ann.seat.Signal(wire.Signal{To: bob.id, Session: 8, Seq: 1, Data: data})
			ann.seat.Signal(wire.Signal{To: bob.id, Seq: 2, Ack: 5, Data: data})
			bob.seat.Signal(wire.Signal{To: ann.id, Ack: 2})
			bob.want(place.name, `signal 1/0 {"x":-1}`, `signal 2/5 {"x":-1}`)
			ann.want(place.name, "signal 0/2")

			ann.seat.Signal(wire.Signal{To: bob.id, Session: 9, Seq: 3, Data: data})
			bob.want(place.name + ": for another session")
			bob.seat.Lose()
			ann.seat.Signal(wire.Signal{To: bob.id, Seq: 3, Data: data})
			ann.want(place.name+": nothing is said of one that is away", "bob:8 away")
			time.Sleep(grace)
			ann.want(place.name, "bob:8 left lost")
			ann.seat.Signal(wire.Signal{To: bob.id, Seq: 3, Data: data})
			ann.want(place.name+": nobody", "gone 3")
			ann.seat.Leave()
		}
		wantCount(t, "in the end", n[1], 0, 0)
	})
}

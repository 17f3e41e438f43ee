package autobahn

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// chapter2: a Ping is answered with a Pong with the same payload (RFC 6455 section 5.5.2), and
// an unsolicited Pong is not answered (5.5.3).
func chapter2() []*Case {
	const odd = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	full := strings.Repeat("\xfe", 125)
	var pings []naive.Frame
	var pongs []Event
	for i := range 10 {
		pings = append(pings, ping(fmt.Sprintf("payload-%d", i)))
		pongs = append(pongs, gotPong(fmt.Sprintf("payload-%d", i)))
	}
	answered := func(id, what, payload string) *Case {
		return scripted(id, "A Ping with "+what+".", "A Pong with the same. The suite closes.", script{
			steps: []step{send(ping(payload)), closeIn(time.Second)},
			ok:    []Event{gotPong(payload)},
			ends:  weClose,
		})
	}
	unanswered := func(id, what, payload string) *Case {
		return scripted(id, "A Pong that nobody asked for, with "+what+", and then a Close frame.", "Nothing but the Close frame.", script{
			steps: []step{send(pong(payload)), sendClose(1000, ""), closeIn(time.Second)},
			ends:  weClose,
		})
	}
	return []*Case{
		answered("2.1", "no payload", ""),
		answered("2.2", "text", "Hello, world!"),
		answered("2.3", "bytes that are not UTF-8", odd),
		answered("2.4", "125 bytes, the most there may be", full),
		scripted("2.5", "A Ping with 126 bytes.", "The connection fails with 1002: a control frame has at most 125.", script{
			steps: []step{send(ping(full + "\xfe")), killIn(time.Second)},
			ends:  theyFail,
		}),
		scripted("2.6", "A Ping with 125 bytes, written byte by byte.", "A Pong with the same. The suite closes.", script{
			steps: []step{sendChopped(1, ping(full)), closeIn(2 * time.Second)},
			ok:    []Event{gotPong(full)},
			ends:  weClose,
		}),
		unanswered("2.7", "no payload", ""),
		unanswered("2.8", "payload", "unsolicited pong payload"),
		scripted("2.9", "A Pong that nobody asked for, and then a Ping.", "Nothing for the Pong, a Pong for the Ping. The suite closes.", script{
			steps: []step{send(pong("unsolicited pong payload"), ping("ping payload")), closeIn(time.Second)},
			ok:    []Event{gotPong("ping payload")},
			ends:  weClose,
		}),
		scripted("2.10", "10 Pings at once.", "10 Pongs, in order. The suite closes.", script{
			steps: []step{send(pings...), closeIn(3 * time.Second)}, ok: pongs, ends: weClose,
		}),
		scripted("2.11", "10 Pings, written byte by byte.", "10 Pongs, in order. The suite closes.", script{
			steps: []step{sendChopped(1, pings...), closeIn(3 * time.Second)}, ok: pongs, ends: weClose,
		}),
	}
}

// Package eventloop runs what is due on sockets, tens of thousands of them on one
// goroutine. It knows nothing of what the sockets carry.
//
//	kernel ── events ──▶ poller ──▶ leader ── Ready, Turn ──▶ Source
//	                                  ▲  │ more
//	                                  │  ▼
//	                               run queue
//
// A [Loop] is an epoll set and the goroutine that leads it. A [Source] is what happens on
// one socket, a [Member] its place in the loop. The leader calls [Source.Ready] and then
// [Source.Turn], and a turn may do as it likes: also wait. The loop keeps deadlines, too,
// in a wheel of seconds: see [Loop.After].
//
//	source.go    what the loop drives
//	loop.go      New, Add, Close
//	leader.go    the goroutines that run turns
//	guard.go     who leads, in one word
//	caution.go   whether the leader leaves turns to other goroutines
//	watchman.go  notices that the leader does not come back
//	member.go    the run state of a Source; Kick, Remove
//	loopless.go  a Member without a loop, which is told of events by Post
//	abandon.go   a turn that does not return
//	handover.go  from other goroutines to the run queue
//	queue.go     turns that are due without an event
//	table.go     from a descriptor to its Member
//	poller_*.go  epoll, inside Go's own poller
//	wheel.go     when entries are due, without a clock
//	timers.go    a wheel with a clock
//
// On systems other than Linux New fails with [errors.ErrUnsupported].
//
// # The leader and the watchman
//
// Exactly one goroutine leads. It alone looks for events, and owns those that it found and
// the run queue. It parks in Go's poller, as a goroutine that reads from a socket does, and
// so holds no thread. The guard's word is odd while a turn of the leader runs.
//
//	        enter                     leave
//	even ────────────▶ odd: in a turn ────────▶ next even number: it still leads
//	                        │
//	                        │ depose
//	                        ▼
//	                  next even number: a new leader goes on with the events and the queue.
//	                  The old one finds its leave refused. It hands its member over to the
//	                  run queue if more is due, and ends.
//
// It is the watchman who deposes, or the turn itself, by PassOn, because it is about to
// wait. Whoever brings the word to the next number leads, and so there are never two. If a
// turn panics or calls Goexit, a deferred function leaves in its place and starts a new
// leader.
//
// The watchman is a goroutine that exists only under traffic. It deposes a leader whom it
// finds in the same turn as a tick before. Its bit is in the same word: it can go only if
// no turn has begun since it looked, and the leader who begins one without a watchman
// starts one.
//
//	         first turn          no turn for 25 ticks
//	none ──────────────▶ watching ──────────────▶ none
//
// A tick takes 20 ms if the leader sleeps now and then. It takes 2 ms if the leader is
// inside a turn or does not sleep, and less while one turn after another waits. Each Go
// timer that is due within 4 ms makes every sleep of the process dearer, by some 6 µs.
// Therefore there are no short ticks beside a loop that sleeps.
//
// Where turns wait, each would cost the others those ticks. So after a turn that has waited
// the leader starts a goroutine for each of the next 64 turns, and for 64 more if one of those
// waits.
//
// Close sets a bit in the word, after which nobody's turn begins.
//
// # The run state of a Member
//
// It is one atomic word, and no event gets lost between those who note events and those who
// run turns.
//
//	          events, Kick                  Turn
//	idle ──────────────────────▶ running ──────────▶ nothing came meanwhile: idle
//	                              │    ▲  │
//	                 events, Kick │    │  └────────▶ more, or something came meanwhile:
//	                              ▼    │             a place at the end of the run queue,
//	                     running, with bits          still running
//
//	any ── Remove ──▶ the same, but no events any more: only Kick and turns ask for turns
//
// Whoever takes it from idle to running has the turns run. Everybody else leaves bits. For
// an event that is the leader. Kick, and a leader who was deposed, hand the member over:
// the leader takes it into the run queue after its batch. There is no way to wake a leader
// who sleeps. Beside such a one the member runs on a goroutine of its own, turn after turn
// until nothing is due or the leader is awake.
//
// A generation, different for each Add, is in the same word, and comes back from the kernel
// with each event. An event that was found before Remove and is served after the descriptor
// has got a new owner is of the wrong generation, and is dropped.
//
// # Fairness
//
// The leader serves up to 256 events, then up to 256 members of the run queue, and then
// looks for events again. So a member that always has more to do waits for all others, and
// they for one turn of it. How much a turn does is up to the Source.
package eventloop

package eventloop

// Events says what has become of a descriptor, and why a turn begins.
type Events uint32

const (
	Readable Events = 1 << iota // bytes have come, or the end of the stream
	Writable                    // there is room for bytes again
	Ended                       // the peer has ended its half, or the stream has failed
	Kicked                      // [Member.Kick] was called

	// Alone is told to a Turn that the leader does not run: nobody waits for it, and Passed
	// will not be called.
	Alone Events = 1 << 7
)

// Source is what the loop drives: a connection, as far as the loop knows of it.
type Source interface {
	// Ready is called first of all when events come, also while a turn runs, but never
	// twice at a time. It wakes whoever waits inside the transport. It must neither wait
	// nor panic. One call may still be under way when Remove returns.
	//
	// It returns what of ev the next turn is told. If that is nothing, no turn begins.
	Ready(ev Events) (due Events)

	// Turn does what is due. ev has what came since the turn before, and is 0 if only
	// that turn asked for this one. Two turns of one Source never overlap, and the later
	// one sees all that the earlier one did.
	//
	// more asks for another turn soon, after those of others. Without it the next turn
	// begins when there are events: the loop reports a change once, so a turn that leaves
	// bytes unread must return more, or know who calls Kick.
	//
	// A turn may wait: after some milliseconds another goroutine serves the others.
	Turn(ev Events) (more bool)

	// Passed is called when a turn takes so long that another goroutine has gone on with the
	// others. It must neither wait nor panic. The turn may end at the same time.
	Passed()

	// Abandon is called when a turn panicked with p, or called [runtime.Goexit]: then p is
	// nil. stack is that of the turn. The Source is to end itself. Until it is removed, turns
	// go on with the next event; Abandon calls Kick if it needs one at once. Abandon is
	// called on the goroutine of that turn, does not overlap with others, and may wait.
	//
	// Should Abandon panic, that is logged, and the Source is removed.
	Abandon(p any, stack []byte)
}

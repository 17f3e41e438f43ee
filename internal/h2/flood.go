package h2

import "time"

// A peer can make us work with frames that cost it nothing. Each of them is charged to one
// account, which recovers with time. What an honest peer does with a stream costs nothing.
//
//	charged                                  because of
//	PING, an ack that we do not wait for     an answer
//	SETTINGS                                 an answer, and a look at each stream
//	a stream reset before we have answered   Rapid Reset (CVE-2023-44487)
//	a stream that we must reset or refuse    MadeYouReset (CVE-2025-8671); not if it is refused
//	                                         only because functions that serve others are slow
//	a response of 1xx                        an event for nothing
//	DATA without data and without END_STREAM an event for nothing
//	WINDOW_UPDATE                            a look at the queue, unless it was earned
//	PRIORITY, unknown types                  our time
//	late frames                              our time, unless they were to be expected
//
// Two late frames are to be expected of each stream that was not ended by the peer's reset: the
// head of a response that we do not wait for any more, and the RST_STREAM with which Go's server
// ends each stream. If the peer's reset has ended it, Go's server answers each of our DATA frames that
// was on its way by RST_STREAM: they cost what those frames have earned.
//
// Two updates are earned by each DATA frame that we send, one for the stream and one for the
// connection: an honest peer may answer every frame so. A large frame earns more, because a peer
// may give the windows back as its application reads: Go's own does for every 4 KiB. A frame that
// the peer's window has cut down to a few bytes earns none.
const (
	// floodBurst and floodRate are what a peer may do at once and for each second after that.
	// nghttp2 counts its "glitches" by 1000 and 33.
	floodBurst = 1000
	floodRate  = 100
	// settingsCost is what SETTINGS count.
	settingsCost = 10
	// earnedPerUpdate is how many bytes of a large frame earn one more update: a peer may read by
	// half a KiB.
	earnedPerUpdate = 256
	// maxEarned is how many updates a peer may have saved up: those for all that large windows hold
	// unread.
	maxEarned = 1 << 20
	// lateFrames is how many late frames a stream may have, and maxLate how many streams may be
	// over for which they have not come.
	lateFrames = 2
	maxLate    = 1 << 14
	// tinyPiece is how many bytes of DATA a window should be good for.
	tinyPiece = 64

	pointCost = time.Second / floodRate

	// maxReplies is how many frames that the peer has provoked may wait to be written, when it
	// does not read.
	maxReplies = 256
)

// flood is the account.
type flood struct {
	level  time.Duration // what is charged and has not recovered
	full   time.Duration // as much as there may be
	last   time.Time     // when level was true
	now    time.Time     // of the bytes that are being received
	earned int           // updates that cost nothing
	late   int           // late frames that cost nothing
}

func (f *flood) init(now time.Time, streams uint32) {
	f.last, f.now = now, now
	// All streams may be reset at once, when a proxy's clients go away.
	f.full = (floodBurst + 2*time.Duration(streams)) * pointCost
}

// charge takes n points from the peer's account.
func (f *flood) charge(n int, what string) *ConnError {
	f.level = max(0, f.level-max(0, f.now.Sub(f.last))) + time.Duration(n)*pointCost
	f.last = f.now
	if f.level > f.full {
		return connError(EnhanceYourCalm, "10.5", "too many frames that do nothing; the last is %s", what)
	}
	return nil
}

// earn notes that a DATA frame with n bytes was sent.
func (f *flood) earn(n int) { f.earned = min(f.earned+2+n/earnedPerUpdate, maxEarned) }

// expect notes that a stream is over of which frames may still be on their way.
func (f *flood) expect() { f.late = min(f.late+lateFrames, lateFrames*maxLate) }

// tooLate is charge for a late frame.
func (f *flood) tooLate() *ConnError {
	switch {
	case f.late > 0:
		f.late--
		return nil
	case f.earned > 0:
		f.earned--
		return nil
	}
	return f.charge(1, "a frame that comes too late")
}

// update is charge for a WINDOW_UPDATE.
func (f *flood) update() *ConnError {
	if f.earned > 0 {
		f.earned--
		return nil
	}
	return f.charge(1, "WINDOW_UPDATE")
}

// replies are the frames that a peer has provoked and that are not on the wire: the offset at
// which each begins.
type replies []uint64

// add takes one more, at the offsets of an outbox.
func (r *replies) add(sent, encoded uint64) *ConnError {
	gone := 0
	for gone < len(*r) && (*r)[gone] < sent {
		gone++
	}
	*r = append(append((*r)[:0], (*r)[gone:]...), encoded)
	if len(*r) > maxReplies {
		return connError(EnhanceYourCalm, "10.5", "more than %d frames wait for a peer that does not read", maxReplies)
	}
	return nil
}

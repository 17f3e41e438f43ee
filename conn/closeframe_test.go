package conn

import "testing"

// wantCloseFrames is where our Close frame stands after an effect, written a second time.
var wantCloseFrames = map[closeFrame]map[effect]closeFrame{
	unsent:  {keeps: unsent, places: placed, loses: unsent},
	placed:  {keeps: placed, flushes: flushed, loses: lost},
	flushed: {keeps: flushed, loses: flushed},
	lost:    {keeps: lost, loses: lost},
}

// "The application MUST NOT send any more data frames after sending a Close frame."
// There is one, which is placed once, and written or lost once.
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestCloseFrames(t *testing.T) {
	for stands := range closeFrame(numCloseFrames) {
		for e := range effect(numEffects) {
			want, possible := wantCloseFrames[stands][e]
			if !possible {
				want = impossible
			}
			if got := closeFrames[stands][e]; got != want {
				t.Errorf("%d × %s: %d, want %d", stands, effectNames[e], got, want)
			}
		}
	}
}

// In every state that events lead to, our Close frame stands where the state says: it is
// there after it has been sent, and nowhere before.
func TestCloseFrameFollowsState(t *testing.T) {
	type stand struct {
		state State
		close closeFrame
	}
	want := map[stand]bool{
		{Open, unsent}: true, {ClosedByPeer, unsent}: true,
		{ClosedByUs, placed}: true, {ClosedByUs, flushed}: true,
		{Acknowledged, placed}: true, {Acknowledged, flushed}: true,
		{Failed, unsent}: true, {Failed, placed}: true, {Failed, flushed}: true,
		{Cut, unsent}: true, {Cut, lost}: true, {Cut, flushed}: true,
		{Terminated, unsent}: true, {Terminated, placed}: true, {Terminated, flushed}: true, {Terminated, lost}: true,
	}
	found := map[stand]bool{{}: true}
	for queue := []Lifecycle{{}}; len(queue) > 0; queue = queue[1:] {
		for e := range Event(numEvents) {
			l := queue[0]
			if _, ok := l.Handle(e, CloseBody{Code: 1000}, noon); !ok {
				continue
			}
			at := stand{l.state, l.close}
			if sent := l.ending.Sent.Code != 0; sent != (at.close == placed || at.close == flushed) {
				t.Errorf("%v: our Close frame stands at %d, the record has it as sent: %v", l.state, l.close, sent)
			}
			if !want[at] {
				t.Errorf("%v × %v leads to %v, with our Close frame at %d", queue[0].state, e, at.state, at.close)
			}
			if !found[at] {
				found[at] = true
				queue = append(queue, l)
			}
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d of %d", len(found), len(want))
	}
}

package autobahn

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// newResult returns a result before the case is played.
func newResult(c *Case, judged Role) *Result {
	return &Result{
		ID:            c.ID,
		Case:          c.Index,
		Description:   c.Description,
		Expectation:   c.Expectation,
		Sentence:      c.Sentence,
		IsServer:      judged == Client,
		Behavior:      Failed,
		BehaviorClose: Failed,
		CreateStats:   true,
		CreateWirelog: true,
		Expected:      map[Verdict][]Event{},
		ExpectedClose: ExpectedClose{Codes: []int{}},
		Received:      []Event{},
		RxFrameStats:  map[int]int{}, RxOctetStats: map[int]int{},
		TxFrameStats: map[int]int{}, TxOctetStats: map[int]int{},
		Wirelog: []Entry{}, Times: []int64{},
	}
}

// judge gives the verdicts on a connection that was open, once TCP is gone.
func judge(r *Result, p play) {
	p.judge(r)
	judgeClose(r)
	if last, ok := p.(interface{ afterClose(r *Result) }); ok {
		last.afterClose(r)
	}
	for _, note := range r.notes {
		r.Result = strings.TrimSpace(r.Result + " " + note)
	}
}

// judgeClose judges how the connection ended, by the original's rules in their order.
func judgeClose(r *Result) {
	switch want := r.ExpectedClose; {
	case want.ByMe != r.ClosedByMe, r.silent && !want.ByMe:
		r.BehaviorClose, r.ResultClose = Failed, "The connection was failed by the wrong endpoint"
	case want.RequireClean && !r.WasClean:
		r.BehaviorClose, r.ResultClose = Unclean, "The spec requires the connection to be failed cleanly here"
	case r.RemoteCloseCode != nil && !slices.Contains(want.Codes, *r.RemoteCloseCode):
		r.BehaviorClose = WrongCode
		r.ResultClose = fmt.Sprintf("The close code should have been %s or empty", list(want.Codes))
	case !r.IsServer && r.DroppedByMe:
		r.BehaviorClose, r.ResultClose = FailedByClient, "It is preferred that the server close the TCP connection"
	default:
		r.BehaviorClose, r.ResultClose = OK, "Connection was properly closed"
	}
}

// neverOpen gives the verdicts on a connection whose opening handshake failed.
func neverOpen(r *Result, err error) {
	r.Result = "Actual events differ from any expected."
	r.BehaviorClose, r.ResultClose = Failed, "The WebSocket opening handshake was never completed!"
	if err != nil {
		r.Result += " The opening handshake failed: " + err.Error() + "."
		reason := err.Error()
		r.WhyNotClean = &reason
	}
}

func list(codes []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(codes)), ","), "[]")
}

func sameEvents(a, b []Event) bool {
	return slices.EqualFunc(a, b, func(a, b Event) bool {
		return a.Kind == b.Kind && a.Binary == b.Binary && bytes.Equal(a.Payload, b.Payload)
	})
}

// inOrder sorts results by case.
func inOrder(results []*Result) []*Result {
	slices.SortFunc(results, func(a, b *Result) int { return compareIDs(a.ID, b.ID) })
	return results
}

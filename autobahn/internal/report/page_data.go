package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

func (d *pageData) add(p *pageMatrix) {
	out := partData{ID: p.ID, Name: p.Name}
	for _, c := range p.Columns {
		a := agentData{Key: c.Key, Name: c.Name, URL: c.URL, Results: []resultData{}}
		for _, id := range p.ids() {
			if r := c.byID[id]; r != nil {
				a.Results = append(a.Results, d.result(r))
			}
		}
		out.Agents = append(out.Agents, a)
	}
	d.Parts = append(d.Parts, out)
}

func (d *pageData) result(r *verdict.Result) resultData {
	return resultData{
		ID:          r.ID,
		Behavior:    d.text(string(r.Behavior)),
		Close:       d.text(string(r.BehaviorClose)),
		Description: d.text(r.Description),
		Expectation: d.text(r.Expectation),
		Sentence:    d.text(r.Sentence),
		Result:      d.text(r.Result),
		ResultClose: d.text(r.ResultClose),
		Started:     r.Started.UnixMilli(),
		Duration:    r.Duration,
		Flags:       resultFlags(r),
		Codes:       r.ExpectedClose.Codes,
		Local:       r.LocalCloseCode,
		LocalWhy:    d.optional(r.LocalCloseReason),
		Remote:      r.RemoteCloseCode,
		RemoteWhy:   d.optional(r.RemoteCloseReason),
		WhyNot:      d.optional(r.WhyNotClean),
		Request:     d.text(r.HTTPRequest),
		Response:    d.text(r.HTTPResponse),
		Compared:    d.compared(r),
		RxFrames:    r.RxFrameStats,
		TxFrames:    r.TxFrameStats,
		RxOctets:    mostOf(r.RxOctetStats),
		TxOctets:    mostOf(r.TxOctetStats),
		Traffic:     trafficData(r.TrafficStats),
		Log:         d.log(r),
	}
}

// resultFlags packs the booleans; data.js has the same order.
func resultFlags(r *verdict.Result) (flags int) {
	for i, set := range []bool{
		r.ClosedByMe, r.DroppedByMe, r.FailedByMe, r.WasClean,
		r.CloseTimeout, r.OpenTimeout, r.DropTimeout,
		r.ExpectedClose.ByMe, r.ExpectedClose.RequireClean, r.ReportCompressionRatio,
	} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

func trafficData(t *verdict.Traffic) []int64 {
	if t == nil {
		return nil
	}
	return []int64{
		t.RxApp, t.RxWS, t.RxWire, t.RxMsgs, t.RxFrames,
		t.TxApp, t.TxWS, t.TxWire, t.TxMsgs, t.TxFrames,
	}
}

// sizesShown is how many sizes of reads or writes are listed.
const sizesShown = 60

// mostOf returns the most frequent sizes in stats; -1 is the number of others.
func mostOf(stats map[int]int) map[int]int {
	if len(stats) <= sizesShown {
		return stats
	}
	sizes := slices.SortedFunc(maps.Keys(stats), func(a, b int) int {
		return cmp.Or(cmp.Compare(stats[b], stats[a]), cmp.Compare(a, b))
	})
	most := map[int]int{-1: len(sizes) - sizesShown}
	for _, size := range sizes[:sizesShown] {
		most[size] = stats[size]
	}
	return most
}

// logKinds are numbered in the data; data.js has the same order.
var logKinds = []string{
	verdict.LogRxOctets, verdict.LogTxOctets, verdict.LogRxFrame, verdict.LogTxFrame,
	verdict.LogSwitch, verdict.LogWait, verdict.LogWaited, verdict.LogKillAfter, verdict.LogKill, verdict.LogCloseAfter, verdict.LogCloseNow,
}

// log is the wire log. An entry is kind and time, then for bytes and frames
// length, blob, flags, opcode, masking key, chop; for others delay in
// microseconds, tag, on.
func (d *pageData) log(r *verdict.Result) [][]int64 {
	out := make([][]int64, 0, len(r.Wirelog))
	for i, e := range r.Wirelog {
		at := int64(-1)
		if i < len(r.Times) {
			at = r.Times[i]
		}
		line := []int64{int64(slices.Index(logKinds, e.Kind)), at}
		switch e.Kind {
		case verdict.LogRxOctets, verdict.LogTxOctets:
			line = append(line, int64(e.Length), int64(d.blob(e.Data)), entryFlags(e))
		case verdict.LogRxFrame, verdict.LogTxFrame:
			line = append(line, int64(e.Length), int64(d.blob(e.Data)), entryFlags(e), int64(e.Opcode),
				keyNumber(e.Key), int64(e.Chop))
		default:
			line = append(line, int64(e.Delay*1e6), int64(d.text(e.Tag)), entryFlags(e))
		}
		out = append(out, line)
	}
	return out
}

// keyNumber returns a masking key as a number in network byte order.
func keyNumber(key [4]byte) (n int64) {
	for _, b := range key {
		n = n<<8 | int64(b)
	}
	return n
}

// entryFlags packs parts of an entry; data.js has the same bits.
func entryFlags(e verdict.Entry) int64 {
	flags := int64(e.RSV&7) << 4
	for i, set := range []bool{e.FIN, e.Masked, e.Sync, e.On} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

package verdict

import (
	"slices"
	"time"
)

// A Result is everything known about one case played with one peer. Its JSON is that of the
// original. Times and Sentence are additions, ignored by readers of the original's files.
type Result struct {
	Agent                  string              `json:"agent"`
	Behavior               Verdict             `json:"behavior"`
	BehaviorClose          Verdict             `json:"behaviorClose"`
	Case                   int                 `json:"case"` // its number: in a fuzzing server the first is 1, otherwise that of the catalog
	ClosedByMe             bool                `json:"closedByMe"`
	CreateStats            bool                `json:"createStats"`
	CreateWirelog          bool                `json:"createWirelog"`
	Description            string              `json:"description"`
	DroppedByMe            bool                `json:"droppedByMe"`
	Duration               int64               `json:"duration"` // milliseconds
	Expectation            string              `json:"expectation"`
	Expected               map[Verdict][]Event `json:"expected"`
	ExpectedClose          ExpectedClose       `json:"expectedClose"`
	FailedByMe             bool                `json:"failedByMe"`
	HTTPRequest            string              `json:"httpRequest"`
	HTTPResponse           string              `json:"httpResponse"`
	ID                     string              `json:"id"`
	IsServer               bool                `json:"isServer"` // the suite is the server
	LocalCloseCode         *int                `json:"localCloseCode"`
	LocalCloseReason       *string             `json:"localCloseReason"`
	Received               []Event             `json:"received"`
	RemoteCloseCode        *int                `json:"remoteCloseCode"`
	RemoteCloseReason      *string             `json:"remoteCloseReason"`
	ReportCompressionRatio bool                `json:"reportCompressionRatio"`
	ReportTime             bool                `json:"reportTime"`
	Result                 string              `json:"result"`
	ResultClose            string              `json:"resultClose"`
	RxFrameStats           map[int]int         `json:"rxFrameStats"` // opcode: frames
	RxOctetStats           map[int]int         `json:"rxOctetStats"` // bytes of one read: number of reads
	Started                time.Time           `json:"started"`
	TrafficStats           *Traffic            `json:"trafficStats"`
	TxFrameStats           map[int]int         `json:"txFrameStats"`
	TxOctetStats           map[int]int         `json:"txOctetStats"`
	WasClean               bool                `json:"wasClean"`
	CloseTimeout           bool                `json:"wasCloseHandshakeTimeout"`
	WhyNotClean            *string             `json:"wasNotCleanReason"`
	OpenTimeout            bool                `json:"wasOpenHandshakeTimeout"`
	DropTimeout            bool                `json:"wasServerConnectionDropTimeout"`
	Wirelog                []Entry             `json:"wirelog"`
	// Times are microseconds since the start of the TCP connection, one for each Entry.
	Times []int64 `json:"wirelogTimes"`
	// Sentence is the requirement in the words of the RFC, with its section. Only in chapter
	// 20.
	Sentence string `json:"sentence,omitempty"`
	// BesideOthers is the worst verdict on an earlier, failed play of the case while other
	// cases ran. This result is from a play alone, and counts.
	BesideOthers Verdict `json:"besideOthers,omitempty"`

	notes     []string // sentences added to Result
	unwritten int      // notes beyond maxNotes
	crowded   bool     // other cases ran at the same time
	silent    bool     // the suite gave up because the peer was silent for too long
}

// Worst returns the worse of the two verdicts.
func (r *Result) Worst() Verdict {
	i, j := slices.Index(byHarm, r.Behavior), slices.Index(byHarm, r.BehaviorClose)
	return byHarm[max(0, min(i, j))]
}

// New returns a result of which nothing is known: FAILED, until it is judged.
func New() *Result {
	return &Result{
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

package autobahn

import (
	"encoding/json"
	"slices"
	"time"
)

// A Verdict says how a peer did in a case, in the words of Autobahn|Testsuite.
type Verdict string

const (
	OK            Verdict = "OK"            // as the RFC requires
	NonStrict     Verdict = "NON-STRICT"    // allowed, but against a SHOULD or good practice
	Informational Verdict = "INFORMATIONAL" // the RFC leaves it open; the result says what happened
	Unimplemented Verdict = "UNIMPLEMENTED" // the peer did not agree to the case's extension
	Failed        Verdict = "FAILED"        // forbidden by the RFC

	// Only for the end of the connection (Result.BehaviorClose).
	WrongCode      Verdict = "WRONG CODE"       // the peer's Close frame has an unexpected code
	Unclean        Verdict = "UNCLEAN"          // no closing handshake, or TCP was not closed after it
	FailedByClient Verdict = "FAILED BY CLIENT" // the server left the end of the TCP connection to the client
)

// Passed reports whether v needs no attention.
func (v Verdict) Passed() bool { return v == OK || v == Informational }

// An Event is something that a case waits for: a message, a ping, a pong, or that nothing
// happens until a timer expires.
type Event struct {
	Kind    string // message, ping, pong or timeout
	Payload []byte // for a timeout, its tag
	Binary  bool   // of a message
}

// MarshalJSON writes the event as the original does: a tuple, with long payloads clipped.
func (e Event) MarshalJSON() ([]byte, error) {
	switch e.Kind {
	case "message":
		return json.Marshal([]any{e.Kind, printable(e.Payload), e.Binary})
	case "timeout":
		return json.Marshal([]any{e.Kind, string(e.Payload)})
	}
	return json.Marshal([]any{e.Kind, printable(e.Payload)})
}

// ExpectedClose says how the connection must end.
type ExpectedClose struct {
	Codes        []int `json:"closeCode"`    // allowed in the peer's Close frame; a frame without a code is always allowed
	ByMe         bool  `json:"closedByMe"`   // the suite sends the first Close frame
	RequireClean bool  `json:"requireClean"` // closing handshake and end of TCP, both in order
}

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

	notes   []string // sentences added to Result
	crowded bool     // other cases ran at the same time
	silent  bool     // the suite gave up because the peer was silent for too long
}

// Worst returns the worse of the two verdicts.
func (r *Result) Worst() Verdict {
	i, j := slices.Index(byHarm, r.Behavior), slices.Index(byHarm, r.BehaviorClose)
	return byHarm[max(0, min(i, j))]
}

// Verdicts returns all verdicts, worst first.
func Verdicts() []Verdict { return slices.Clone(byHarm) }

var byHarm = []Verdict{Failed, WrongCode, Unclean, FailedByClient, NonStrict, Unimplemented, Informational, OK}

// Traffic counts the bytes of the data messages of a case with compression.
type Traffic struct {
	RxApp      int64   `json:"incomingOctetsAppLevel"`       // inflated
	RxWS       int64   `json:"incomingOctetsWebSocketLevel"` // compressed
	RxWire     int64   `json:"incomingOctetsWireLevel"`      // and with frame headers
	RxFrames   int64   `json:"incomingWebSocketFrames"`
	RxMsgs     int64   `json:"incomingWebSocketMessages"`
	RxRatio    float64 `json:"incomingCompressionRatio"`  // compressed / inflated
	RxOverhead float64 `json:"incomingWebSocketOverhead"` // headers / compressed
	TxApp      int64   `json:"outgoingOctetsAppLevel"`
	TxWS       int64   `json:"outgoingOctetsWebSocketLevel"`
	TxWire     int64   `json:"outgoingOctetsWireLevel"`
	TxFrames   int64   `json:"outgoingWebSocketFrames"`
	TxMsgs     int64   `json:"outgoingWebSocketMessages"`
	TxRatio    float64 `json:"outgoingCompressionRatio"`
	TxOverhead float64 `json:"outgoingWebSocketOverhead"`
}

// summary returns a copy with the ratios filled in.
func (t Traffic) summary() *Traffic {
	ratio := func(part, of int64) float64 { return float64(part) / float64(max(of, 1)) }
	t.RxRatio, t.RxOverhead = ratio(t.RxWS, t.RxApp), ratio(t.RxWire-t.RxWS, t.RxWS)
	t.TxRatio, t.TxOverhead = ratio(t.TxWS, t.TxApp), ratio(t.TxWire-t.TxWS, t.TxWS)
	return &t
}
